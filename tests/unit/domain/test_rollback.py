"""Choosing what a rollback does with a partition."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dayfold.domain.partition import BuildRecord, PartitionState, RollbackRecord
from dayfold.domain.publications import publications
from dayfold.domain.rollback import Past, Wanted, choose

DAY = dt.date(2004, 5, 20)
NOW = 1_000
APRIL = "2004-04-01_2004-04-30-a1-0123456789"


def name(attempt: int) -> str:
    return f"{DAY}-a{attempt}-0123456789"


def build(attempt: int, run_id: str = "run-1", **changes: Any) -> BuildRecord:
    values = {
        "day": str(DAY),
        "attempt": attempt,
        "build_id": name(attempt),
        "run_id": run_id,
        "status": "published",
        "ended_at": f"2004-05-21T0{attempt}:00:00+00:00",
        "location": f"s3://b/{attempt}/",
    }
    return BuildRecord(**{**values, **changes})


def back(attempt: int, to: int, undone: int) -> RollbackRecord:
    return RollbackRecord(
        str(DAY),
        attempt,
        name(to),
        f"rollback-{attempt}",
        f"2004-05-21T0{attempt}:00:00+00:00",
        name(undone),
    )


def past(
    shown: int, *records: BuildRecord, rollbacks: tuple[RollbackRecord, ...] = (), **state: Any
) -> Past:
    """A partition that shows the build of attempt `shown`."""
    tried = [*(one.attempt for one in records), *(one.attempt for one in rollbacks)]
    values = {
        "status": "published",
        "attempt": max(tried),
        "run_id": "run-1",
        "build_id": name(shown),
        "published_build_id": name(shown),
        "location": "s3://b/",
    }
    return Past(
        DAY,
        PartitionState(**{**values, **state}),
        publications(records, rollbacks).get(DAY, ()),
        {one.build_id: one for one in records},
    )


def test_the_build_before_the_latest() -> None:
    # Given a failed attempt between two published ones
    builds = (build(1), build(2), build(3, status="failed"), build(4))
    # When
    choice = choose(past(4, *builds), Wanted(), now=NOW)
    # Then
    assert choice.action == "move"
    assert choice.build == builds[1]


def test_a_day_that_is_rolled_back_goes_no_further_by_itself() -> None:
    # Given
    rolled = past(1, build(1), build(2), rollbacks=(back(3, 1, 2),), pinned=True)
    # When / Then
    assert choose(rolled, Wanted(), now=NOW).action == "done"


def test_what_was_undone_is_not_come_back_to() -> None:
    # Given attempt 2 was undone, and attempt 4 is what was built after
    known = past(4, build(1), build(2), build(4), rollbacks=(back(3, 1, 2),))
    # When
    choice = choose(known, Wanted(), now=NOW)
    # Then
    assert choice.build is not None
    assert choice.build.build_id == name(1)


def test_a_named_build_may_be_further_back_or_newer() -> None:
    # Given
    rolled = past(2, build(1), build(2), build(3), rollbacks=(back(4, 2, 3),), pinned=True)
    # When
    found = [choose(rolled, Wanted(build_id=name(n)), now=NOW) for n in (1, 2, 3)]
    # Then
    assert [one.action for one in found] == ["move", "done", "move"]


def test_a_backfill_is_undone_whatever_number_of_its_builds_there_are() -> None:
    # Given a backfill that was retried
    known = past(4, build(1), build(2), build(3, "backfill-x"), build(4, "backfill-x"))
    # When
    choice = choose(known, Wanted(undone_run="backfill-x"), now=NOW)
    # Then
    assert choice.build is not None
    assert choice.build.build_id == name(2)


def test_a_day_that_was_built_again_since_a_backfill_is_none_of_its() -> None:
    # Given
    known = past(3, build(1), build(2, "backfill-x"), build(3))
    # When
    choice = choose(known, Wanted(undone_run="backfill-x"), now=NOW)
    # Then
    assert choice.action == "done"


def test_a_backfill_is_never_undone_by_going_forward() -> None:
    # Given the later of two backfills was undone, so that the first one's build is shown
    builds = (build(1, "backfill-x"), build(2, "backfill-y"))
    known = past(1, *builds, rollbacks=(back(3, 1, 2),), pinned=True)
    # When / Then
    assert choose(known, Wanted(undone_run="backfill-x"), now=NOW).action == "leave"


def test_a_day_that_a_backfill_made_first_is_left() -> None:
    # Given
    known = past(1, build(1, "backfill-x"))
    # When
    choice = choose(known, Wanted(undone_run="backfill-x"), now=NOW)
    # Then
    assert (choice.action, choice.reason) == ("leave", f"has no build before {name(1)}")


@pytest.mark.parametrize(
    ("run_id", "lease_until", "wanted", "action"),
    [
        ("run-7", NOW + 1, Wanted(), "held"),
        ("run-7", NOW, Wanted(), "move"),  # its lease is over
        ("rollback-7", NOW + 1, Wanted(), "move"),  # cut off on the way to the same build
        ("rollback-7", NOW + 1, Wanted(build_id=name(2)), "held"),  # on the way to another
        ("backfill-x", NOW + 1, Wanted(undone_run="backfill-x"), "held"),
    ],
)
def test_a_partition_that_is_being_built(
    run_id: str, lease_until: int, wanted: Wanted, action: str
) -> None:
    # Given an attempt under way; a rollback's is on its way to the build of attempt 1
    known = past(
        2,
        build(1),
        build(2),
        status="building",
        run_id=run_id,
        lease_until=lease_until,
        build_id=name(1) if run_id == "rollback-7" else name(3),
    )
    # When / Then
    assert choose(known, wanted, now=NOW).action == action


def test_never_published() -> None:
    # Given a day that failed at its first try, and one that nobody ever tried
    failed = past(1, build(1, status="failed"), published_build_id=None, status="failed")
    # When
    found = [choose(one, Wanted(), now=NOW) for one in (failed, Past(DAY, None))]
    # Then
    assert [(one.action, one.reason) for one in found] == [("leave", "was never published")] * 2


@pytest.mark.parametrize(
    ("build_id", "reason"),
    [
        ("b17", f"has no build b17: there is {name(1)}"),
        (
            APRIL,
            f"cannot show {APRIL}, which is of 2004-04-01 to 2004-04-30: there is {name(1)}",
        ),
        (name(2), f"cannot show {name(2)}: it failed and was never published"),
        (name(3), f"cannot show {name(3)}: its files are collected: there is {name(1)}"),
    ],
)
def test_builds_that_cannot_be_shown(build_id: str, reason: str) -> None:
    # Given one good earlier build, one that failed, one that is being collected
    known = past(
        4, build(1), build(2, status="failed"), build(3, collection="collecting"), build(4)
    )
    # When
    choice = choose(known, Wanted(build_id=build_id), now=NOW)
    # Then
    assert (choice.action, choice.reason) == ("leave", reason)
