"""Servers that are killed, and what is left in their queues."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from dayfold_local import process
from tests.integration.conftest import wait_until

if TYPE_CHECKING:
    from dayfold_local.stack import StackInfo


def kill(info: StackInfo) -> None:
    """Kill a server as `kill -9` does, and wait until it answers no more."""
    os.kill(info.pid, signal.SIGKILL)
    wait_until(lambda: not process.answers(info.port))


def all_messages(sqs: Any, url: str) -> set[str]:
    """The messages that a queue hands out now."""
    bodies: set[str] = set()
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600, WaitTimeSeconds=0
        )
        if not answer.get("Messages"):
            return bodies
        bodies |= {message["Body"] for message in answer["Messages"]}
