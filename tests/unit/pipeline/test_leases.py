"""One writer at a time: runs side by side, calls delivered twice, writers that were overtaken."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from dayfold.adapters.catalog import Catalog
from dayfold.adapters.ledger import Ledger
from dayfold.adapters.ledger_writes import LedgerWrites
from dayfold.finishing import finish_build, finish_step
from dayfold.planner import end_dead_runs
from dayfold.starting import Build, start_build
from dayfold.steps import alone
from dayfold.waves import plan_wave
from tests.unit.pipeline.world import MAY

if TYPE_CHECKING:
    from dayfold.steps import Step
    from tests.unit.pipeline.world import World

DAY = dt.date(2004, 5, 20)


def one_of_two_runs_builds(world: World) -> tuple[str, dict[str, Any]]:
    """The name of the jobs of two runs of one day, and what run-1 got when it started its own."""
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"], tables=["staging.posts"])
    world.plan("run-2", days=["2004-05-20"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    plan_wave(world.pipeline, run_id="run-2", wave=1)
    started = start_build(world.pipeline, run_id="run-1", name=name, index=0)
    return name, started


def one_of_two_runs_has_checked(world: World) -> tuple[str, Build]:
    """The name of their jobs, and the build of run-1, whose query and checks have ended."""
    name, started = one_of_two_runs_builds(world)
    ended = alone(world.pipeline, finish(world, Build(**started["build"])))
    return name, Build(**ended["build"])


def finish(world: World, build: Build) -> Step:
    """The next step of a build whose awaited query has ended."""
    return finish_step(
        world.pipeline, build=build, query=world.pipeline.athena.wait(build.awaited, 1)
    )


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
    name, started = one_of_two_runs_builds(world)
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
    name, started = one_of_two_runs_builds(world)
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


def test_slow_calls_that_add_up_past_the_lease_publish_nothing(world: World) -> None:
    # Given run-1, whose look at the published table takes longer than its lease, and run-2, which
    # takes over meanwhile
    name, started = one_of_two_runs_builds(world)
    ensure_table = type(world.pipeline.catalog).ensure_table

    def slowly(*arguments: Any, **named: Any) -> None:
        looked.stop()
        world.clock[0] += dt.timedelta(seconds=301)
        world.build("run-2", name, 0)
        written.start()
        ensure_table(*arguments, **named)

    looked = mock.patch.object(type(world.pipeline.catalog), "ensure_table", slowly)
    written = mock.patch.object(type(world.pipeline.catalog), "_update", side_effect=AssertionError)
    # When
    looked.start()
    ended = finish_build(world.pipeline, build=Build(**started["build"]))
    written.stop()
    # Then it has written nothing that a reader could see
    assert ended["status"] == "held"
    location = world.location("staging.posts", "2004-05-20")
    state = world.pipeline.ledger.partitions("staging.posts", DAY, DAY)[DAY]
    assert (state.run_id, state.location) == ("run-2", location)


@pytest.mark.parametrize(("seconds", "renewals"), [(100, 0), (200, 1)])
def test_a_lease_that_lasts_is_looked_at_and_one_that_nears_its_end_renewed(
    world: World, seconds: int, renewals: int
) -> None:
    # Given run-1, whose checks have ended so long after it took its lease of 300 seconds
    _, checked = one_of_two_runs_has_checked(world)
    world.clock[0] += dt.timedelta(seconds=seconds)
    # When it publishes
    with mock.patch.object(
        LedgerWrites, "hold", autospec=True, side_effect=LedgerWrites.hold
    ) as held:
        ended = alone(world.pipeline, finish(world, checked))
    # Then the lease is written again only where slow calls could outlast it
    assert ended == {"status": "published"}
    assert held.call_count == renewals


def test_a_writer_that_is_overtaken_after_its_checks_publishes_nothing(world: World) -> None:
    # Given run-1, whose checks have ended, and run-2, which has taken over and builds
    name, checked = one_of_two_runs_has_checked(world)
    world.executions.running.discard("run-1")
    start_build(world.pipeline, run_id="run-2", name=name, index=0)
    # When run-1 goes on, before its lease would have ended
    with mock.patch.object(Catalog, "publish", side_effect=AssertionError):
        ended = alone(world.pipeline, finish(world, checked))
    # Then
    assert ended == {"status": "held"}


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


def test_a_run_that_ends_while_its_death_is_noted_keeps_its_end(world: World) -> None:
    # Given a run that was listed as running, and has ended well since
    world.land(*MAY)
    world.plan("run-1", days=["2004-05-20"])
    listed = world.pipeline.ledger.recent_runs()
    world.drive("run-1")
    # When its death is noted by the list
    with mock.patch.object(Ledger, "recent_runs", return_value=listed):
        noted = end_dead_runs(world.pipeline)
    # Then
    run = world.pipeline.ledger.run("run-1")
    assert run is not None
    assert (noted, run.status) == ([], "succeeded")
