"""A run from its request to its end: what is built, once, and what is said of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from dayfold.domain.days import day_range
from dayfold.errors import BadRequestError
from dayfold.finishing import finish_build
from dayfold.runs import end_run, fail_build, report_lateness
from dayfold.starting import Build, start_build
from dayfold.waves import plan_wave

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

DAY = dt.date(2004, 5, 20)
MAY = [str(day) for day in day_range(dt.date(2004, 5, 1), dt.date(2004, 5, 31))]


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


def test_three_runs_at_once_build_each_partition_once(world: World) -> None:
    # Given three plans made before any of them has built anything
    world.land(*MAY)
    runs = ["run-1", "run-2", "run-3"]
    for run in runs:
        world.plan(run, days=["2004-05-20"])
    # When
    ended = [world.drive(run) for run in runs]
    # Then
    assert [one["status"] for one in ended] == ["succeeded"] * 3
    assert len(world.athena.builds("staging.posts")) == 1
    assert len(world.athena.builds("kpi.weekly")) == 1
    builds = world.pipeline.ledger.builds("kpi.weekly", DAY)
    assert [build.attempt for build in builds] == [1]


def test_a_partition_that_another_run_builds_is_waited_for(world: World) -> None:
    # Given run-1 in the middle of the staging query
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"], tables=["staging.posts"])
    world.plan("run-2", days=["2004-05-20"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    plan_wave(world.pipeline, run_id="run-2", wave=1)
    started = start_build(world.pipeline, run_id="run-1", name=name, index=0)
    # When
    held = start_build(world.pipeline, run_id="run-2", name=name, index=0)
    finish_build(world.pipeline, build=Build(**started["build"]))
    after = start_build(world.pipeline, run_id="run-2", name=name, index=0)
    # Then
    assert held == {"status": "held"}
    assert after == {"status": "done"}
    assert len(world.athena.builds("staging.posts")) == 1


@pytest.mark.parametrize("how", ["its lease is over", "its run is dead"])
def test_an_abandoned_build_is_taken_over_and_its_writer_fenced_off(world: World, how: str) -> None:
    # Given run-1 has started a query and is never heard of again
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"], tables=["staging.posts"])
    world.plan("run-2", days=["2004-05-20"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    plan_wave(world.pipeline, run_id="run-2", wave=1)
    started = start_build(world.pipeline, run_id="run-1", name=name, index=0)
    if how == "its lease is over":
        world.clock[0] += dt.timedelta(seconds=301)
    else:
        world.executions.running.discard("run-1")
    # When run-2 takes over, and run-1 wakes up after all
    ended = world.build("run-2", name, 0)
    late = finish_build(world.pipeline, build=Build(**started["build"]))
    # Then readers see run-2's build, and the abandoned query was stopped
    assert ended == {"status": "published"}
    assert late == {"status": "held"}
    state = world.pipeline.ledger.partitions("staging.posts", DAY, DAY)[DAY]
    assert (state.run_id, state.attempt) == ("run-2", 2)
    assert world.location("staging.posts", "2004-05-20") == state.location
    assert world.athena.stopped == [started["build"]["query_id"]]


def test_a_redelivered_start_joins_the_query_it_started(world: World) -> None:
    # Given
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    # When
    first = start_build(world.pipeline, run_id="run-1", name=name, index=0)
    again = start_build(world.pipeline, run_id="run-1", name=name, index=0)
    # Then
    assert first == again
    assert len(world.athena.queries) == 1


def test_a_redelivered_finish_publishes_once(world: World) -> None:
    # Given
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    started = start_build(world.pipeline, run_id="run-1", name=name, index=0)
    # When
    answers = [finish_build(world.pipeline, build=Build(**started["build"])) for _ in range(2)]
    # Then
    assert answers == [{"status": "published"}] * 2
    assert len(world.pipeline.ledger.builds("staging.posts", DAY)) == 1


def test_a_failing_wide_job_costs_only_its_bad_day(world: World) -> None:
    # Given a query that fails whenever the 18th is in it
    world.land(*MAY)
    reason = (
        "HIVE_BAD_DATA: Error parsing field value 'x' in s3://extracts/raw/events/dt=2004-05-18/"
    )
    world.athena.failing["'2004-05-13' AND '2004-05-20'"] = (reason, False)
    world.athena.failing["'2004-05-17' AND '2004-05-18'"] = (reason, False)
    # When
    ended = world.run("run-1", days=["2004-05-20"])
    # Then
    assert ended["status"] == "failed"
    failed = world.pipeline.ledger.partitions("staging.posts", dt.date(2004, 5, 14), DAY)
    by_status = {day: state.status for day, state in failed.items()}
    assert by_status.pop(dt.date(2004, 5, 18)) == "failed"
    assert set(by_status.values()) == {"published"}
    first, second = ended["cause"].splitlines()
    assert first.startswith("staging.posts 2004-05-18: HIVE_BAD_DATA")
    assert "mend or remove the extract" in first
    assert second == "kpi.weekly 2004-05-20: not built, staging.posts 2004-05-18 failed"


def test_a_failed_check_keeps_the_former_build(world: World) -> None:
    # Given a published day, new data, and a rule that the new build breaks
    world.land(*MAY)
    world.run("run-1", days=["2004-05-20"])
    former = world.location("staging.posts", "2004-05-20")
    world.land("2004-05-20", text='{"late": 1}')
    world.athena.broken["staging_posts"] = [
        {
            "check_name": "not_null(user_id)",
            "severity": "error",
            "dt": "2004-05-20",
            "broken": "2",
            "sample": '[{"user_id":null}]',
        }
    ]
    # When
    ended = world.run("run-2", days=["2004-05-20"])
    # Then
    assert ended["status"] == "failed"
    assert "not_null(user_id) broken by 2 rows" in ended["cause"]
    assert world.location("staging.posts", "2004-05-20") == former
    state = world.pipeline.ledger.partitions("staging.posts", DAY, DAY)[DAY]
    assert (state.status, state.location) == ("failed", former)


def test_a_warning_publishes_and_is_kept(world: World) -> None:
    # Given
    world.land(*MAY)
    warning: dict[str, str | None] = {
        "check_name": "between(users)",
        "severity": "warn",
        "dt": "2004-05-20",
        "broken": "1",
        "sample": "[]",
    }
    world.athena.broken["kpi_weekly"] = [warning]
    # When
    ended = world.run("run-1", days=["2004-05-20"])
    # Then
    assert ended["status"] == "succeeded"
    state = world.pipeline.ledger.partitions("kpi.weekly", DAY, DAY)[DAY]
    assert [dict(one) for one in state.check_results] == [warning]


def test_a_retriable_failure_of_athena_is_tried_again(world: World) -> None:
    # Given
    world.land(*MAY)
    world.athena.failing["-a1-"] = ("INTERNAL_ERROR: please try again", True)
    # When
    ended = world.run("run-1", days=["2004-05-20"], tables=["kpi.weekly"])
    # Then every first attempt failed and every second one was published
    assert ended["status"] == "succeeded"
    builds = world.pipeline.ledger.builds("kpi.weekly", DAY)
    assert [(build.attempt, build.status) for build in builds] == [(1, "failed"), (2, "published")]


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


def test_the_steps_that_failed_for_good_end_the_job(world: World) -> None:
    # Given a started build whose Lambda then fails beyond retrying
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    start_build(world.pipeline, run_id="run-1", name=name, index=0)
    error = {"Error": "Runtime.ExitError", "Cause": '{"errorMessage": "signal: killed"}'}
    # When
    failed = fail_build(world.pipeline, run_id="run-1", name=name, index=0, error=error)
    ended = end_run(world.pipeline, run_id="run-1", error=None)
    # Then
    assert failed["status"] == "failed"
    assert ended["status"] == "failed"
    assert "Runtime.ExitError: signal: killed" in ended["cause"]


def test_a_run_that_is_cut_off_says_so(world: World) -> None:
    # When planning itself failed
    ended = end_run(world.pipeline, run_id="run-1", error={"Error": "QueryFileError", "Cause": ""})
    # Then
    assert ended["status"] == "failed"
    assert ended["cause"] == "the run was cut off: QueryFileError:"
    run = world.pipeline.ledger.run("run-1")
    assert run is not None
    assert run.status == "failed"


def test_a_dead_run_is_noted_by_the_next(world: World) -> None:
    # Given
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"])
    world.executions.running.clear()
    # When
    world.run("run-2", days=["2004-05-20"])
    # Then
    run = world.pipeline.ledger.run("run-1")
    assert run is not None
    assert run.status == "failed"


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
