"""Rollbacks that die, are overtaken or run out of time; and those of whole backfills."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.adapters.catalog import Catalog
from dayfold.adapters.ledger import Ledger
from dayfold.errors import BadRequestError, RetriableError
from dayfold.rolling_back import finish_rollbacks
from tests.unit.pipeline.backfilling import drain, start
from tests.unit.pipeline.rolling import DAY, back, build, put_files, set_attributes, state
from tests.unit.pipeline.world import MAY

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

WEEKLY = "kpi.weekly"
POSTS = "staging.posts"


def test_a_rollback_that_died_is_finished_by_the_next(
    twice: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given one that died before the catalog was written
    def die(*_: object) -> None:
        raise RetriableError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Catalog, "repoint", die)
        with pytest.raises(RetriableError):
            back(twice, "rollback-1", table=WEEKLY, first=DAY)
    assert state(twice, WEEKLY).status == "building"
    # When the command is given again, at once
    answer = back(twice, "rollback-2", table=WEEKLY, first=DAY)
    # Then
    assert answer["moved"] == 1
    first = twice.pipeline.ledger.builds(WEEKLY, DAY)[0]
    assert state(twice, WEEKLY).published_build_id == first.build_id
    assert twice.location(WEEKLY, str(DAY)) == first.location


def test_a_rollback_that_died_after_the_catalog_is_finished_by_the_sweep(
    twice: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given one that died when readers saw the earlier build and the ledger did not know
    def die(*_: object) -> None:
        raise RetriableError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "settle", die)
        with pytest.raises(RetriableError):
            back(twice, "rollback-1", table=WEEKLY, first=DAY)
    first = twice.pipeline.ledger.builds(WEEKLY, DAY)[0]
    assert twice.location(WEEKLY, str(DAY)) == first.location
    # When its lease is over and the sweep looks
    assert finish_rollbacks(twice.pipeline, [DAY]) == []
    twice.clock[0] += dt.timedelta(seconds=301)
    finished = finish_rollbacks(twice.pipeline, [DAY])
    # Then both say the same
    assert finished == [f"{WEEKLY} {DAY}: rollback-1, finished"]
    after = state(twice, WEEKLY)
    assert (after.status, after.published_build_id) == ("published", first.build_id)
    assert (after.pinned, after.pinned_by) == (True, "the sweep, for rollback-1")
    assert finish_rollbacks(twice.pipeline, [DAY]) == []


def test_all_that_a_backfill_published_goes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two days built, then a backfill of four; one of the two is built once more since
    monkeypatch.setattr(type(world.pipeline.queue), "hold", lambda *_: None)
    world.land(*MAY)
    build(world, "run-1", "2004-05-18", "2004-05-19", tables=[POSTS])
    start(world, "spring", policy="all", tables=[POSTS])
    drain(world)
    put_files(world, "backfill-spring")
    build(world, "run-2", "2004-05-19", tables=[POSTS])
    # When
    answer = back(world, backfill="spring")
    # Then what it built over goes back, what it made first is left, what is newer stays
    actions = {one["day"]: one["action"] for one in answer["partitions"]}
    assert actions == {
        "2004-05-17": "leave",
        "2004-05-18": "move",
        "2004-05-19": "done",
        "2004-05-20": "leave",
    }
    (run_1,) = [
        one
        for one in world.pipeline.ledger.builds(POSTS, dt.date(2004, 5, 18))
        if one.run_id == "run-1"
    ]
    assert world.location(POSTS, "2004-05-18") == run_1.location


def test_a_backfill_that_goes_on_is_not_rolled_back(world: World) -> None:
    # Given
    world.land(*MAY)
    start(world, "spring", policy="all", tables=[POSTS])
    # When / Then
    with pytest.raises(BadRequestError, match="is running: `dayfold backfill cancel spring`"):
        back(world, backfill="spring")


def test_a_writer_that_took_over_wins(twice: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given somebody takes the lease while the rollback writes the catalog
    second = twice.pipeline.ledger.builds(WEEKLY, DAY)[1]
    repoint = Catalog.repoint
    taken: list[int] = []

    def repoint_late(self: Catalog, *args: Any) -> None:
        if not taken:
            taken.append(1)
            set_attributes(
                WEEKLY,
                {
                    "run_id": {"S": "run-9"},
                    "attempt": {"N": "9"},
                    "lease_until": {"N": "9999999999"},
                },
            )
        repoint(self, *args)

    monkeypatch.setattr(Catalog, "repoint", repoint_late)
    # When
    answer = back(twice, table=WEEKLY, first=DAY)
    # Then readers are where the ledger says, and the new writer keeps its lease
    assert (answer["moved"], answer["left"]) == (0, 1)
    assert twice.location(WEEKLY, str(DAY)) == second.location
    assert state(twice, WEEKLY).run_id == "run-9"


def test_out_of_time_it_says_so_and_goes_on_when_asked_again(twice: World) -> None:
    # When
    answer = back(twice, table=WEEKLY, first=DAY, seconds_left=lambda: 1.0)
    # Then
    assert (answer["cut_off"], answer["moved"]) == (True, 0)
    assert back(twice, table=WEEKLY, first=DAY)["moved"] == 1
