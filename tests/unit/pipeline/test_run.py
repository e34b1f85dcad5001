"""A run from its request to its end: what is built, once, and what is said of it."""

from __future__ import annotations

import datetime as dt
import gzip
from typing import TYPE_CHECKING

import pytest

from dayfold.errors import BadRequestError
from dayfold.finishing import finish_build
from dayfold.runs import report_lateness
from dayfold.starting import Build, start_build
from dayfold.waves import plan_wave
from tests.unit.pipeline.world import BUCKET, MAY, client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

DAY = dt.date(2004, 5, 20)


def test_a_day_is_built_from_the_files_that_hold_it(world: World) -> None:
    # Given
    world.land(*MAY)
    # When
    ended = world.run("run-1", days=["2004-05-20"])
    # Then the week before is built too, in one query, and both tables are published
    assert ended["status"] == "succeeded"
    assert ended["published"] == 8
    (staging,) = world.athena.builds("staging.posts")
    assert "'2004-05-13' AND '2004-05-20'" in staging  # files of the zone's eight UTC dates
    assert len(world.athena.builds("kpi.weekly")) == 1
    location = world.location("kpi.weekly", "2004-05-20")
    assert location is not None
    assert location.endswith("/dt=2004-05-20/")


def test_the_second_run_has_nothing_to_do(world: World) -> None:
    # Given
    world.land(*MAY)
    world.run("run-1", days=["2004-05-20"])
    started = len(world.athena.queries)
    # When
    ended = world.run("run-2", days=["2004-05-20"])
    # Then
    assert ended == {
        "run_id": "run-2",
        "status": "succeeded",
        "published": 0,
        "failed": 0,
        "waiting": 0,
        "cause": "",
    }
    assert len(world.athena.queries) == started


def test_a_long_query_is_looked_at_again_later(world: World) -> None:
    # Given
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    started = start_build(world.pipeline, run_id="run-1", name=name, index=0)
    world.athena.running.add("CREATE TABLE")
    # When
    looks = [finish_build(world.pipeline, build=Build(**started["build"]))]
    for _ in range(6):
        looks.append(finish_build(world.pipeline, build=Build(**looks[-1]["build"])))
    # Then
    assert [look["pause"] for look in looks] == [2, 4, 8, 16, 32, 60, 60]
    assert {look["status"] for look in looks} == {"building"}


def test_late_data_and_an_edited_query_make_partitions_stale(world: World) -> None:
    # Given
    world.land(*MAY)
    days = ["2004-05-12", "2004-05-20"]
    world.run("run-1", days=days)
    # When a file of the 19th changes, then the weekly query
    world.land("2004-05-19", text='{"late": 1}')
    late = world.run("run-2", days=days)
    path = world.queries / "kpi" / "weekly.sql"
    path.write_text(path.read_text().replace("count(*)", "count(user_id)"))
    edited = world.run("run-3", days=days)
    # Then the late file touches two business days and one week; the edit touches both weeks
    assert late["published"] == 3
    assert edited["published"] == 2


def test_a_dry_run_changes_nothing(world: World) -> None:
    # Given
    world.land(*MAY)
    # When
    plan = world.plan("dry-1", days=["2004-05-20"], dry_run=True)
    # Then
    assert [one["number"] for one in plan["waves"]] == [1, 2]
    assert plan["waves"][1]["jobs"][0]["reasons"] == {"2004-05-20": "missing"}
    assert plan["expected_usd"] > 0
    assert world.pipeline.ledger.run("dry-1") is None


def test_days_without_a_request_are_the_newest_landed(world: World) -> None:
    # Given extracts of another time
    world.land(*MAY)
    world.clock[0] = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    # When
    plan = world.plan("dry-1", dry_run=True)
    # Then
    assert (plan["days"][0], plan["days"][-1]) == ("2004-05-25", "2004-05-31")


def test_lateness_counts_the_tables_of_yesterday(world: World) -> None:
    # Given
    world.land(*MAY)
    world.clock[0] = dt.datetime(2004, 5, 21, 3, tzinfo=dt.UTC)
    before = report_lateness(world.pipeline)
    # When
    world.run("run-1", days=["2004-05-20"])
    # Then
    assert (before, report_lateness(world.pipeline)) == (2, 0)


def test_too_many_jobs_are_refused(world: World) -> None:
    # Given
    world.land(*MAY)
    # When / Then
    with pytest.raises(BadRequestError, match="more than one run takes"):
        world.plan("run-1", first="2001-01-01", last="2004-05-31", days_per_job=1)


@pytest.mark.parametrize("size", [b"", gzip.compress(b"")])
def test_a_day_whose_files_are_empty_is_built_empty(world: World, size: bytes) -> None:
    # Given an empty file, which a crawler makes no partition of
    world.land(*(day for day in MAY if day != "2004-05-20"))
    key = "raw/events/dt=2004-05-20/part.json" + (".gz" if size else "")
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=size)
    # When
    ended = world.run("run-1", days=["2004-05-20"])
    # Then
    assert (ended["status"], ended["waiting"]) == ("succeeded", 0)
