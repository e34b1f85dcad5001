"""Roll back: points days of a table, or all of a backfill, at the builds before."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect
from dayfold.rolling_back import Request, roll_back

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class RollBackEvent(BaseModel):
    """What is to be rolled back, and who asks; `run_id` tells repeated calls of one from others."""

    run_id: str = Field(pattern=r"^rollback-[A-Za-z0-9_-]{1,60}$")
    by: str | None = Field(default=None, max_length=100)
    dry_run: bool = False
    table: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    build_id: str | None = None
    backfill: str | None = None


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Roll back."""
    asked = read_event(RollBackEvent, event)
    request = Request(asked.table, asked.first, asked.last, asked.build_id, asked.backfill)
    return roll_back(
        connect(),
        request=request,
        run_id=asked.run_id,
        by=asked.by,
        dry_run=asked.dry_run,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
