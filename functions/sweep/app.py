"""Sweep: once an hour, finds what no event announced and what nobody waits for any more."""

from __future__ import annotations

import dataclasses
from typing import Any

from pydantic import BaseModel, ConfigDict

from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect
from dayfold.sweep import sweep


class SweepEvent(BaseModel):
    """A schedule's event, of which nothing is read, or a request that only looks."""

    model_config = ConfigDict(strict=True)

    dry_run: bool = False


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Sweep once."""
    asked = read_event(SweepEvent, event)
    record = dataclasses.asdict(sweep(connect(), dry_run=asked.dry_run))
    logger.info("swept", **{f"sweep_{name}": value for name, value in record.items()})
    return record
