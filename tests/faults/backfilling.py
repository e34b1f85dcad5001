"""A backfill in a test's hands: steered by its functions, judged by the ledger and by Athena."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.integration.live import Live

Contents = dict[str, list[tuple[str | None, ...]]]
PATIENCE_SECONDS = 900
POLL_SECONDS = 0.1


def call(live: Live, function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke a function, by the name of its output, and take its answer; an error fails."""
    answer = live.client("lambda").invoke(
        FunctionName=live.outputs[function], Payload=json.dumps(event)
    )
    content = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, content
    return dict(content)


def start(live: Live, name: str, **request: Any) -> dict[str, Any]:
    """Start a backfill; its plan."""
    return call(live, "StartBackfillFunction", {"name": name, **request})


def steer(live: Live, name: str, action: str) -> dict[str, Any]:
    """Pause, resume, cancel or retry it."""
    return call(live, "SteerBackfillFunction", {"name": name, "action": action})


def backfill(live: Live, name: str) -> dict[str, Any]:
    """Its item in the ledger."""
    key = {"pk": {"S": f"BACKFILL#{name}"}, "sk": {"S": "BACKFILL"}}
    table = live.outputs["LedgerTable"]
    answer = live.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    return dict(answer["Item"])


def wait(live: Live, name: str) -> dict[str, Any]:
    """Wait for its end, or its pause; returns its item."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        item = backfill(live, name)
        if item["status"]["S"] != "running":
            return item
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"backfill {name} still runs: {live.ledger_items('JOB#')}")


def failures(live: Live) -> list[str]:
    """What the jobs of all backfills say of what failed, a line each."""
    return [
        line["S"]
        for job in live.ledger_items("JOB#")
        for line in job.get("failures", {"L": []})["L"]
    ]


def contents(live: Live, tables: Iterable[str]) -> Contents:
    """All rows of some tables."""
    return {name: live.table(name) for name in tables}


def published_by(live: Live, name: str) -> list[tuple[str, str]]:
    """Table and day of each build that a backfill has published."""
    return sorted(
        (item["pk"]["S"].removeprefix("TABLE#"), item["day"]["S"])
        for item in live.ledger_items("BUILD#")
        if item["status"]["S"] == "published" and item["run_id"]["S"] == f"backfill-{name}"
    )


def attempts(live: Live) -> dict[tuple[str, str], list[str]]:
    """By table and day, how its attempts ended, oldest first; fails if one is missing."""
    found: dict[tuple[str, str], dict[int, str]] = {}
    for item in live.ledger_items("BUILD#"):
        key = (item["pk"]["S"].removeprefix("TABLE#"), item["day"]["S"])
        found.setdefault(key, {})[int(item["attempt"]["N"])] = item["status"]["S"]
    for key, ends in found.items():
        assert sorted(ends) == list(range(1, len(ends) + 1)), (key, ends)
    return {key: [ends[n] for n in sorted(ends)] for key, ends in found.items()}


def queries(live: Live) -> list[dict[str, Any]]:
    """Every query that Athena has accepted."""
    athena = live.client("athena")
    pages = athena.get_paginator("list_query_executions").paginate(
        WorkGroup=live.outputs["Workgroup"]
    )
    return [
        dict(query)
        for page in pages
        if page["QueryExecutionIds"]
        for query in athena.batch_get_query_execution(QueryExecutionIds=page["QueryExecutionIds"])[
            "QueryExecutions"
        ]
    ]


def started_twice(live: Live) -> list[str]:
    """Builds' and checks' statements that Athena was given more than once.

    Each names the table of its build, and a build is one attempt: the same text twice is a query
    started twice for one attempt.
    """
    counts = Counter(one["Query"] for one in queries(live) if '"build"."' in one["Query"])
    assert counts
    return [sql for sql, count in counts.items() if count > 1]


def dead_letters(live: Live) -> list[tuple[dict[str, Any], str]]:
    """The messages given up, each with its reason."""
    found = []
    while (
        messages := live.client("sqs")
        .receive_message(
            QueueUrl=live.outputs["BackfillDeadLettersUrl"],
            MessageAttributeNames=["reason"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=60,
        )
        .get("Messages")
    ):
        found += [
            (json.loads(one["Body"]), one["MessageAttributes"]["reason"]["StringValue"])
            for one in messages
        ]
    return found
