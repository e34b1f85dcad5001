"""`kpi.days`: right after every change, and never an older version over a newer one."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dayfold.adapters.whole_days import Version, WholeDays
from dayfold.whole_days import refresh
from tests.unit.pipeline.rolling import DAY, back, build
from tests.unit.pipeline.world import BUCKET, MAY, client

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from dayfold.domain.whole_days import DayRow
    from tests.unit.pipeline.world import World

NEXT = str(DAY + dt.timedelta(days=1))


def rows(world: World) -> dict[str, DayRow]:
    """What readers see, by day."""
    return {row.dt: row for row in world.pipeline.whole_days.current().rows}


def test_the_end_of_a_run_says_which_days_are_whole(world: World) -> None:
    # Given
    world.land(*MAY)
    # When one day is built, with the week of posts that it reads
    build(world, "run-1", str(DAY))
    # Then it is whole; the days before have their posts, and no more
    assert rows(world)[str(DAY)].complete
    before = rows(world)["2004-05-19"]
    assert (before.complete, before.tables, before.published) == (False, 2, 1)
    assert NEXT not in rows(world)


def test_what_a_rollback_makes_stale_is_not_whole_until_it_is_rebuilt(world: World) -> None:
    # Given two whole days, the second built from the first day's posts too
    world.land(*MAY)
    build(world, "run-1", str(DAY), NEXT)
    build(world, "run-2", str(DAY), NEXT)
    assert {rows(world)[day].complete for day in (str(DAY), NEXT)} == {True}
    # When the posts of the first day are rolled back
    back(world, table="staging.posts", first=DAY)
    # Then neither day is whole
    seen = [(rows(world)[day].complete, rows(world)[day].stale) for day in (str(DAY), NEXT)]
    assert seen == [(False, 1), (False, 1)]
    # When a run has rebuilt what read them
    build(world, "run-3", str(DAY), NEXT, policy="stale")
    # Then both are whole again: what is pinned counts as current
    assert {rows(world)[day].complete for day in (str(DAY), NEXT)} == {True}


def test_an_edited_query_takes_wholeness_from_every_day_at_the_next_sweep(world: World) -> None:
    # Given a whole day, longer ago than the sweep looks
    world.land(*MAY)
    build(world, "run-1", str(DAY))
    world.land("2004-09-30")
    world.clock[0] = dt.datetime(2004, 10, 1, 12, tzinfo=dt.UTC)
    refresh(world.pipeline)
    assert rows(world)[str(DAY)].complete
    path = world.queries / "kpi" / "weekly.sql"
    path.write_text(path.read_text().replace("count(*)", "count(*) + 1"))
    # When
    changed = refresh(world.pipeline)
    # Then
    assert changed
    assert not rows(world)[str(DAY)].complete


def test_nothing_is_swapped_when_nothing_has_changed(world: World) -> None:
    # Given
    world.land(*MAY)
    build(world, "run-1", str(DAY))
    refresh(world.pipeline)
    seen = world.pipeline.whole_days.current()
    # When
    changed = refresh(world.pipeline)
    # Then
    assert not changed
    assert world.pipeline.whole_days.current() == seen


def test_a_version_is_renewed_before_its_file_expires(world: World) -> None:
    # Given
    world.land(*MAY)
    build(world, "run-1", str(DAY))
    refresh(world.pipeline)
    seen = world.pipeline.whole_days.current()
    # When
    world.clock[0] += dt.timedelta(days=8)
    refresh(world.pipeline, [])
    # Then
    assert world.pipeline.whole_days.current().made_on > seen.made_on
    assert world.pipeline.whole_days.current().rows == seen.rows


def test_of_two_at_once_the_one_that_looked_first_starts_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a catalog that keeps to versions, as Glue does and its stand-in here does not
    world.land(*MAY)
    build(world, "run-1", str(DAY))
    catalog = _Versioned()
    slow, quick = (WholeDays(catalog, client("s3"), BUCKET) for _ in range(2))  # type: ignore[arg-type]
    swap = slow.swap
    looks: list[int] = []

    def swap_late(seen: Version, *rest: Any) -> bool:
        """Between the first look and its swap, the world moves on and somebody else swaps."""
        looks.append(len(seen.rows))
        if len(looks) == 1:
            build(world, "run-2", NEXT)  # ends with a refresh of its own, which is quick's
        return swap(seen, *rest)

    monkeypatch.setattr(slow, "swap", swap_late)
    assert refresh(_with(world, quick), [DAY])
    # When
    object.__setattr__(world.pipeline, "whole_days", quick)
    refresh(_with(world, slow), [dt.date(2004, 5, 19)])
    # Then the slow one looked twice, and what the quick one had shown is still there
    assert len(looks) == 2
    assert NEXT in {row.dt for row in quick.current().rows}


def test_a_failure_does_not_stop_a_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    def deny(*_: object) -> Version:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetTable")

    monkeypatch.setattr(WholeDays, "current", deny)
    world.land(*MAY)
    # When
    ended = world.run("run-1", days=[str(DAY)])
    # Then
    assert ended["status"] == "succeeded"


def _with(world: World, whole_days: WholeDays) -> Any:
    """The world's pipeline with another table of days."""
    return dataclasses.replace(world.pipeline, whole_days=whole_days)


class _Versioned:
    """Glue's one table, with versions compared and swapped."""

    def __init__(self) -> None:
        self.table: dict[str, Any] | None = None

    def get_table(self, **_: object) -> dict[str, Any]:
        if self.table is None:
            raise _refused("EntityNotFoundException", "GetTable")
        return {"Table": self.table}

    def create_table(self, TableInput: Mapping[str, Any], **_: object) -> None:  # noqa: N803
        if self.table is not None:
            raise _refused("AlreadyExistsException", "CreateTable")
        self.table = {**TableInput, "VersionId": "1"}

    def update_table(
        self,
        TableInput: Mapping[str, Any],  # noqa: N803
        VersionId: str,  # noqa: N803
        **_: object,
    ) -> None:
        assert self.table is not None
        if self.table["VersionId"] != VersionId:
            raise _refused("ConcurrentModificationException", "UpdateTable")
        self.table = {**TableInput, "VersionId": str(int(VersionId) + 1)}


def _refused(code: str, call: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, call)
