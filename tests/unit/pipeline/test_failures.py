"""What fails: only itself, with a reason, and leaving readers what they had."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from dayfold.errors import BadRequestError
from dayfold.finishing import finish_build
from dayfold.runs import end_run, fail_build
from dayfold.starting import Build, start_build
from dayfold.waves import plan_wave
from tests.unit.pipeline.world import MAY

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

DAY = dt.date(2004, 5, 20)


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


def test_a_query_that_athena_does_not_know_fails_the_build(world: World) -> None:
    # Given a build whose query is gone
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    started = start_build(world.pipeline, run_id="run-1", name=name, index=0)
    world.athena.unknown.add(started["build"]["query_id"])
    # When
    ended = finish_build(world.pipeline, build=Build(**started["build"]))
    # Then
    assert ended["status"] == "failed"
    assert "was not found" in ended["error"]


def test_a_build_of_a_partition_never_attempted_is_nobodys(world: World) -> None:
    # Given a message that names a build the ledger has never heard of
    build = Build("run-9", "staging.posts", {"2004-05-20": 1}, "build", "query")
    # When
    answer = finish_build(world.pipeline, build=build)
    # Then
    assert answer == {"status": "held"}


@pytest.mark.parametrize(("name", "index"), [("wave-1", 7), ("wave-9", 0)])
def test_a_job_that_is_in_no_plan_is_refused(world: World, name: str, index: int) -> None:
    # Given
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"])
    plan_wave(world.pipeline, run_id="run-1", wave=1)
    # When / Then
    with pytest.raises(BadRequestError, match="run-1"):
        start_build(world.pipeline, run_id="run-1", name=name, index=index)


def test_checks_that_athena_could_not_run_are_tried_again(world: World) -> None:
    # Given an Athena that fails the first checks of each partition for reasons of its own
    world.land(*MAY)
    world.athena.failing['"build"."kpi_weekly_2004_05_20_a1'] = ("INTERNAL_ERROR: again", True)
    # When
    ended = world.run("run-1", days=["2004-05-20"])
    # Then
    assert ended["status"] == "succeeded"
    builds = world.pipeline.ledger.builds("kpi.weekly", DAY)
    assert [build.status for build in builds] == ["failed", "published"]


def test_a_reader_of_a_former_build_that_stays_is_left_as_it_was_by_the_name_of_what_failed(
    world: World,
) -> None:
    # Given all of it published, and a late file that breaks a rule of staging.posts
    world.land(*MAY)
    world.run("run-1", days=["2004-05-20"])
    former = world.location("kpi.weekly", "2004-05-20")
    world.land("2004-05-18", text='{"late": 1}')
    for day in ("2004-05-18", "2004-05-19"):  # the business days that the file of the 18th covers
        world.athena.broken["staging_posts"] = [
            *world.athena.broken.get("staging_posts", []),
            {
                "check_name": "not_null(user_id)",
                "severity": "error",
                "dt": day,
                "broken": "2",
                "sample": '[{"user_id":null}]',
            },
        ]
    # When
    ended = world.run("run-2", days=["2004-05-20"])
    # Then
    assert world.location("kpi.weekly", "2004-05-20") == former
    failed = [line for line in ended["cause"].splitlines() if line.startswith("staging.posts ")]
    assert failed
    first = failed[0].partition(":")[0]
    assert f"kpi.weekly 2004-05-20: not built, {first} failed" in ended["cause"].splitlines()
