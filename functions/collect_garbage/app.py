"""Collect garbage: once a day, deletes the files that nobody can need any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from dayfold.adapters.metrics import count_collected
from dayfold.collecting import collect_garbage
from dayfold.handling import logger, read_event, tracer
from dayfold.pipeline import connect

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class CollectGarbageEvent(BaseModel):
    """Of the schedule's event nothing is read; a person may ask for a dry run."""

    model_config = ConfigDict(strict=True)

    dry_run: bool = False


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Collect, count and report."""
    asked = read_event(CollectGarbageEvent, event)
    done = collect_garbage(
        connect(),
        dry_run=asked.dry_run,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    count_collected(done)
    logger.info("collected", **{f"collected_{k}": v for k, v in done.items() if k != "items"})
    return done
