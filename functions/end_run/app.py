"""End run: what the run did, and whether it ends as failed."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect
from dayfold.runs import end_run


class EndRunEvent(BaseModel):
    """The run, and what cut it off, if anything did."""

    run_id: str = Field(min_length=1)
    error: dict[str, Any] | None = None


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """End one run."""
    asked = read_event(EndRunEvent, event)
    return end_run(connect(), **dict(asked))
