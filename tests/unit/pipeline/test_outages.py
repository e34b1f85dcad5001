"""Failures that Athena calls worth retrying: outlasted by a backfill, with growing pauses."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.pipeline.backfilling import drain, start

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

DAY = dt.date(2004, 5, 20)
ONE_DAY: dict[str, Any] = {"first": str(DAY), "last": str(DAY), "tables": ["staging.posts"]}
MAY = [str(DAY - dt.timedelta(days=number)) for number in range(-1, 3)]


@pytest.fixture
def pauses(world: World, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the pipeline, for which the clock goes on."""
    found: list[float] = []

    def sleep(seconds: float) -> None:
        found.append(seconds)
        world.clock[0] += dt.timedelta(seconds=seconds)

    world.land(*MAY)
    monkeypatch.setattr(type(world.pipeline.queue), "hold", lambda *_: None)
    world.pipeline = dataclasses.replace(world.pipeline, sleep=sleep)
    return found


def test_a_backfill_outlasts_ten_minutes_of_failures(world: World, pauses: list[float]) -> None:
    # Given an Athena that fails at everything until some minutes have gone by
    world.athena.failing["CREATE TABLE"] = ("INTERNAL_ERROR: please try again", True)
    before = world.clock[0]
    sleep = world.pipeline.sleep

    def sleep_until_it_is_over(seconds: float) -> None:
        sleep(seconds)
        if world.clock[0] - before > dt.timedelta(minutes=10):
            world.athena.failing.clear()

    world.pipeline = dataclasses.replace(world.pipeline, sleep=sleep_until_it_is_over)
    # When
    start(world, **ONE_DAY)
    drain(world)
    # Then it is built in the end, after a handful of tries and not after hundreds
    builds = world.pipeline.ledger.builds("staging.posts", DAY)
    assert [one.status for one in builds[-2:]] == ["failed", "published"]
    assert 8 < len(builds) < 20


def test_a_failure_that_stays_is_not_tried_for_ever(world: World, pauses: list[float]) -> None:
    # Given
    world.athena.failing["CREATE TABLE"] = ("INTERNAL_ERROR: please try again", True)
    before = world.clock[0]
    # When
    start(world, **ONE_DAY)
    drain(world)
    # Then the backfill ends as failed after thirty tries, a minute apart at last
    builds = world.pipeline.ledger.builds("staging.posts", DAY)
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert (backfill.status, len(builds)) == ("failed", 30)
    assert dt.timedelta(minutes=24) < world.clock[0] - before < dt.timedelta(minutes=32)
