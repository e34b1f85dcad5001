"""The backfill's queue and its dead letters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from dayfold.errors import ThrottledError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_sqs import SQSClient

_BATCH = 10  # SendMessageBatch's limits: messages, and bytes together (1 MiB; some kept spare)
_BATCH_BYTES = 900_000
_TRIES = 5
_COUNTS: list[
    Literal[
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]


class Queue:
    """Sends jobs, and those that cannot be built to the dead letters."""

    def __init__(self, sqs: SQSClient, queue_url: str, dead_letters_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._dead_letters_url = dead_letters_url

    def send(self, messages: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
        """Send messages in batches; what a batch refuses is sent again.

        Raises:
            ThrottledError: some were refused time after time; sending all again is harmless.
        """
        bodies = [json.dumps(message, separators=(",", ":")) for message in messages]
        for batch in _batches(bodies):
            self._send_batch(batch, delay_seconds)

    def bury(self, body: str, reason: str) -> None:
        """Put a message into the dead letters, with why."""
        self._sqs.send_message(
            QueueUrl=self._dead_letters_url,
            MessageBody=body,
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason[:1000]}},
        )

    def hold(self, receipt: str, seconds: int) -> None:
        """Keep a message that is being worked on hidden for some time from now."""
        self._sqs.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )

    def is_empty(self) -> bool:
        """Whether no job waits, runs or is put off, as far as SQS knows: its counts are rough."""
        counts = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=_COUNTS)
        return not any(int(count) for count in counts.get("Attributes", {}).values())

    def _send_batch(self, bodies: list[str], delay_seconds: int) -> None:
        left = dict(enumerate(bodies))
        for _ in range(_TRIES):
            answer = self._sqs.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(number), "MessageBody": body, "DelaySeconds": delay_seconds}
                    for number, body in left.items()
                ],
            )
            # A batch's failures are in its answer, not exceptions.
            left = {int(one["Id"]): left[int(one["Id"])] for one in answer.get("Failed", [])}
            if not left:
                return
        raise ThrottledError(f"the queue refused {len(left)} of {len(bodies)} messages")


def _batches(bodies: Sequence[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    size = 0
    for body in bodies:
        bytes_of_body = len(body.encode())
        if not batches or len(batches[-1]) == _BATCH or size + bytes_of_body > _BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(body)
        size += bytes_of_body
    return batches
