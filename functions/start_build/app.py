"""Start build: claims a job's partitions and starts its query."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect
from dayfold.starting import start_build


class StartBuildEvent(BaseModel):
    """Where the job is: the run, the plan file's name, the place in it."""

    run_id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    index: int = Field(ge=0)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Start one build."""
    asked = read_event(StartBuildEvent, event)
    return start_build(connect(), **dict(asked))
