"""Publications: what readers saw at any moment, right through build, rollback and rebuild."""

from __future__ import annotations

import datetime as dt

import pytest

from dayfold.domain.partition import BuildRecord, RollbackRecord
from dayfold.domain.publications import as_of, publications

DAY = "2004-05-20"


def build(attempt: int, ended_at: str, status: str = "published") -> BuildRecord:
    return BuildRecord(
        day=DAY,
        attempt=attempt,
        build_id=f"b{attempt}",
        run_id=f"run-{attempt}",
        status=status,  # type: ignore[arg-type]
        ended_at=f"2004-05-21T{ended_at}:00.000+00:00",
    )


def rollback(attempt: int, ended_at: str, to: str, undone: str) -> RollbackRecord:
    return RollbackRecord(
        day=DAY,
        attempt=attempt,
        build_id=to,
        run_id=f"rollback-{attempt}",
        ended_at=f"2004-05-21T{ended_at}:00.000+00:00",
        undone_build_id=undone,
    )


BUILDS = [build(1, "08:00"), build(2, "09:00", "failed"), build(3, "10:00"), build(5, "12:00")]
ROLLBACKS = [rollback(4, "11:00", "b1", "b3")]


@pytest.mark.parametrize(
    ("clock", "seen"),
    [
        ("07:59", None),
        ("08:00", "b1"),
        ("09:30", "b1"),  # a failed build changes nothing
        ("10:59", "b3"),
        ("11:00", "b1"),  # rolled back
        ("12:30", "b5"),
    ],
)
def test_as_of_a_moment(clock: str, seen: str | None) -> None:
    # Given
    history = publications(BUILDS, ROLLBACKS)[dt.date(2004, 5, 20)]
    # When
    found = as_of(history, dt.datetime.fromisoformat(f"2004-05-21T{clock}:00+00:00"))
    # Then
    assert (found.build_id if found else None) == seen


def test_attempts_give_the_order_where_clocks_disagree() -> None:
    # Given the Lambda of the rollback had a clock that was behind
    late = [rollback(4, "09:59", "b1", "b3")]
    # When
    history = publications(BUILDS[:3], late)[dt.date(2004, 5, 20)]
    # Then
    found = as_of(history, dt.datetime(2004, 5, 21, 23, tzinfo=dt.UTC))
    assert found is not None
    assert (found.build_id, found.cause) == ("b1", "rollback")
