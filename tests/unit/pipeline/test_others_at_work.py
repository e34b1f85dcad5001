"""What others build, fail or interrupt meanwhile; each case was found by a fault schedule."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from dayfold.errors import ThrottledError
from dayfold.inputs import read_states
from dayfold.releasing import steer_backfill
from dayfold.runs import end_run
from dayfold.waves import plan_wave
from tests.unit.pipeline.backfilling import deliver, drain, receive, start

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

DAYS = ["2004-05-16", "2004-05-17", "2004-05-18"]
ONE = {"days": ["2004-05-18"], "tables": ["staging.posts"]}
NARROW: dict[str, Any] = {"first": "2004-05-18", "last": "2004-05-18", "tables": ["staging.posts"]}


@pytest.fixture(autouse=True)
def _landed(by_hand: World) -> None:
    by_hand.land(*DAYS)


def test_a_build_under_way_when_a_run_was_planned_is_not_made_again(world: World) -> None:
    # Given run-1 has claimed a day before run-2 is planned, and publishes it after that
    world.plan("run-1", **ONE)
    wave = plan_wave(world.pipeline, run_id="run-1", wave=1)
    world.athena.running.add("CREATE TABLE")
    world.build("run-1", wave["name"], 0)
    world.plan("run-2", **ONE)
    world.athena.running.clear()
    world.build("run-1", wave["name"], 0)
    # When
    ended = world.drive("run-2")
    # Then it is run-2's as well as it can be, and was built once
    assert (ended["status"], ended["published"]) == ("succeeded", 1)
    assert len(world.athena.builds("staging.posts")) == 1


def test_a_build_that_read_less_than_is_there_now_is_made_again(world: World) -> None:
    # Given the same, but a late file has landed between the two plans
    world.plan("run-1", **ONE)
    wave = plan_wave(world.pipeline, run_id="run-1", wave=1)
    world.athena.running.add("CREATE TABLE")
    world.build("run-1", wave["name"], 0)
    world.land("2004-05-18", text='{"late": 1}')
    world.plan("run-2", **ONE)
    world.athena.running.clear()
    world.build("run-1", wave["name"], 0)
    # When
    world.drive("run-2")
    # Then
    assert len(world.athena.builds("staging.posts")) == 2


def test_what_another_run_failed_to_build_fails_the_job_and_can_be_retried(world: World) -> None:
    # Given a day that a daily run has failed to build since the backfill was planned
    start(world, **NARROW)
    world.athena.failing["CREATE TABLE"] = ("HIVE_BAD_DATA: x", False)
    world.run("run-1", **ONE)
    drain(world)
    before = world.pipeline.backfills.get("b1")
    # When its cause is mended
    world.athena.failing.clear()
    steer_backfill(world.pipeline, name="b1", action="retry")
    drain(world)
    # Then
    assert before is not None
    assert (before.status, before.failed) == ("failed", 1)
    after = world.pipeline.backfills.get("b1")
    assert after is not None
    assert (after.status, after.published) == ("succeeded", 1)


def test_a_failure_is_not_forgotten_while_the_ledger_is_throttled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a build that fails, and a ledger that cannot be read just then
    start(world, **NARROW)
    world.athena.failing["CREATE TABLE"] = ("HIVE_BAD_DATA: x", False)
    fails, refusals = "dayfold.group_build.read_states", [ThrottledError("slow down")]

    def throttled_once(*asked: object) -> object:
        if refusals:
            raise refusals.pop()
        return read_states(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(fails, throttled_once)
    # When
    drain(world)
    # Then
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert (backfill.status, backfill.failed) == ("failed", 1)


def test_days_tried_apart_are_joined_again_each_by_its_own_build(world: World) -> None:
    # Given a wide job that failed as a whole, cut off while its days were built apart
    world.athena.failing["'2004-05-16' AND '2004-05-18'"] = ("GENERIC_INTERNAL_ERROR", False)
    start(world, first=DAYS[1], last=DAYS[2], tables=["staging.posts"])
    (message,) = receive(world.pipeline.settings.queue_url)
    world.athena.running |= {"_2004_05_17_a2", "_2004_05_18_a2"}
    looks = iter([900.0] * 4)
    deliver(world, message, lambda: next(looks, 0.0))
    # When the message is handed on and all can end
    world.athena.running.clear()
    drain(world)
    # Then each day points at the build that wrote it
    for day in DAYS[1:]:
        location = world.location("staging.posts", day)
        assert location is not None
        build = location.rstrip("/").rsplit("/", 2)[1]
        assert build.startswith(f"{day}-a2-"), json.dumps([location, day])


def test_a_run_that_ends_with_what_others_are_still_building_says_so(world: World) -> None:
    # Given a day under way when the run was planned, and still when it ends
    world.plan("run-1", **ONE)
    wave = plan_wave(world.pipeline, run_id="run-1", wave=1)
    world.athena.running.add("CREATE TABLE")
    world.build("run-1", wave["name"], 0)
    world.plan("run-2", **ONE)
    # When
    ended = end_run(world.pipeline, run_id="run-2", error=None)
    # Then
    assert (ended["status"], ended["published"], ended["failed"]) == ("failed", 0, 1)


def test_a_published_day_whose_writer_died_is_built_again(world: World) -> None:
    # Given a writer that dies after it has pointed readers at its build and before it says so
    world.run("run-1", **ONE)
    start(world, **NARROW, policy="all")
    (message,) = receive(world.pipeline.settings.queue_url)
    with (
        mock.patch.object(
            type(world.pipeline.ledger.writes), "settle", side_effect=KeyboardInterrupt
        ),
        pytest.raises(KeyboardInterrupt),
    ):
        deliver(world, message)
    # When its lease is over and a run looks at the day
    world.clock[0] += dt.timedelta(hours=1)
    world.run("run-2", **ONE)
    # Then readers see what the ledger says
    day = dt.date(2004, 5, 18)
    state = world.pipeline.ledger.partitions("staging.posts", day, day)[day]
    assert state.status == "published"
    assert world.location("staging.posts", str(day)) == state.location
