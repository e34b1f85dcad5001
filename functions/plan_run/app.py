"""Plan run: works out what to build and writes the plan."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect
from dayfold.planner import plan_run


class PlanRunEvent(BaseModel):
    """The run, and what started it: a crawler event or `{"request": {...}}`."""

    run_id: str = Field(min_length=1)
    execution_arn: str = ""
    event: dict[str, Any]


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Plan one run."""
    asked = read_event(PlanRunEvent, event)
    return plan_run(connect(), **dict(asked))
