"""Start backfill: plans a range of days and sends its first wave."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from dayfold.backfill_plans import start_backfill
from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect


class StartBackfillEvent(BaseModel):
    """What to bring up to date; the fields are read by `dayfold.domain.backfill`."""

    first: str
    last: str


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Start one backfill."""
    read_event(StartBackfillEvent, event)
    return start_backfill(connect(), event=event)
