"""SQS in memory: visibility, receipts, delays, and a redrive to the dead letters."""

# ruff: noqa: N803 - the names of arguments are the API's

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

QUEUE, DEAD_LETTERS = "https://queue/jobs", "https://queue/dead"


@dataclasses.dataclass(eq=False)
class Message:
    """One message in a queue."""

    message_id: str
    body: str
    visible_at: float
    attributes: dict[str, Any] = dataclasses.field(default_factory=dict)
    receipts: list[str] = dataclasses.field(default_factory=list)

    @property
    def receives(self) -> int:
        """How often it has been handed out."""
        return len(self.receipts)


class FakeSQS:
    """The backfill's queue and its dead letters."""

    def __init__(self, clock: Callable[[], float], visibility: float, max_receives: int) -> None:
        self.messages: dict[str, list[Message]] = {QUEUE: [], DEAD_LETTERS: []}
        self.sent: list[str] = []
        self._clock = clock
        self._visibility = visibility
        self._max_receives = max_receives
        self._numbers = itertools.count(1)

    def send_message(
        self,
        *,
        QueueUrl: str,
        MessageBody: str,
        DelaySeconds: float = 0,
        MessageAttributes: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        message_id = f"message-{next(self._numbers)}"
        visible = self._clock() + DelaySeconds
        message = Message(message_id, MessageBody, visible, MessageAttributes or {})
        self.messages[QueueUrl].append(message)
        self.sent.append(MessageBody)
        return {"MessageId": message_id}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        if not 1 <= len(Entries) <= 10:
            error: Any = {"Error": {"Code": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"}}
            raise ClientError(error, "SendMessageBatch")
        sent = []
        for entry in Entries:
            answer = self.send_message(
                QueueUrl=QueueUrl,
                MessageBody=entry["MessageBody"],
                DelaySeconds=entry.get("DelaySeconds", 0),
            )
            sent.append({"Id": entry["Id"], **answer})
        return {"Successful": sent, "Failed": []}

    def change_message_visibility(
        self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: float
    ) -> dict[str, Any]:
        message = self._by_receipt(QueueUrl, ReceiptHandle)
        # A standard queue takes an old receipt for a message that was handed out again since.
        if message is None or message.visible_at <= self._clock():
            error: Any = {"Error": {"Code": "MessageNotInflight", "Message": ReceiptHandle}}
            raise ClientError(error, "ChangeMessageVisibility")
        message.visible_at = self._clock() + VisibilityTimeout
        return {}

    def receive_message(self, *, QueueUrl: str, again: bool = False) -> Message | None:
        """Hand out one message; `again` may hand out one that somebody works on already."""
        now = self._clock()
        for message in list(self.messages[QueueUrl]):
            if message.visible_at > now and not (again and message.receives):
                continue
            if QueueUrl == QUEUE and message.receives >= self._max_receives:
                self.messages[QUEUE].remove(message)
                self.messages[DEAD_LETTERS].append(message)
                continue
            message.receipts.append(f"{message.message_id}/{message.receives + 1}")
            message.visible_at = now + self._visibility
            return message
        return None

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> dict[str, Any]:
        message = self._by_receipt(QueueUrl, ReceiptHandle)
        if message is not None:
            self.messages[QueueUrl].remove(message)
        return {}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
        now, counts = self._clock(), dict.fromkeys(AttributeNames, 0)
        for message in self.messages[QueueUrl]:
            state = "" if message.visible_at <= now else "NotVisible"
            state = "Delayed" if state and not message.receives else state
            counts[f"ApproximateNumberOfMessages{state}"] += 1
        return {"Attributes": {name: str(count) for name, count in counts.items()}}

    def next_visible(self) -> float | None:
        """When the next message can be had; None if the queue is empty."""
        return min((one.visible_at for one in self.messages[QUEUE]), default=None)

    def _by_receipt(self, url: str, receipt: str) -> Message | None:
        return next((one for one in self.messages[url] if receipt in one.receipts), None)
