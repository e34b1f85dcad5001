"""Fail build: notes a job as failed after a step that could not be retried further."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect
from dayfold.runs import fail_build


class FailBuildEvent(BaseModel):
    """Where the job is, and Step Functions' `Error` and `Cause`."""

    run_id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    index: int = Field(ge=0)
    error: dict[str, Any]


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """End one job as failed."""
    asked = read_event(FailBuildEvent, event)
    return fail_build(connect(), **dict(asked))
