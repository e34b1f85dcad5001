"""Run backfill job: builds what the messages of the backfill's queue ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)

from dayfold.backfill_messages import deliver
from dayfold.handling import logger, tracer
from dayfold.pipeline import connect

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

processor = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Run each message's job; those that raise come back, and end in the dead letters."""
    return process_partial_response(event, deliver(connect(), context), processor)
