"""Backfills in memory, played back as they would be seen from one look to the next."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from dayfold.domain.backfill import BackfillRecord, WaveRecord

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = {
    "first": "2004-05-01",
    "last": "2004-05-31",
    "tables": [],
    "policy": "stale",
    "order": "newest",
}
RUNNING = BackfillRecord(
    name="may",
    status="running",
    created_at="2004-06-01T00:00:00+00:00",
    request=REQUEST,
    waves=2,
    partitions=100,
    jobs=10,
    expected_bytes=2_000_000_000,
    expected_usd=0.01,
)
SUCCEEDED = dataclasses.replace(
    RUNNING,
    status="succeeded",
    ended_at="2004-06-01T00:01:30+00:00",
    wave=2,
    jobs_done=10,
    published=100,
    bytes_scanned=1_900_000_000,
    spent_usd=0.0095,
)
FAILED = dataclasses.replace(SUCCEEDED, status="failed", published=98, failed=2)
WAVES = [WaveRecord(1, 6, 0, 60, released=True), WaveRecord(2, 4, 3, 40, released=True)]
PLAN: dict[str, Any] = {
    "name": "may",
    "partitions": 100,
    "jobs": 10,
    "waves": [
        {
            "number": 1,
            "jobs": 10,
            "partitions": 100,
            "tables": ["staging.events", "staging.users"],
            "expected_bytes": 2_000_000_000,
            "expected_usd": 0.01,
            "reasons": {"missing": 98, "stale: the query changed": 2},
        }
    ],
    "expected_bytes": 2_000_000_000,
    "expected_usd": 0.01,
    "expected_seconds": 185.0,
    "confidence": "sizes",
    "waiting": [{"table": "kpi.a", "day": "2004-05-31", "reason": "raw.x has not landed"}],
    "warnings": ["raw.users dt=2004-05-20 never landed: it counts as empty"],
}
IDLE = {**PLAN, "partitions": 0, "jobs": 0, "waves": [], "waiting": [], "warnings": []}


class FakeBackfills:
    """The reading half of the ledger's backfills; each look at one shows its next state."""

    def __init__(self) -> None:
        self.states: list[BackfillRecord] = []
        self.lines: list[str] = []
        self.looks = 0
        self.on_look: Callable[[int], None] = lambda _look: None

    def get(self, name: str) -> BackfillRecord | None:
        self.on_look(self.looks)
        if not self.states or name != self.states[0].name:
            return None
        state = self.states[min(self.looks, len(self.states) - 1)]
        self.looks += 1
        return state

    def waves(self, _name: str) -> list[WaveRecord]:
        return list(WAVES)

    def failures(self, _name: str) -> list[str]:
        return list(self.lines)

    def list(self, limit: int = 20) -> list[BackfillRecord]:
        return self.states[:limit]


class FakeMappings:
    """Lambda's event source mappings: one, and the functions beside it."""

    def __init__(self, functions: Any) -> None:
        self.functions = functions
        self.concurrency = 20
        self.refusal: Exception | None = None

    def invoke(self, **arguments: Any) -> Any:
        return self.functions.invoke(**arguments)

    def get_event_source_mapping(self, UUID: str) -> dict[str, Any]:  # noqa: N803
        assert UUID == "mapping-1"
        return {"ScalingConfig": {"MaximumConcurrency": self.concurrency}}

    def update_event_source_mapping(self, UUID: str, ScalingConfig: dict[str, int]) -> None:  # noqa: N803
        assert UUID == "mapping-1"
        if self.refusal:
            raise self.refusal
        self.concurrency = ScalingConfig["MaximumConcurrency"]
