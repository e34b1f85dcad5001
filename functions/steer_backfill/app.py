"""Steer backfill: pauses, resumes, cancels or retries one."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect
from dayfold.releasing import steer_backfill


class SteerBackfillEvent(BaseModel):
    """Which backfill, and what to do with it."""

    name: str = Field(min_length=1)
    action: str = Field(min_length=1)
    max_cost_usd: float | None = None


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Steer one backfill."""
    asked = read_event(SteerBackfillEvent, event)
    return steer_backfill(connect(), **dict(asked))
