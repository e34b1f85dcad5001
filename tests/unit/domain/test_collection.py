"""What is dead and what is not, by examples; `test_collection_property` tries all."""

from __future__ import annotations

import datetime as dt

import pytest

from dayfold.domain.collection import (
    Burial,
    Limits,
    Past,
    bury,
    dead_build_tables,
    judge,
    orphans,
)
from dayfold.domain.partition import BuildRecord, PartitionState, RollbackRecord
from dayfold.domain.publications import publications

TABLE = "kpi.users"
DAY = dt.date(2004, 5, 20)
NOW = dt.datetime(2004, 6, 30, tzinfo=dt.UTC)
LIMITS = Limits(NOW, dt.timedelta(days=7), kept_builds=2)


def build(attempt: int, ended: str, status: str = "published", **more: object) -> BuildRecord:
    name = str(more.pop("build_id", f"B{attempt}"))
    place = f"s3://b/builds/{TABLE}/{name}/dt={DAY}/" if status == "published" else None
    values = {"run_id": "r", "ended_at": f"2004-06-{ended}T00:00:00+00:00", "location": place}
    return BuildRecord(str(DAY), attempt, name, status=status, **{**values, **more})  # type: ignore[arg-type]


def rolled_back(attempt: int, ended: str, to: str) -> RollbackRecord:
    return RollbackRecord(
        str(DAY), attempt, to, "rollback-1", f"2004-06-{ended}T00:00:00+00:00", ""
    )


def past(
    *builds: BuildRecord,
    published: str | None,
    status: str = "published",
    rollbacks: tuple[RollbackRecord, ...] = (),
    shown: str | None = None,
) -> Past:
    attempt = max((one.attempt for one in builds), default=1)
    state = PartitionState(status, attempt, "r", "last", published_build_id=published)  # type: ignore[arg-type]
    seen = publications(builds, rollbacks).get(DAY, [])
    place = f"s3://b/builds/{TABLE}/{shown}/dt={DAY}/" if shown else None
    return Past(state, builds, seen, place)


def dead(one: Past) -> dict[str, str]:
    verdicts = judge(TABLE, one, LIMITS)
    return {name: v.reason for name, v in verdicts.items() if v.fate == "dead"}


FOUR = (build(1, "01"), build(2, "02"), build(3, "03"), build(4, "04"))


def test_all_but_the_last_good_builds_die() -> None:
    assert dead(past(*FOUR, published="B4")) == {
        "B1": "superseded 2004-06-02",
        "B2": "superseded 2004-06-03",
    }


def test_readers_see_an_old_one_after_a_rollback() -> None:
    # Given
    one = past(*FOUR, published="B1", rollbacks=(rolled_back(5, "05", "B1"),))
    # When / Then
    assert dead(one) == {"B2": "superseded 2004-06-03"}


def test_what_was_seen_until_lately_stays() -> None:
    # Given a build of long ago, shown again by a rollback until a week and a second before now
    builds = (*FOUR, build(6, "22"), build(7, "25"))
    rollback = rolled_back(5, "05", "B1")
    # When / Then
    assert dead(past(*builds, published="B7", rollbacks=(rollback,))) == {
        "B1": "superseded 2004-06-22",
        "B2": "superseded 2004-06-03",
        "B3": "superseded 2004-06-04",
        "B4": "superseded 2004-06-05",
    }
    builds = (*FOUR, build(6, "24"), build(7, "25"))
    assert "B1" not in dead(past(*builds, published="B7", rollbacks=(rollback,)))


@pytest.mark.parametrize(("ended", "dies"), [("22", True), ("23", True), ("24", False)])
def test_a_failed_build_can_be_looked_at_for_a_while(ended: str, dies: bool) -> None:
    # Given
    one = past(build(1, "01"), build(2, ended, "failed"), published="B1", status="failed")
    # When / Then
    assert dead(one) == ({"B2": f"failed 2004-06-{ended}"} if dies else {})


def test_failed_builds_do_not_count_as_good_ones() -> None:
    # Given
    builds = (*FOUR[:2], build(3, "03", "failed"), build(4, "04", "failed"))
    # When / Then
    assert set(dead(past(*builds, published="B2"))) == {"B3", "B4"}


def test_nothing_dies_while_its_partition_is_built_or_rolled_back() -> None:
    assert dead(past(*FOUR, published="B4", status="building")) == {}


def test_what_the_catalog_points_at_lives_whatever_the_ledger_says() -> None:
    # Given a publish that was cut off before the ledger heard of it
    assert set(dead(past(*FOUR, published="B4", shown="B1"))) == {"B2"}


def test_what_is_said_of_b10_is_not_said_of_b1() -> None:
    # Given
    builds = (build(1, "01"), build(10, "02"), build(11, "03"), build(12, "04"))
    # When / Then
    assert set(dead(past(*builds, published="B12", shown="B10"))) == {"B1"}
    burial = Burial(TABLE, "B1", (), "")
    keys = [f"builds/{TABLE}/{name}/dt={DAY}/f" for name in ("B1", "B10", "B")]
    assert burial.keys([*keys, "builds/kpi.users_by_group/B1/f"]) == keys[:1]


def test_a_rollback_that_died_does_not_speak_of_the_build_it_was_to_point_at() -> None:
    # Given its failed record, long ago, under the name of a kept build
    builds = (*FOUR, build(5, "05", "failed", build_id="B3"))
    # When / Then
    assert set(dead(past(*builds, published="B4", status="failed"))) == {"B1", "B2"}


def test_a_collection_that_was_cut_off_goes_on_and_one_that_ended_does_not() -> None:
    # Given
    builds = (
        build(1, "01", collection="collected"),
        build(2, "02", collection="collecting"),
        *FOUR[2:],
    )
    # When
    verdicts = judge(TABLE, past(*builds, published="B4"), LIMITS)
    # Then
    assert [one.fate for one in verdicts.values()] == ["gone", "dead", "alive", "alive"]


# --- Builds of several days -----------------------------------------------------------------


def test_a_build_of_several_days_dies_day_by_day_then_as_a_whole() -> None:
    # Given B1 of two days, one of which readers still see
    other = DAY + dt.timedelta(days=1)
    old = judge(TABLE, past(*FOUR[:3], published="B3"), LIMITS)
    seen = judge(TABLE, past(FOUR[0], published="B1"), LIMITS)
    # When
    (part,) = bury(TABLE, {DAY: old, other: seen}, {"B1", "B3"})
    (whole,) = bury(TABLE, {DAY: old, other: old}, {"B3"})
    # Then
    assert (part.build_id, part.days, part.attempts) == ("B1", (DAY,), {DAY: 1})
    assert part.keys([f"builds/{TABLE}/B1/dt={d}/f" for d in (DAY, other)]) == [
        f"builds/{TABLE}/B1/dt={DAY}/f"
    ]
    assert (whole.days, whole.attempts) == ((), {DAY: 1, other: 1})


def test_a_day_without_a_record_that_the_catalog_points_at_keeps_the_prefix() -> None:
    # Given
    old = judge(TABLE, past(*FOUR[:3], published="B3"), LIMITS)
    # When
    place = f"s3://b/builds/{TABLE}/B1/dt=2004-05-25/"
    (part,) = bury(TABLE, {DAY: old}, {"B3"}, [place])
    # Then
    assert part.days == (DAY,)


# --- Builds that nobody names ---------------------------------------------------------------

LOST = "2004-05-20-a1-0123456789"


@pytest.mark.parametrize(
    ("name", "known", "shown", "dies"),
    [
        (LOST, [], [], True),
        (LOST, [LOST], [], False),
        (LOST, [], [f"s3://b/builds/{TABLE}/{LOST}/dt={DAY}/"], False),
        (LOST, [], [f"s3://b/builds/kpi.others/{LOST}/dt={DAY}/"], True),
        ("my-notes", [], [], False),
    ],
)
def test_an_old_build_that_nobody_names_is_an_orphan(
    name: str, known: list[str], shown: list[str], dies: bool
) -> None:
    # When
    found = orphans(TABLE, {name: NOW - dt.timedelta(days=8)}, known, shown, LIMITS)
    # Then
    assert [one.build_id for one in found] == ([name] if dies else [])


def test_a_young_orphan_may_yet_be_claimed() -> None:
    assert orphans(TABLE, {LOST: NOW - dt.timedelta(days=6)}, [], [], LIMITS) == []


def test_temporary_tables_go_when_no_build_needs_them() -> None:
    # Given
    old, young = NOW - dt.timedelta(days=8), NOW - dt.timedelta(days=1)
    name = "kpi_users_2004_05_20_a{}_0123456789"
    tables = {name.format(1): old, name.format(2): young, name.format(3): old, "mine": old}
    # When / Then
    assert dead_build_tables(tables, {name.format(3)}, LIMITS) == [name.format(1)]


def test_what_readers_see_lives_even_if_no_record_says_that_they_do() -> None:
    assert set(dead(past(*FOUR, published="B1"))) == {"B2"}
