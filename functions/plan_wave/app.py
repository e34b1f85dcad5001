"""Plan wave: the jobs that come next in a run."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect
from dayfold.waves import plan_wave


class PlanWaveEvent(BaseModel):
    """The run, and the first wave not done yet."""

    run_id: str = Field(min_length=1)
    wave: int = Field(ge=1)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """List one wave's jobs."""
    asked = read_event(PlanWaveEvent, event)
    return plan_wave(connect(), **dict(asked))
