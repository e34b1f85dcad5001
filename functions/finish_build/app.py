"""Finish build: waits for a build's query, checks what it made, publishes it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from dayfold.finishing import finish_build
from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect
from dayfold.starting import Build


class FinishBuildEvent(BaseModel):
    """A build under way, as Start build returned it."""

    build: Build


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Take one build a step further."""
    asked = read_event(FinishBuildEvent, event)
    return finish_build(connect(), **dict(asked))
