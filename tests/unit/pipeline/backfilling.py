"""Driving a backfill by hand: start it, take its messages, deliver them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dayfold.backfill_jobs import JobMessage, run_backfill_job
from dayfold.backfill_plans import start_backfill
from tests.unit.pipeline.world import client

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.pipeline.world import World

WEEK = {"first": "2004-05-17", "last": "2004-05-20"}


def start(world: World, name: str = "b1", **more: Any) -> dict[str, Any]:
    return start_backfill(world.pipeline, event={**WEEK, "name": name, **more})


def receive(queue_url: str) -> list[dict[str, Any]]:
    """All messages that can be seen now, taken out of the queue."""
    sqs, found = client("sqs"), []
    while got := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        for one in got:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=one["ReceiptHandle"])
        found += got
    return found


def deliver(
    world: World, message: dict[str, Any], seconds_left: Callable[[], float] = lambda: 900.0
) -> str:
    body = JobMessage(**json.loads(message["Body"]))
    return run_backfill_job(
        world.pipeline, message=body, receipt=message["ReceiptHandle"], seconds_left=seconds_left
    )


def drain(world: World, copies: int = 1) -> list[str]:
    """Deliver messages until the queue is empty, each as often as said."""
    said = []
    while messages := receive(world.pipeline.settings.queue_url):
        for message in messages:
            said += [deliver(world, message) for _ in range(copies)]
    return said
