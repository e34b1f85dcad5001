"""A backfill from its request to its end, message by message, over AWS in memory."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.jobs import Job
from dayfold.errors import BadRequestError
from dayfold.inputs import States, read_states
from dayfold.releasing import steer_backfill
from dayfold.starting import start_job
from tests.unit.pipeline.backfilling import deliver, drain, receive, start

if TYPE_CHECKING:
    from dayfold.pipeline import Pipeline
    from tests.unit.pipeline.world import World


pytestmark = pytest.mark.usefixtures("may", "by_hand")


@pytest.mark.parametrize("copies", [1, 2])
def test_all_days_are_built_once_wave_by_wave(world: World, copies: int) -> None:
    # When every message is delivered once, or twice
    plan = start(world, days_per_job=1)
    drain(world, copies)
    # Then
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert (plan["partitions"], plan["jobs"]) == (14, 14)
    assert (backfill.status, backfill.published, backfill.failed) == ("succeeded", 14, 0)
    assert (backfill.jobs_done, backfill.jobs) == (14, 14)
    assert len(world.athena.builds("staging.posts")) == 10
    assert len(world.athena.builds("kpi.weekly")) == 4
    assert backfill.committed_usd == pytest.approx(backfill.spent_usd, abs=1e-6)


def test_wide_jobs_need_few_queries(world: World) -> None:
    # When
    start(world)
    drain(world)
    # Then
    assert len(world.athena.builds("staging.posts")) == 1
    assert len(world.athena.builds("kpi.weekly")) == 1


def test_a_name_is_used_once(world: World) -> None:
    start(world)
    with pytest.raises(BadRequestError, match="there is a backfill 'b1' already"):
        start(world)


def test_nothing_to_do_is_a_success(world: World) -> None:
    # Given
    start(world)
    drain(world)
    # When
    again = start(world, "b2")
    # Then
    assert (again["status"], again["partitions"]) == ("succeeded", 0)
    assert again["confidence"] == "sizes"


def test_the_newest_day_comes_first_unless_asked(world: World) -> None:
    # When
    start(world, days_per_job=1)
    newest = [json.loads(one["Body"])["group"]["first"] for one in receive_in_order(world)]
    start(world, "b2", days_per_job=1, order="oldest")
    oldest = [json.loads(one["Body"])["group"]["first"] for one in receive_in_order(world)]
    # Then
    assert newest == sorted(newest, reverse=True)
    assert oldest == sorted(oldest)


def receive_in_order(world: World) -> list[dict[str, Any]]:
    messages = receive(world.pipeline.settings.queue_url)
    return sorted(messages, key=lambda one: json.loads(one["Body"])["index"])


def test_a_failing_day_is_buried_with_its_reason_and_retried_alone(world: World) -> None:
    # Given a day whose query fails, and with it the days that read it
    world.athena.failing["'2004-05-17' AND '2004-05-18'"] = ("HIVE_BAD_DATA: x", False)
    start(world, days_per_job=1)
    drain(world)
    failed = world.pipeline.backfills.get("b1")
    letters = receive(world.pipeline.settings.dead_letters_url)
    queries = len(world.athena.queries)
    # When it is mended and retried
    world.athena.failing.clear()
    answer = steer_backfill(world.pipeline, name="b1", action="retry")
    drain(world)
    # Then
    assert failed is not None
    assert (failed.status, failed.failed) == ("failed", 4)
    reasons = [one["MessageAttributes"]["reason"]["StringValue"] for one in letters]
    assert any("HIVE_BAD_DATA" in reason for reason in reasons)
    after = world.pipeline.backfills.get("b1")
    assert after is not None
    assert (after.status, after.published, after.failed) == ("succeeded", 14, 0)
    assert answer["jobs_sent"] == 1
    assert len(world.athena.queries) - queries == 8  # four partitions, each with its checks


def test_redriving_dead_letters_by_hand_is_harmless(world: World) -> None:
    # Given a failed backfill
    world.athena.failing["'2004-05-17' AND '2004-05-18'"] = ("HIVE_BAD_DATA: x", False)
    start(world, days_per_job=1)
    drain(world)
    before = world.pipeline.backfills.get("b1")
    queries = len(world.athena.queries)
    # When its dead letters are delivered again
    letters = receive(world.pipeline.settings.dead_letters_url)
    said = [deliver(world, letter) for letter in letters]
    # Then
    assert letters
    assert set(said) == {"nothing to do: failed"}
    assert world.pipeline.backfills.get("b1") == before
    assert len(world.athena.queries) == queries


def test_a_paused_backfill_starts_nothing_and_resumes_where_it_was(world: World) -> None:
    # Given
    start(world, days_per_job=1)
    messages = receive(world.pipeline.settings.queue_url)
    deliver(world, messages[0])
    steer_backfill(world.pipeline, name="b1", action="pause")
    # When what is in the queue arrives
    said = [deliver(world, message) for message in messages[1:]]
    queries = len(world.athena.queries)
    resumed = steer_backfill(world.pipeline, name="b1", action="resume")
    drain(world)
    # Then
    assert set(said) == {"nothing to do: paused"}
    assert queries == 2
    assert resumed["jobs_sent"] == 9
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert (backfill.status, backfill.published) == ("succeeded", 14)


def test_a_cancelled_backfill_leaves_partitions_buildable(world: World) -> None:
    # Given a job whose query runs when the backfill is cancelled
    start(world)
    world.athena.running.add("CREATE TABLE")
    (message,) = receive(world.pipeline.settings.queue_url)
    ticks = iter(range(10_000))

    def sleep(_: float) -> None:
        world.clock[0] += dt.timedelta(seconds=61)
        if next(ticks) == 1:
            steer_backfill(world.pipeline, name="b1", action="cancel")

    object.__setattr__(world.pipeline, "sleep", sleep)
    # When
    said = deliver(world, message)
    world.athena.running.clear()
    world.clock[0] += dt.timedelta(hours=1)
    ended = world.run("run-1", days=["2004-05-20"])
    # Then its query is stopped, and a run builds the days
    assert said == "stopped: cancelled"
    assert world.athena.stopped
    assert ended["status"] == "succeeded"
    with pytest.raises(BadRequestError, match="has ended as cancelled: nothing to pause"):
        steer_backfill(world.pipeline, name="b1", action="pause")


def test_a_day_that_another_delivery_tries_again_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a wide job that fails, and another delivery that is the first to try a day apart
    start(world, tables=["staging.posts"])
    world.athena.failing["_a1_"] = ("HIVE_BAD_DATA: x", False)
    others: list[str] = []

    def read_after_the_other(pipeline: Pipeline, days: dict[str, list[dt.date]]) -> States:
        if not others:
            (job,) = [Job.from_json(one) for one in jobs]
            first = job.apart()[0]
            answer = start_job(pipeline, first, {str(first.first): {}}, run_id="backfill-b1")
            others.append(answer["status"])
        return read_states(pipeline, days)

    monkeypatch.setattr("dayfold.group_build.read_states", read_after_the_other)
    object.__setattr__(world.pipeline, "sleep", lambda _: tick(world))
    (message,) = receive(world.pipeline.settings.queue_url)
    jobs = json.loads(message["Body"])["group"]["jobs"]
    # When
    deliver(world, message)
    # Then the job does not end before that day has, and counts it
    backfill = world.pipeline.backfills.get("b1")
    assert others == ["building"]
    assert backfill is not None
    assert (backfill.status, backfill.published) == ("succeeded", backfill.partitions)


def tick(world: World) -> None:
    world.clock[0] += dt.timedelta(seconds=3)


def test_a_cancel_between_two_deliveries_stops_the_query_too(world: World) -> None:
    # Given a job that was handed on with its query running, and then its backfill is cancelled
    start(world)
    world.athena.running.add("CREATE TABLE")
    (message,) = receive(world.pipeline.settings.queue_url)
    times = iter([900.0, 900.0, 1.0])
    deliver(world, message, lambda: next(times))
    (again,) = receive(world.pipeline.settings.queue_url)
    steer_backfill(world.pipeline, name="b1", action="cancel")
    # When its message arrives, and arrives once more
    said = [deliver(world, again), deliver(world, again)]
    # Then nobody pays for the query any longer, and a run builds the days at once
    assert said == ["stopped: cancelled", "nothing to do: cancelled"]
    assert len(world.athena.stopped) == 1
    world.athena.running.clear()
    assert world.run("run-1", days=["2004-05-20"])["status"] == "succeeded"


def test_a_long_job_is_handed_on_and_joins_its_query_again(world: World) -> None:
    # Given a query that outlasts the Lambda
    start(world)
    world.athena.running.add("CREATE TABLE")
    (message,) = receive(world.pipeline.settings.queue_url)
    # When the time is nearly over, and the next delivery finds the query ended
    lives = iter([900.0, 900.0, 10.0])
    said = deliver(world, message, lambda: next(lives))
    world.athena.running.clear()
    drain(world)
    # Then
    assert said == "handed back: out of time"
    assert len(world.athena.builds("staging.posts")) == 1
    builds = world.pipeline.ledger.builds("staging.posts", dt.date(2004, 5, 20))
    assert [build.attempt for build in builds] == [1]


def test_throttling_neither_fails_a_partition_nor_burns_an_attempt(world: World) -> None:
    # Given an Athena that refuses the first starts
    world.athena.throttled_starts = 3
    # When
    start(world)
    drain(world)
    # Then
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert (backfill.status, backfill.failed) == ("succeeded", 0)
    builds = world.pipeline.ledger.builds("staging.posts", dt.date(2004, 5, 20))
    assert [build.attempt for build in builds] == [1]


def test_the_daily_run_goes_first(world: World) -> None:
    # Given a daily run that builds
    start(world)
    (message,) = receive(world.pipeline.settings.queue_url)
    world.plan("run-1", days=["2004-05-30"])
    # When
    behind = deliver(world, message)
    world.drive("run-1")
    after = deliver(world, message)
    # Then
    assert behind == "handed back: behind the daily run"
    assert after == "built"


def test_a_wave_that_nobody_released_is_released_by_the_message_that_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the job that ends the first wave dies before the next wave's messages are sent
    start(world)
    (message,) = receive(world.pipeline.settings.queue_url)
    send = type(world.pipeline.queue).send

    def die(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(type(world.pipeline.queue), "send", die)
    with pytest.raises(RuntimeError):
        deliver(world, message)
    monkeypatch.setattr(type(world.pipeline.queue), "send", send)
    # When its message is delivered again
    said = deliver(world, message)
    drain(world)
    # Then
    assert said == "done before"
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert (backfill.status, backfill.published) == ("succeeded", 14)
