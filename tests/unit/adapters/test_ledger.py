"""The ledger: claims are all or nothing, and a late writer changes nothing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.adapters.ledger import Ledger
from dayfold.adapters.ledger_writes import Claim
from dayfold.domain.partition import BuildRecord, RollbackRecord, RunRecord
from tests.unit.pipeline.world import LEDGER, client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

TABLE = "kpi.weekly"
DAYS = [dt.date(2004, 5, 19), dt.date(2004, 5, 20)]


@pytest.fixture
def ledger(world: World) -> Ledger:
    """An empty ledger."""
    del world
    return Ledger(client("dynamodb"), LEDGER)


def claim(ledger: Ledger, days: list[dt.date], run_id: str, lease_until: int = 100) -> bool:
    states = ledger.partitions(TABLE, min(days), max(days))
    claims = [
        Claim(day, states.get(day), states[day].attempt + 1 if day in states else 1, {"x": "y"})
        for day in days
    ]
    return take(ledger, claims, run_id, lease_until)


def take(ledger: Ledger, claims: list[Claim], run_id: str, lease_until: int = 9) -> bool:
    return ledger.write(
        ledger.writes.claim(
            TABLE, claims, run_id=run_id, build_id="b", sql_hash="h", lease_until=lease_until
        )
    )


def record(day: dt.date, run_id: str, attempt: int = 1, **changes: object) -> BuildRecord:
    values = {
        "day": str(day),
        "attempt": attempt,
        "build_id": f"b{attempt}",
        "run_id": run_id,
        "status": "published",
        "ended_at": "2004-05-21T00:00:00+00:00",
        "location": "s3://x/",
        "rows": 3,
        "cost_usd": 0.00005,
    }
    return BuildRecord(**{**values, **changes})  # type: ignore[arg-type]


def test_a_claim_takes_all_days_or_none(ledger: Ledger) -> None:
    # Given one of the days seen as free, but taken meanwhile
    stale_view = [Claim(day, None, 1, {}) for day in DAYS]
    assert claim(ledger, DAYS[1:], "run-1")
    # When
    taken = take(ledger, stale_view, "run-2")
    # Then
    assert not taken
    assert set(ledger.partitions(TABLE, DAYS[0], DAYS[1])) == {DAYS[1]}


def test_a_renewed_lease_cannot_be_taken_on_an_old_view(ledger: Ledger) -> None:
    # Given
    claim(ledger, DAYS[:1], "run-1")
    seen = ledger.partitions(TABLE, DAYS[0], DAYS[0])[DAYS[0]]
    renewal = ledger.writes.hold(TABLE, {DAYS[0]: 1}, run_id="run-1", lease_until=200)
    assert ledger.write(renewal)
    # When
    view = [Claim(DAYS[0], seen, 2, {})]
    taken = take(ledger, view, "run-2")
    # Then
    assert not taken


def test_a_late_writer_changes_nothing(ledger: Ledger) -> None:
    # Given attempt 1 of run-1 was overtaken by attempt 2 of run-2
    claim(ledger, DAYS[:1], "run-1")
    claim(ledger, DAYS[:1], "run-2")
    late = ledger.writes.hold(TABLE, {DAYS[0]: 1}, run_id="run-1", lease_until=999, query_id="q")
    # When / Then
    assert not ledger.write(late)
    assert not ledger.settle(TABLE, {DAYS[0]: record(DAYS[0], "run-1")})
    state = ledger.partitions(TABLE, DAYS[0], DAYS[0])[DAYS[0]]
    assert (state.run_id, state.query_id, state.status) == ("run-2", None, "building")
    assert ledger.builds(TABLE, DAYS[0]) == []


def test_a_failed_rebuild_leaves_what_is_published(ledger: Ledger) -> None:
    # Given
    day = DAYS[0]
    claim(ledger, [day], "run-1")
    ledger.settle(TABLE, {day: record(day, "run-1")})
    claim(ledger, [day], "run-2")
    # When
    failure = record(day, "run-2", attempt=2, status="failed", error="broken", location=None)
    ledger.settle(TABLE, {day: failure})
    # Then
    state = ledger.partitions(TABLE, day, day)[day]
    assert (state.status, state.error, state.published_build_id) == ("failed", "broken", "b1")
    assert (state.location, state.rows, state.cost_usd) == ("s3://x/", 3, 0.00005)
    assert [build.status for build in ledger.builds(TABLE, day)] == ["published", "failed"]


def test_more_days_than_a_transaction_takes_are_settled(ledger: Ledger) -> None:
    # Given
    days = [dt.date(2004, 1, 1) + dt.timedelta(days=n) for n in range(70)]
    claim(ledger, days, "run-1")
    # When
    assert ledger.settle(TABLE, {day: record(day, "run-1") for day in days})
    # Then
    states = ledger.partitions(TABLE, days[0], days[-1])
    assert {state.status for state in states.values()} == {"published"}
    assert len(states) == 70


def test_runs_come_newest_first(ledger: Ledger) -> None:
    # Given
    for number in range(3):
        ledger.save_run(
            RunRecord(
                run_id=f"run-{number}",
                status="running",
                trigger="test",
                started_at=f"2004-05-2{number}",
                failures=("a", "b"),
            )
        )
    # When
    runs = ledger.recent_runs(2)
    # Then
    assert [run.run_id for run in runs] == ["run-2", "run-1"]
    assert runs[0].failures == ("a", "b")


def rollback(day: dt.date, run_id: str, attempt: int) -> RollbackRecord:
    return RollbackRecord(
        day=str(day),
        attempt=attempt,
        build_id="b1",
        run_id=run_id,
        ended_at="2004-05-23T00:00:00+00:00",
        undone_build_id="b2",
        by="ann",
        location="s3://x/",
        rows=3,
        cost_usd=0.00005,
    )


def test_a_rollback_pins_and_a_publish_unpins(ledger: Ledger) -> None:
    # Given two builds, and a rollback to the first
    day = DAYS[0]
    for attempt in (1, 2):
        claim(ledger, [day], f"run-{attempt}")
        ledger.settle(TABLE, {day: record(day, f"run-{attempt}", attempt, rows=attempt)})
    claim(ledger, [day], "rollback-1")
    # When
    assert ledger.settle(TABLE, {day: rollback(day, "rollback-1", 3)})
    # Then
    state = ledger.partitions(TABLE, day, day)[day]
    assert (state.published_build_id, state.pinned, state.pinned_by) == ("b1", True, "ann")
    # When it is built again
    claim(ledger, [day], "run-4")
    ledger.settle(TABLE, {day: record(day, "run-4", 4)})
    # Then
    state = ledger.partitions(TABLE, day, day)[day]
    assert (state.published_build_id, state.pinned, state.pinned_by) == ("b4", False, None)


def test_publications_are_the_builds_and_rollbacks_that_readers_saw(ledger: Ledger) -> None:
    # Given a build, one that failed, one more, and a rollback; on the day after, nothing at all
    day = DAYS[0]
    for attempt, status in ((1, "published"), (2, "failed"), (3, "published")):
        claim(ledger, [day], f"run-{attempt}")
        ledger.settle(TABLE, {day: record(day, f"run-{attempt}", attempt, status=status)})
    claim(ledger, [day], "rollback-1")
    ledger.settle(TABLE, {day: rollback(day, "rollback-1", 4)})
    # When
    found = ledger.publications(TABLE, *DAYS)
    # Then
    assert set(found) == {day}
    assert [(one.build_id, one.cause) for one in found[day]] == [
        ("b1", "build"),
        ("b3", "build"),
        ("b1", "rollback"),
    ]
    assert [one.cost_usd for one in found[day]] == [0.00005, 0.00005, 0]


def test_a_few_days_of_several_tables_are_read_by_one_call(ledger: Ledger) -> None:
    # Given partitions of one table, and a DynamoDB that answers two keys at a time
    assert claim(ledger, DAYS, "run-1")
    asked: list[int] = []

    class Narrow:
        def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
            keys = RequestItems[LEDGER]["Keys"]
            asked.append(len(keys))
            some = {LEDGER: {**RequestItems[LEDGER], "Keys": keys[:2]}}
            answer = client("dynamodb").batch_get_item(RequestItems=some)
            left = {LEDGER: {"Keys": keys[2:]}} if keys[2:] else {}
            return {**answer, "UnprocessedKeys": left}

    # When they are read beside those of a table that has none
    narrow = Ledger(Narrow(), LEDGER)  # type: ignore[arg-type]
    found = narrow.partitions_at({TABLE: [*DAYS, DAYS[0] - dt.timedelta(1)], "kpi.none": DAYS[:1]})
    # Then what was left out of an answer is asked again, and the rest is as a query finds it
    assert found == {TABLE: ledger.partitions(TABLE, *DAYS), "kpi.none": {}}
    assert asked == [4, 2]
