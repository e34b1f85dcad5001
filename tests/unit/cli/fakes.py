"""A ledger and a state machine in memory, and a plan and a partition to put into them."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from dayfold.domain.partition import BuildRecord, PartitionState, RollbackRecord, RunRecord
from dayfold.domain.publications import Publication, publications

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = dt.date(2004, 5, 20)
PUBLISHED = PartitionState(
    status="published",
    attempt=2,
    run_id="run-1",
    build_id="b2",
    query_id="q-2",
    published_build_id="b2",
    published_at="2004-05-21T00:00:00+00:00",
    location="s3://extracts/builds/kpi.active_users/b2/dt=2004-05-20/",
    inputs={"staging.posts": "abc"},
    rows=3,
    bytes_scanned=1_234_567,
    seconds=1.25,
    cost_usd=0.00005,
)
PLAN: dict[str, Any] = {
    "run_id": "dry-1",
    "policy": "stale",
    "days": ["2004-05-19", "2004-05-20", "2004-05-21"],
    "waves": [
        {
            "number": 1,
            "jobs": [
                {
                    "table": "staging.posts",
                    "first": "2004-05-19",
                    "last": "2004-05-20",
                    "reasons": {
                        "2004-05-19": "stale: raw.events changed",
                        "2004-05-20": "missing",
                    },
                    "expected_bytes": 12_000_000,
                }
            ],
        }
    ],
    "waiting": [
        {
            "table": "kpi.active_users",
            "day": "2004-05-21",
            "reason": "raw.events dt=2004-05-21 has not landed",
        }
    ],
    "warnings": ["raw.users dt=2004-05-20 never landed: it counts as empty"],
    "up_to_date": 4,
    "expected_bytes": 12_000_000,
    "expected_usd": 0.00012,
}


class FakeLedger:
    """The reading half of the ledger, over dictionaries."""

    def __init__(self) -> None:
        self.states: dict[str, dict[dt.date, PartitionState]] = {}
        self.history: dict[tuple[str, dt.date], list[BuildRecord]] = {}
        self.rollbacks: dict[tuple[str, dt.date], list[RollbackRecord]] = {}
        self.runs: dict[str, RunRecord] = {}

    def partitions(self, table: str, first: dt.date, last: dt.date) -> dict[dt.date, Any]:
        return {d: s for d, s in self.states.get(table, {}).items() if first <= d <= last}

    def builds(self, table: str, day: dt.date) -> list[BuildRecord]:
        return self.history.get((table, day), [])

    def publications(
        self, table: str, first: dt.date, last: dt.date, *, run_id: str | None = None
    ) -> dict[dt.date, list[Publication]]:
        del run_id  # the command asks for everybody's

        def within(records: Mapping[tuple[str, dt.date], list[Any]]) -> list[Any]:
            return [
                record
                for (name, day), some in records.items()
                if name == table and first <= day <= last
                for record in some
            ]

        return publications(within(self.history), within(self.rollbacks))

    def run(self, run_id: str) -> RunRecord | None:
        return self.runs.get(run_id)

    def recent_runs(self, limit: int = 20) -> list[RunRecord]:
        return list(self.runs.values())[:limit]


class FakeStepFunctions:
    """One execution that runs for two looks and ends as told."""

    def __init__(self, ledger: FakeLedger, status: str) -> None:
        self.ledger = ledger
        self.status = status
        self.started: dict[str, Any] = {}
        self.looks = 0

    def start_execution(self, **arguments: Any) -> dict[str, Any]:
        self.started = arguments
        return {"executionArn": "arn:execution"}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        assert executionArn == "arn:execution"
        self.looks += 1
        start = dt.datetime(2004, 5, 21, tzinfo=dt.UTC)
        if self.looks < 3:
            return {"status": "RUNNING", "startDate": start}
        cause = json.dumps({"errorType": "BadRequestError", "errorMessage": "no such\ntable"})
        end = start + dt.timedelta(seconds=3)
        return {"status": self.status, "startDate": start, "stopDate": end, "cause": cause}


def record(machine: FakeStepFunctions, **facts: Any) -> None:
    """Have the run that is going to be started in the ledger."""

    class AnyRun(dict[str, RunRecord]):
        def get(self, key: str, default: Any = None) -> Any:
            del default
            start = "2004-05-21T00:00:00+00:00"
            return RunRecord(
                run_id=key, status="running", trigger="request", started_at=start, **facts
            )

    machine.ledger.runs = AnyRun()
