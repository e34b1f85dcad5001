"""The sweep: what no event announced is found and started once, what has died is ended."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from dayfold.backfill_plans import start_backfill
from dayfold.domain.days import day_range
from dayfold.starting import start_build
from dayfold.sweep import sweep
from dayfold.waves import plan_wave
from tests.unit.pipeline.world import BUCKET, client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

FIRST, LAST = dt.date(2004, 4, 20), dt.date(2004, 6, 9)
LANDED = [str(day) for day in day_range(FIRST, LAST)]
LATE = "2004-05-11"  # 30 days before the clock's 2004-06-10
# The file of the 11th by UTC holds Tokyo's 11th and 12th; the week reads six days back.
COVERED = {
    *(("staging.posts", day) for day in ("2004-05-11", "2004-05-12")),
    *(("kpi.weekly", f"2004-05-{day}") for day in range(11, 19)),
}
RECENT, RECENTLY_COVERED = "2004-06-08", 2 + 2  # its two days, and the weeks of these up to the 9th


def test_a_file_added_to_a_day_long_past_rebuilds_exactly_what_covers_it(world: World) -> None:
    # Given five weeks that are built
    _build_all(world, 35)
    assert sweep(world.pipeline).building == 0
    before = _builds(world)
    # When a file is added to a day of a month ago, and the sweep passes
    _add_file(world, LATE)
    record = sweep(world.pipeline)
    ended = _run_started(world, record.started)
    # Then
    assert record.building == len(COVERED)
    assert record.started_kind == "run"
    assert ended["published"] == len(COVERED)
    assert {place for place, build in _builds(world).items() if before[place] != build} == COVERED
    assert sweep(world.pipeline).building == 0


def test_a_day_whose_event_was_lost_is_found(world: World) -> None:
    # Given a day that was crawled, and no run
    _build_all(world, 12)
    world.land("2004-06-10")
    world.clock[0] = dt.datetime(2004, 6, 11, 1, tzinfo=dt.UTC)
    # When
    record = sweep(world.pipeline)
    _run_started(world, record.started)
    # Then
    assert record.found == {"missing": 2}
    assert world.location("kpi.weekly", "2004-06-10") is not None


def test_days_before_the_first_extract_are_nobody_s_business(world: World) -> None:
    # Given a source that began five days ago
    world.land("2004-06-06", "2004-06-07", "2004-06-08", "2004-06-09")
    # When
    record = sweep(world.pipeline)
    # Then the days since then are found, and what their weeks read
    assert record.first == "2004-06-06"
    assert {line.split()[1].rstrip(":") for line in record.partitions if "kpi." in line} == {
        "2004-06-06",
        "2004-06-07",
        "2004-06-08",
        "2004-06-09",
    }


def test_two_sweeps_at_once_start_the_same_work_under_the_same_name(world: World) -> None:
    # Given
    _build_all(world, 12)
    _add_file(world, RECENT)
    # When neither has seen the other
    first, second = sweep(world.pipeline), sweep(world.pipeline)
    # Then
    assert first.started == second.started
    assert list(world.executions.started) == [first.started]


def test_what_a_run_or_a_backfill_has_in_its_plan_is_left_to_it(world: World) -> None:
    # Given a run that has planned all of it and built nothing yet
    _build_all(world, 12)
    _add_file(world, RECENT)
    world.plan("run-9", first="2004-06-01", last=str(LAST))
    # When
    beside_a_run = sweep(world.pipeline)
    world.executions.running.clear()
    sweep(world.pipeline, dry_run=True)
    start_backfill(world.pipeline, event={"first": "2004-05-01", "last": str(LAST), "name": "may"})
    beside_a_backfill = sweep(world.pipeline)
    # Then
    assert (beside_a_run.building, beside_a_run.left_to_others) == (0, RECENTLY_COVERED)
    assert (beside_a_backfill.building, beside_a_backfill.left_to_others) == (0, RECENTLY_COVERED)
    assert world.executions.started == {}


def test_much_work_becomes_a_backfill_and_only_once(world: World) -> None:
    # Given days too large to share a query, so that each is a job, and nothing is built
    for number, day in enumerate(LANDED):
        world.land(day, text="x" * (number + 1))
    world.pipeline = dataclasses.replace(
        world.pipeline, settings=dataclasses.replace(world.pipeline.settings, sweep_days=45)
    )
    _make_days_large(world)
    # When
    first = sweep(world.pipeline)
    second = sweep(world.pipeline)
    # Then
    assert first.started_kind == "backfill"
    assert [one.name for one in world.pipeline.backfills.list()] == [first.started]
    assert second.building == 0
    assert second.left_to_others == first.building


def test_a_lease_that_ran_out_is_ended_its_query_stopped_and_its_day_built(world: World) -> None:
    # Given a build whose run died
    world.land(*LANDED)
    world.plan("run-1", days=["2004-06-08"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    world.athena.running.add("CREATE TABLE")
    started = start_build(world.pipeline, run_id="run-1", name=name, index=0)
    world.executions.running.clear()
    # When
    record = sweep(world.pipeline)
    # Then
    state = world.pipeline.ledger.partitions("staging.posts", _day("2004-06-08"), LAST)
    assert record.ended_runs == ("run-1",)
    assert record.ended_leases == ("staging.posts 2004-06-08: attempt 1 of run-1",)
    assert state[_day("2004-06-08")].status == "failed"
    assert "its writer died" in str(state[_day("2004-06-08")].error)
    assert record.stopped_queries == (started["build"]["query_id"],)
    assert world.athena.stopped == list(record.stopped_queries)
    assert record.building > 0


def test_a_build_under_way_is_left_alone(world: World) -> None:
    # Given
    world.land(*LANDED)
    world.plan("run-1", days=["2004-06-08"], tables=["staging.posts"])
    name = plan_wave(world.pipeline, run_id="run-1", wave=1)["name"]
    world.athena.running.add("CREATE TABLE")
    start_build(world.pipeline, run_id="run-1", name=name, index=0)
    # When
    record = sweep(world.pipeline)
    # Then
    assert (record.ended_runs, record.ended_leases, record.stopped_queries) == ((), (), ())
    assert record.left_to_others == 1


def test_a_query_that_no_lease_names_is_stopped_and_a_person_s_is_not(world: World) -> None:
    # Given a build's query of which the ledger knows nothing, and somebody's own
    place = f"s3://{BUCKET}/builds/kpi.weekly/2004-05-20-a1-0123456789/"
    statement = f'CREATE TABLE "build"."x" WITH (\n external_location = \'{place}\') AS SELECT 1'
    lost = world.athena.start(statement, "lost")
    world.athena.start("SELECT * FROM kpi.weekly", "a person's")
    world.athena.running |= {"CREATE TABLE", "SELECT * FROM kpi.weekly"}
    # When
    record = sweep(world.pipeline)
    # Then
    assert record.stopped_queries == (lost,)
    assert world.athena.stopped == [lost]


def test_a_backfill_that_stands_still_gets_its_messages_again(world: World) -> None:
    # Given a backfill whose messages were lost
    world.land(*LANDED)
    start_backfill(world.pipeline, event={"first": "2004-05-01", "last": str(LAST), "name": "may"})
    queue = world.pipeline.settings.queue_url
    client("sqs").purge_queue(QueueUrl=queue)
    soon = sweep(world.pipeline).resumed_backfills
    # When nothing has happened for longer than a lease
    world.clock[0] += dt.timedelta(minutes=10)
    record = sweep(world.pipeline)
    again = sweep(world.pipeline)
    # Then
    counts = client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
    )
    first_wave = world.pipeline.backfills.waves("may")[0]
    assert soon == ()
    assert record.resumed_backfills == ("may",)
    assert again.resumed_backfills == ()
    assert int(counts["Attributes"]["ApproximateNumberOfMessages"]) == first_wave.jobs


def test_what_failed_again_and_again_at_the_same_is_given_up_until_something_changes(
    world: World,
) -> None:
    # Given a day whose build fails each time
    _build_all(world, 12)
    world.land("2004-06-10")
    world.clock[0] = dt.datetime(2004, 6, 11, 1, tzinfo=dt.UTC)
    world.athena.failing["'2004-06-10' AND '2004-06-11'"] = ("SYNTAX_ERROR: no", False)
    world.athena.failing["'2004-06-09' AND '2004-06-10'"] = ("SYNTAX_ERROR: no", False)
    # When
    tries = 0
    while (record := sweep(world.pipeline)).started is not None:
        _run_started(world, record.started)
        world.clock[0] += dt.timedelta(hours=1)
        tries += 1
        assert tries < 10
    _add_file(world, "2004-06-10")
    changed = sweep(world.pipeline)
    # Then
    assert tries == 3
    assert [line.partition(":")[0] for line in record.given_up] == ["staging.posts 2004-06-10"]
    assert changed.given_up == ()
    assert changed.building == 2


def test_a_file_that_no_crawl_has_seen_starts_the_crawler_once(world: World) -> None:
    # Given a new day's file that nobody has crawled
    _build_all(world, 12)
    client("s3").put_object(
        Bucket=BUCKET, Key="raw/events/dt=2004-06-10/part-0.json", Body=b'{"user_id": "u"}'
    )
    # When
    looked = sweep(world.pipeline, dry_run=True)
    first = sweep(world.pipeline)
    second = sweep(world.pipeline)
    # Then the second finds it at work
    assert (looked.crawled, first.crawled, second.crawled) == (True, True, False)


def test_a_dry_run_changes_nothing_and_a_sweep_is_kept(world: World) -> None:
    # Given
    _build_all(world, 12)
    _add_file(world, RECENT)
    # When
    looked = sweep(world.pipeline, dry_run=True)
    nothing = (dict(world.executions.started), world.pipeline.sweeps.latest())
    done = sweep(world.pipeline)
    # Then
    assert nothing == ({}, [])
    assert looked.building == done.building == RECENTLY_COVERED
    (kept,) = world.pipeline.sweeps.latest()
    assert (kept.started, kept.building) == (done.started, done.building)


def _build_all(world: World, days: int) -> None:
    """Land and build so many days up to yesterday, which is how far sweeps look."""
    settings = dataclasses.replace(world.pipeline.settings, sweep_days=days)
    world.pipeline = dataclasses.replace(world.pipeline, settings=settings)
    first = LAST - dt.timedelta(days=days - 2)
    reads = first - dt.timedelta(days=7)  # a week of posts, the first from the file before
    world.land(*map(str, day_range(reads, LAST)))
    world.run("run-0", first=str(first), last=str(LAST))


def _add_file(world: World, day: str) -> None:
    client("s3").put_object(Bucket=BUCKET, Key=f"raw/events/dt={day}/late.json", Body=b"{}")


def _run_started(world: World, name: str | None) -> dict[str, object]:
    assert name is not None
    return world.run(name, **world.executions.started[name]["request"])


def _builds(world: World) -> dict[tuple[str, str], str | None]:
    return {
        (table, str(day)): state.published_build_id
        for table in world.pipeline.tables()
        for day, state in world.pipeline.ledger.partitions(table, FIRST, LAST).items()
    }


def _make_days_large(world: World) -> None:
    """Let the raw days seem so large that none shares a job with another."""
    extracts = world.pipeline.extracts
    look = extracts.partitions
    extracts.partitions = lambda table, days: {  # type: ignore[method-assign]
        day: dataclasses.replace(one, size_bytes=10**12) for day, one in look(table, days).items()
    }


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
