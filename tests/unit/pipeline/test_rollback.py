"""Rolling back: one step for readers, one writer at a time, and nothing moves on bad input."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.days import day_range
from dayfold.errors import BadRequestError
from tests.unit.pipeline.rolling import DAY, back, build, set_attributes, state
from tests.unit.pipeline.world import BUCKET, client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

WEEKLY = "kpi.weekly"
POSTS = "staging.posts"


def test_a_day_goes_back_to_the_build_before(twice: World) -> None:
    # Given
    first, second = twice.pipeline.ledger.builds(WEEKLY, DAY)
    # When
    answer = back(twice, "rollback-x", table=WEEKLY, first=DAY)
    # Then readers and ledger agree on it, and the ledger says who did it
    assert (answer["moved"], answer["left"], answer["cut_off"]) == (1, 0, False)
    after = state(twice, WEEKLY)
    assert twice.location(WEEKLY, str(DAY)) == first.location == after.location
    assert (after.status, after.attempt, after.run_id) == ("published", 3, "rollback-x")
    assert (after.published_build_id, after.pinned_by) == (first.build_id, "ann")
    assert after.rows == first.rows
    history = twice.pipeline.ledger.publications(WEEKLY, DAY, DAY)[DAY]
    assert [(one.build_id, one.cause) for one in history] == [
        (first.build_id, "build"),
        (second.build_id, "build"),
        (first.build_id, "rollback"),
    ]
    assert history[-1].undone_build_id == second.build_id


def test_the_next_run_leaves_it_and_rebuilds_what_read_the_undone_build(twice: World) -> None:
    # Given posts of one day rolled back, of which a week of kpi.weekly may have read
    back(twice, table=POSTS, first=DAY)
    pinned = state(twice, POSTS).published_build_id
    before = state(twice, WEEKLY).attempt
    # When
    plan = twice.plan("run-3", days=[str(DAY)], dry_run=True)
    twice.run("run-3", days=[str(DAY)])
    # Then exactly its reader was rebuilt, from the earlier build
    jobs = [job for wave in plan["waves"] for job in wave["jobs"]]
    assert [(job["table"], list(job["reasons"])) for job in jobs] == [(WEEKLY, [str(DAY)])]
    assert jobs[0]["reasons"][str(DAY)].startswith(f"stale: {POSTS}")
    assert state(twice, WEEKLY).attempt == before + 1
    assert state(twice, POSTS).published_build_id == pinned
    # When it is asked for expressly
    build(twice, "run-4", str(DAY), tables=[POSTS])
    # Then it is built anew, and pinned no more
    assert state(twice, POSTS).run_id == "run-4"
    assert not state(twice, POSTS).pinned


def test_an_edited_query_does_not_undo_a_rollback(twice: World) -> None:
    # Given
    back(twice, table=WEEKLY, first=DAY)
    path = twice.queries / "kpi" / "weekly.sql"
    path.write_text(path.read_text().replace("count(*)", "count(*) + 1"))
    # When
    plan = twice.plan("run-3", days=[str(DAY)], dry_run=True)
    # Then
    assert plan["waves"] == []


def test_again_it_goes_no_further(twice: World) -> None:
    # Given three builds
    build(twice, "run-3", str(DAY))
    back(twice, table=WEEKLY, first=DAY)
    shown = state(twice, WEEKLY)
    # When
    answer = back(twice, table=WEEKLY, first=DAY)
    # Then
    assert (answer["moved"], answer["done"]) == (0, 1)
    assert state(twice, WEEKLY) == shown


def test_a_named_build_and_back_again(twice: World) -> None:
    # Given
    first, second = twice.pipeline.ledger.builds(WEEKLY, DAY)
    # When
    for build_id in (first.build_id, second.build_id):
        back(twice, table=WEEKLY, first=DAY, build_id=build_id)
    # Then
    assert twice.location(WEEKLY, str(DAY)) == second.location


def test_a_dry_run_moves_nothing(twice: World) -> None:
    # Given
    before = state(twice, WEEKLY)
    # When
    answer = back(twice, table=WEEKLY, first=DAY, dry_run=True)
    # Then
    assert answer["moved"] == 1
    assert (
        answer["partitions"][0]["build_id"] == twice.pipeline.ledger.builds(WEEKLY, DAY)[0].build_id
    )
    assert state(twice, WEEKLY) == before


def test_a_range_wider_than_a_transaction(world: World) -> None:
    # Given 52 days built twice, and one day more built once
    days = [str(day) for day in day_range(dt.date(2004, 4, 9), dt.date(2004, 5, 30))]
    world.land(*[str(day) for day in day_range(dt.date(2004, 4, 8), dt.date(2004, 6, 1))])
    build(world, "run-1", *days, tables=[POSTS])
    build(world, "run-2", *days, "2004-05-31", tables=[POSTS])
    # When
    answer = back(world, table=POSTS, first=dt.date(2004, 4, 9), last=dt.date(2004, 5, 31))
    # Then
    assert (answer["moved"], answer["left"]) == (52, 1)
    left = [one for one in answer["partitions"] if one["action"] == "leave"]
    assert [one["day"] for one in left] == ["2004-05-31"]
    assert "has no build before" in left[0]["reason"]
    first, last = dt.date.fromisoformat(days[0]), dt.date.fromisoformat(days[-1])
    states = world.pipeline.ledger.partitions(POSTS, first, last)
    records = world.pipeline.ledger.builds(POSTS, first, last)
    earlier = {one.day: one for one in records if one.run_id == "run-1"}
    assert len(states) == len(earlier) == 52
    for day, one in states.items():
        assert one.published_build_id == earlier[str(day)].build_id
        assert world.location(POSTS, str(day)) == one.location == earlier[str(day)].location


BAD_INPUT: list[tuple[dict[str, Any], str]] = [
    ({"table": "kpi.nothing", "first": DAY}, "unknown table 'kpi.nothing'"),
    ({"table": WEEKLY, "first": dt.date(2004, 5, 2)}, "2004-05-02 was never published"),
    ({"table": WEEKLY, "first": DAY, "build_id": "b9"}, "has no build b9: there is"),
    ({"table": WEEKLY, "first": DAY, "last": dt.date(2004, 5, 1)}, "the range is reversed"),
    ({"table": WEEKLY}, "needs a table and a day, or a backfill"),
    ({"backfill": "b", "table": WEEKLY}, "rolled back as a whole"),
    ({"backfill": "never"}, "there is no backfill 'never'"),
]


def test_bad_input_moves_nothing(twice: World) -> None:
    # Given
    before = state(twice, WEEKLY)
    # When / Then
    for asked, said in BAD_INPUT:
        with pytest.raises(BadRequestError, match=said):
            back(twice, **asked)
        assert state(twice, WEEKLY) == before, asked


def test_one_build_in_progress_holds_up_the_whole_range(twice: World) -> None:
    # Given somebody builds one of the days
    seen = state(twice, WEEKLY)
    set_attributes(WEEKLY, {"status": {"S": "building"}, "lease_until": {"N": "9999999999"}})
    # When / Then
    with pytest.raises(BadRequestError, match="2004-05-20 is being built by run-2; wait"):
        back(twice, table=WEEKLY, first=dt.date(2004, 5, 18), last=dt.date(2004, 5, 21))
    assert state(twice, WEEKLY).attempt == seen.attempt


def test_a_build_that_is_being_collected_cannot_be_shown(twice: World) -> None:
    # Given the collection marks the build after the rollback has looked
    first = twice.pipeline.ledger.builds(WEEKLY, DAY)[0]
    looked = twice.pipeline.build_files.empty

    def look_then_collect(places: Any) -> set[str]:
        found = looked(places)
        key = f"BUILD#{DAY}#{first.attempt:06d}"
        set_attributes(WEEKLY, {"collection": {"S": "collecting"}}, key)
        return found

    object.__setattr__(twice.pipeline.build_files, "empty", look_then_collect)
    # When
    answer = back(twice, table=WEEKLY, first=DAY)
    # Then
    assert (answer["moved"], answer["left"]) == (0, 1)
    assert "its files are collected" in answer["partitions"][0]["reason"]
    assert state(twice, WEEKLY).run_id == "run-2"


def test_a_build_whose_files_are_gone_cannot_be_shown(twice: World) -> None:
    # Given somebody has deleted the files behind the ledger's back
    first = twice.pipeline.ledger.builds(WEEKLY, DAY)[0]
    key = str(first.location).removeprefix(f"s3://{BUCKET}/")
    client("s3").delete_object(Bucket=BUCKET, Key=f"{key}part-0")
    # When / Then
    with pytest.raises(BadRequestError, match=f"no files at {first.location}"):
        back(twice, table=WEEKLY, first=DAY)
