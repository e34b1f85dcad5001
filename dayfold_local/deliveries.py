"""Messages delivered twice, on request: SQS promises "at least once", and seldom shows it.

With `DAYFOLD_SQS_TWICE=1` every message that Lambda's poller receives leaves a second one of the
same body in its queue, which arrives while the first is being worked on or when it is done. A body
that has come twice is let be: jobs that hand themselves back would be doubled without end.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_LATEST_SECONDS = 2.0  # after the first


def install() -> None:
    """Has Lambda's poller leave a copy of what it receives, if the environment asks for it.

    To be called before the queues are watched, so that the copies are kept like other messages.
    """
    if os.environ.get("DAYFOLD_SQS_TWICE", "") in {"", "0"}:
        return
    from ministack.services import sqs

    sqs._receive_messages_for_esm = with_copies(  # noqa: SLF001
        sqs._receive_messages_for_esm,  # noqa: SLF001
        lambda url: sqs._get_q(url)["messages"],  # noqa: SLF001
    )


def with_copies(
    receive: Callable[[str, int], list[dict[str, Any]]],
    messages_of: Callable[[str], list[dict[str, Any]]],
) -> Callable[[str, int], list[dict[str, Any]]]:
    """Wraps the receiving of messages.

    Args:
        receive: Takes a queue's URL and how many at most; gives the messages received.
        messages_of: The list of all messages of a queue.
    """
    copied: set[str] = set()

    def receiving(queue_url: str, at_most: int) -> list[dict[str, Any]]:
        received = receive(queue_url, at_most)
        for message in received:
            if message["body"] not in copied:
                copied.add(message["body"])
                messages_of(queue_url).append(_copy(message))
        return received

    return receiving


def _copy(message: dict[str, Any]) -> dict[str, Any]:
    return {
        **message,
        "id": str(uuid.uuid4()),
        "receipt_handle": None,
        "receive_count": 0,
        "first_receive_at": None,
        "visible_at": time.time() + random.uniform(0, _LATEST_SECONDS),
    }
