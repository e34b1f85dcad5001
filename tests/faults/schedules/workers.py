"""Lambda's pollers: they hand messages to run_backfill_job and delete what it has dealt with."""

from __future__ import annotations

import dataclasses
import functools
import random
import types
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dayfold.backfill_messages import deliver
from dayfold.pipeline import Pipeline
from tests.faults.schedules.lambdas import InvocationError, Lambdas
from tests.faults.schedules.queue import QUEUE, FakeSQS, Message
from tests.faults.schedules.scheduler import Scheduler

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


_LONG_POLL = 5.0


@dataclasses.dataclass
class Workers:
    """The event source mapping of the backfill's queue."""

    pipeline: Pipeline
    scheduler: Scheduler
    lambdas: Lambdas
    sqs: FakeSQS
    rng: random.Random
    handed_out_twice: float = 0.0  # of the receipts: of a message that is being worked on
    not_deleted: float = 0.0  # of the messages dealt with
    running: int = 0

    def poll(self, count: int) -> None:
        """Start some pollers; they end when nothing is left that could send a message."""
        for number in range(count):
            self.running += 1
            self.scheduler.spawn(f"poller{number}", functools.partial(self._poll, number))

    def _poll(self, number: int) -> None:
        handled = 0
        while True:
            message = self.sqs.receive_message(
                QueueUrl=QUEUE, again=self.rng.random() < self.handed_out_twice
            )
            if message is not None:
                handled += 1
                self._handle(message, f"job{number}.{handled}")
                continue
            visible = self.sqs.next_visible()
            if visible is None and self.scheduler.others() < self.running:
                break
            now = self.scheduler.time
            self.scheduler.sleep(_LONG_POLL if visible is None else max(visible - now, 0.01))
        self.running -= 1

    def _handle(self, message: Message, name: str) -> None:
        receipt = message.receipts[-1]
        counted = {"ApproximateReceiveCount": str(message.receives)}
        record = SQSRecord({"body": message.body, "receiptHandle": receipt, "attributes": counted})

        def handler(deadline: float) -> Any:
            def left() -> float:
                return max(deadline - self.scheduler.time, 0.0) * 1000

            context = types.SimpleNamespace(get_remaining_time_in_millis=left)
            return deliver(self.pipeline, cast("LambdaContext", context))(record)

        try:
            self.lambdas.invoke("run_backfill_job", name, handler)
        except InvocationError:
            return  # not deleted: it comes back
        if self.rng.random() >= self.not_deleted:
            self.sqs.delete_message(QueueUrl=QUEUE, ReceiptHandle=receipt)
