"""From an SQS record to a job: reads the message, and buries what nobody can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from dayfold.backfill_jobs import JobMessage, give_up_job, read_message, run_backfill_job
from dayfold.errors import BadRequestError
from dayfold.handling import logger, read_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dayfold.pipeline import Pipeline


_AGAIN_SECONDS = 30
# The queue's maxReceiveCount: the next receipt would bury the message without a word, and the
# backfill would wait for its job for ever. So four are for work and the last is for giving up.
LAST_DELIVERY = 5


class JobEvent(BaseModel):
    """The body of a message."""

    backfill: str = Field(min_length=1)
    wave: int = Field(ge=1)
    index: int = Field(ge=0)
    tries: int = Field(ge=1)
    group: dict[str, Any]


def deliver(pipeline: Pipeline, context: LambdaContext) -> Callable[[SQSRecord], str]:
    """The handler of one record, for the batch processor."""

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    def handle(record: SQSRecord) -> str:
        try:
            ended = _take(pipeline, record, seconds_left)
        except BadRequestError as error:
            # It will not be better the fifth time: into the dead letters at once, with why.
            pipeline.queue.bury(record.body, str(error))
            ended = f"buried: {error}"
        except Exception:
            # Its next try need not wait for the queue's hour and a half.
            pipeline.queue.hold(record.receipt_handle, _AGAIN_SECONDS)
            raise
        logger.info("message handled", ended=ended)
        return ended

    return handle


def _take(pipeline: Pipeline, record: SQSRecord, seconds_left: Callable[[], float]) -> str:
    asked = read_event(JobEvent, read_message(record.body))
    message = JobMessage(**dict(asked))
    times = int(record.attributes.approximate_receive_count)
    if times >= LAST_DELIVERY:
        why = f"{times - 1} deliveries ended without a word: out of memory or time, or killed"
        return give_up_job(pipeline, message=message, why=why)
    try:
        return run_backfill_job(
            pipeline, message=message, receipt=record.receipt_handle, seconds_left=seconds_left
        )
    except BadRequestError:
        raise
    except Exception as error:
        if times < LAST_DELIVERY - 1:
            raise
        logger.exception("job given up")
        why = " ".join(f"{type(error).__name__}: {error}".split())
        why = f"a step failed in each of {times} deliveries, last with {why}"
        return give_up_job(pipeline, message=message, why=why)
