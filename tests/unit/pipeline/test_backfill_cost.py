"""What a backfill has cost, and the limit that it does not cross."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold.errors import BadRequestError, ThrottledError
from dayfold.releasing import steer_backfill
from tests.unit.pipeline.backfilling import drain, start

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World


pytestmark = pytest.mark.usefixtures("may", "by_hand")


def test_the_cost_limit_pauses_before_it_is_crossed(world: World) -> None:
    # Given a limit that ten jobs do not fit into
    start(world, days_per_job=1, max_cost_usd=0.0005)
    # When
    said = drain(world)
    # Then
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert backfill.status == "paused"
    assert "would cross the limit of $0.0005" in str(backfill.reason)
    assert 0 < backfill.committed_usd <= 0.0005
    assert "over the limit" in said


def test_a_higher_limit_takes_it_on_from_where_it_stopped(world: World) -> None:
    # Given a backfill at its limit
    start(world, days_per_job=1, max_cost_usd=0.0005)
    drain(world)
    stopped = world.pipeline.backfills.get("b1")
    assert stopped is not None
    # When it is resumed under a higher one
    steer_backfill(world.pipeline, name="b1", action="resume", max_cost_usd=1)
    drain(world)
    # Then
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert 0 < stopped.published < 14
    assert (backfill.status, backfill.published, backfill.max_cost_usd) == ("succeeded", 14, 1)
    assert len(world.athena.builds("staging.posts")) == 10


@pytest.mark.parametrize(
    ("action", "limit", "said"),
    [
        ("resume", 0.00001, "spent or running: give a limit above that, not"),
        ("resume", -1, "give dollars above 0"),
        ("pause", 1, "pause takes no cost limit"),
        ("explode", None, "give one of cancel, pause, resume, retry"),
    ],
)
def test_a_limit_that_makes_no_sense_changes_nothing(
    world: World, action: str, limit: float | None, said: str
) -> None:
    # Given
    start(world, days_per_job=1, max_cost_usd=0.0005)
    drain(world)
    before = world.pipeline.backfills.get("b1")
    # When
    with pytest.raises(BadRequestError, match=said):
        steer_backfill(world.pipeline, name="b1", action=action, max_cost_usd=limit)
    # Then
    assert world.pipeline.backfills.get("b1") == before


def test_a_build_that_broke_a_check_is_counted_as_spent(world: World) -> None:
    # Given one day whose rows break a rule
    broken = {"check_name": "not_null(user_id)", "severity": "error", "dt": "2004-05-20"}
    day = "BETWEEN '2004-05-20' AND '2004-05-20'"
    world.athena.broken[day] = [{**broken, "broken": "1", "sample": "[]"}]
    # When
    start(world, first="2004-05-20", tables=["staging.posts"], days_per_job=1)
    drain(world)
    # Then
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert (backfill.status, backfill.published, backfill.failed) == ("failed", 0, 1)
    assert backfill.spent_usd > 0
    assert backfill.committed_usd == pytest.approx(backfill.spent_usd)


def test_the_plan_reckons_with_the_concurrency_asked_for(world: World) -> None:
    # When
    few = start(world, days_per_job=1, dry_run=True, concurrency=2)
    many = start(world, days_per_job=1, dry_run=True, concurrency=1000)
    # Then
    assert few["expected_seconds"] > 2 * many["expected_seconds"]
    with pytest.raises(BadRequestError, match="the concurrency is 1: give a number from 2 to"):
        start(world, dry_run=True, concurrency=1)


def test_jobs_that_could_not_be_sent_are_named_with_what_sends_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a queue that refuses
    send = type(world.pipeline.queue).send

    def refuse(*_: object, **__: object) -> None:
        raise ThrottledError("the queue refused 10 of 10 messages")

    monkeypatch.setattr(type(world.pipeline.queue), "send", refuse)
    # When
    with pytest.raises(ThrottledError, match="`dayfold backfill resume b1` sends them"):
        start(world)
    monkeypatch.setattr(type(world.pipeline.queue), "send", send)
    steer_backfill(world.pipeline, name="b1", action="resume")
    drain(world)
    # Then
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert backfill.status == "succeeded"
