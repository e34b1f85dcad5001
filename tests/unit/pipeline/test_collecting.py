"""Collecting garbage on moto: marks before deletes, races with rollbacks, what is never touched."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from dayfold.adapters.garbage import Garbage
from dayfold.collecting import collect_garbage
from dayfold.domain.collection import build_prefix
from dayfold.domain.statements import named_build_table
from dayfold.errors import BadRequestError, ThrottledError
from tests.unit.pipeline.collecting import (
    BEFORE,
    LONG_AFTER,
    ORPHAN,
    POSTS,
    builds,
    collect,
    keys,
    later,
    marks,
    put,
    rebuilt,
)
from tests.unit.pipeline.rolling import DAY, back
from tests.unit.pipeline.world import BUCKET, client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.pipeline.world import World

__all__ = ["rebuilt"]


def test_old_builds_go_when_nobody_has_seen_them_for_long(rebuilt: World) -> None:
    # Given
    first, second, third, fourth = builds(rebuilt)
    assert collect(rebuilt)["files"] == 0
    later(rebuilt)
    # When
    done = collect(rebuilt)
    # Then the two last are there, the ledger knows what went, and doing it again does nothing
    left = {key.split("/")[2] for key in keys()}
    assert left == {third, fourth}
    assert marks(rebuilt) == ["collected", "collected", None, None]
    assert (done["builds"], done["days"], done["plans"]) == (2, 2, 4)
    said = [(x["name"], x["files"], x["bytes"]) for x in done["items"] if x["what"] == "build"]
    assert said == [(f"{POSTS} {one}", 1, 1) for one in sorted([first, second])]
    assert collect(rebuilt)["builds"] == 0


def test_a_dry_run_says_the_same_and_does_nothing(rebuilt: World) -> None:
    # Given
    later(rebuilt)
    before = keys()
    # When
    said = collect(rebuilt, dry_run=True)
    # Then
    assert (keys(), marks(rebuilt)) == (before, [None] * 4)
    assert {**said, "dry_run": False} == collect(rebuilt)


def test_one_that_is_cut_off_keeps_rollbacks_away_and_is_finished_by_the_next(
    rebuilt: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a collection that is throttled at its first delete
    first, *_ = builds(rebuilt)
    later(rebuilt)

    def refuse(_self: Garbage, _keys: Sequence[str]) -> None:
        raise ThrottledError("SlowDown")

    with monkeypatch.context() as patch:
        patch.setattr(Garbage, "delete", refuse)
        with pytest.raises(ThrottledError):
            collect(rebuilt)
    marked = [name for name, mark in zip(builds(rebuilt), marks(rebuilt), strict=True) if mark]
    # When / Then nobody can go back to what may be half deleted
    assert len(marked) == 1
    with pytest.raises(BadRequestError):
        back(rebuilt, table=POSTS, first=DAY, build_id=marked[0])
    assert collect(rebuilt)["builds"] == 2
    assert marks(rebuilt)[:2] == ["collected", "collected"]
    assert not keys(build_prefix(POSTS, first))


def test_a_partition_that_is_being_built_keeps_all_its_builds(rebuilt: World) -> None:
    # Given an attempt under way
    later(rebuilt)
    rebuilt.athena.running.add("/builds/")
    rebuilt.plan("run-9", days=[str(DAY)], tables=[POSTS], policy="all")
    from dayfold.starting import start_build
    from dayfold.waves import plan_wave

    wave = plan_wave(rebuilt.pipeline, run_id="run-9", wave=1)
    start_build(rebuilt.pipeline, run_id="run-9", name=wave["name"], index=0)
    # When / Then
    assert collect(rebuilt)["builds"] == 0


def test_files_that_the_ledger_does_not_name_go_when_they_are_old(rebuilt: World) -> None:
    # Given what a writer left whose lease went to another, a folder of somebody, and a neighbour
    for name in (ORPHAN, "by-hand", f"{ORPHAN}0"):
        put(f"builds/{POSTS}/{name}/dt={DAY}/part-0")
    later(rebuilt)
    assert keys(build_prefix(POSTS, ORPHAN))
    collect(rebuilt)
    assert keys(build_prefix(POSTS, ORPHAN)), "written a moment ago by S3's own clock"
    rebuilt.clock[0] = LONG_AFTER
    # When
    collect(rebuilt)
    # Then
    left = {key.split("/")[2] for key in keys()}
    assert left == {*builds(rebuilt)[2:], "by-hand", f"{ORPHAN}0"}


def test_an_orphan_that_readers_see_stays(rebuilt: World) -> None:
    # Given a publish whose writer died before it told the ledger
    put(f"builds/{POSTS}/{ORPHAN}/dt={DAY}/part-0")
    from dayfold.adapters.catalog import Place

    place = Place(f"s3://{BUCKET}/builds/{POSTS}/{ORPHAN}/dt={DAY}/", ORPHAN)
    rebuilt.pipeline.catalog.publish(rebuilt.pipeline.tables()[POSTS], {DAY: place})
    rebuilt.clock[0] = LONG_AFTER
    # When
    collect(rebuilt)
    # Then
    assert keys(build_prefix(POSTS, ORPHAN))


def test_what_readers_see_stays_though_the_ledger_was_set_back(rebuilt: World) -> None:
    # Given a ledger restored from a backup: it knows nothing of a day that readers see
    day = DAY + dt.timedelta(days=3)
    name = f"{day}-a1-0123456789"
    put(f"{build_prefix(POSTS, name)}dt={day}/part-0")
    from dayfold.adapters.catalog import Place

    place = Place(f"s3://{BUCKET}/builds/{POSTS}/{name}/dt={day}/", name)
    rebuilt.pipeline.catalog.publish(rebuilt.pipeline.tables()[POSTS], {day: place})
    rebuilt.clock[0] = LONG_AFTER
    # When
    collect(rebuilt)
    # Then
    assert keys(build_prefix(POSTS, name))


def test_a_build_that_broke_its_checks_can_be_looked_at_until_it_is_collected(
    rebuilt: World,
) -> None:
    # Given a build that breaks a check, with the temporary table that its CTAS made
    rule = {"check_name": "not_null(user_id)", "severity": "error", "dt": str(DAY)}
    rebuilt.athena.broken["not_null(user_id)"] = [{**rule, "broken": "2", "sample": "[]"}]
    rebuilt.plan("run-9", days=[str(DAY)], tables=[POSTS], policy="all")
    failed = _failing_build(rebuilt)
    put(f"{build_prefix(POSTS, failed)}dt={DAY}/part-0")
    table = named_build_table(POSTS, failed)
    assert table in rebuilt.pipeline.catalog.build_tables()
    # When / Then
    collect(rebuilt)
    assert table in rebuilt.pipeline.catalog.build_tables()
    rebuilt.clock[0] = LONG_AFTER
    collect(rebuilt)
    assert table not in rebuilt.pipeline.catalog.build_tables()
    assert not keys(build_prefix(POSTS, failed))


def _failing_build(world: World) -> str:
    """Drive run-9, making the table that a CTAS makes before its checks run."""
    from dayfold.finishing import finish_build
    from dayfold.starting import Build, start_build
    from dayfold.waves import plan_wave

    wave = plan_wave(world.pipeline, run_id="run-9", wave=1)
    started = start_build(world.pipeline, run_id="run-9", name=wave["name"], index=0)
    one = Build(**started["build"])
    name = named_build_table(POSTS, one.build_id)
    client("glue").create_table(DatabaseName="build", TableInput={"Name": name})
    assert finish_build(world.pipeline, build=one)["status"] == "failed"
    return one.build_id


def test_plans_go_with_runs_that_ended_and_results_with_age(rebuilt: World) -> None:
    # Given plans of ended runs, of one that runs, of a backfill; and a result
    rebuilt.plan("run-8", days=[str(DAY)], tables=[POSTS], policy="all")
    put("plans/backfill-b1/wave-1.json")
    put("results/0a1b.csv")
    put("raw/events/dt=2004-05-20/part-0.json")
    rebuilt.clock[0] = LONG_AFTER
    # When
    done = collect(rebuilt)
    # Then
    assert {key.split("/")[1] for key in keys("plans/")} == {"run-8", "backfill-b1"}
    assert (done["plans"], done["results"]) == (4, 1)
    assert keys("results/") == []
    assert len(keys("raw/")) == len(BEFORE)


def test_time_that_runs_out_leaves_the_rest_for_the_next(rebuilt: World) -> None:
    # Given
    later(rebuilt)
    # When
    done = collect_garbage(rebuilt.pipeline, dry_run=False, seconds_left=lambda: 5.0)
    # Then
    assert (done["cut_off"], done["builds"], marks(rebuilt)) == (True, 0, [None] * 4)


def test_only_what_can_be_made_again_is_ever_deleted(world: World) -> None:
    # Given
    put("raw/events/dt=2004-05-20/part-0.json")
    # When
    with pytest.raises(ValueError, match="is not to be collected"):
        world.pipeline.garbage.delete(["results/a.csv", "raw/events/dt=2004-05-20/part-0.json"])
    # Then
    assert keys("raw/")
