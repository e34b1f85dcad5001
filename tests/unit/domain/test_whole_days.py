"""Whole days: what a row says, and which rows a build may change."""

from __future__ import annotations

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from dayfold.domain.partition import PartitionState
from dayfold.domain.planning import Decision, Facts
from dayfold.domain.table import BusinessDayWindow, HoursWindow, Input, Table, Window
from dayfold.domain.whole_days import day_rows, tables_digest, touched_days

DAY = dt.date(2004, 5, 20)
TZ = ZoneInfo("Asia/Tokyo")


def table(name: str, *inputs: Input, sql: str = "a") -> Table:
    return Table(
        name=name,
        path="",
        description="",
        owner="",
        grain=(),
        inputs=inputs,
        checks=(),
        columns=(),
        sql="",
        sql_hash=sql,
    )


POSTS = table("staging.posts", Input("raw.events", BusinessDayWindow()))
WEEKLY = table("kpi.weekly", Input("staging.posts", Window(-6, 0)))
REPLIES = table("kpi.replies", Input("staging.posts", HoursWindow(0, 24)))
TABLES = {one.name: one for one in (POSTS, WEEKLY, REPLIES)}


def state(status: str = "published", shown: str | None = "b1") -> PartitionState:
    return PartitionState(
        status=status,  # type: ignore[arg-type]
        attempt=1,
        run_id="r",
        build_id="b1",
        published_build_id=shown,
    )


def facts(**states: PartitionState) -> Facts:
    """Facts of one day, by the table's short name."""
    now = dt.datetime(2004, 6, 1, tzinfo=dt.UTC)
    ledger = {
        name: {DAY: states[one.short_name]}
        for name, one in TABLES.items()
        if one.short_name in states
    }
    return Facts(TABLES, ledger, {}, frozenset(), TZ, now, 2)


@pytest.mark.parametrize(
    ("states", "actions", "said"),
    [
        # published, stale, failed, waiting
        ([state(), state(), state()], "kkk", (True, 3, 0, 0, 0)),
        ([state(), state(), state()], "kbk", (False, 3, 1, 0, 0)),
        ([state(), state("failed"), state()], "kbk", (False, 3, 0, 1, 0)),
        ([state(), state("failed", None), state()], "kbk", (False, 2, 0, 1, 0)),
        ([state(), state()], "kkw", (False, 2, 0, 0, 1)),
        ([state(), state()], "kkk", (False, 2, 0, 0, 0)),  # nobody builds the third, nobody has
    ],
)
def test_a_day_is_whole_if_all_is_published_and_nothing_is_to_do(
    states: list[PartitionState], actions: str, said: tuple[object, ...]
) -> None:
    # Given
    words = {"k": "keep", "b": "build", "w": "wait"}
    decisions = {
        name: {DAY: Decision(words[letter])}  # type: ignore[arg-type]
        for name, letter in zip(TABLES, actions, strict=True)
    }
    known = dict(zip(("posts", "weekly", "replies"), states, strict=False))
    # When
    (row,) = day_rows(facts(**known), decisions, [DAY]).values()
    # Then
    assert (row.complete, row.published, row.stale, row.failed, row.waiting) == said
    assert row.tables == 3


def test_a_day_of_which_nothing_is_known_has_no_row() -> None:
    # Given
    decisions = {name: {DAY: Decision("wait")} for name in TABLES}
    # When / Then
    assert day_rows(facts(), decisions, [DAY]) == {}


def test_a_build_touches_its_day_and_the_days_that_read_it() -> None:
    # When
    touched = touched_days(TABLES, {"staging.posts": [DAY]})
    # Then a week on, and at least the day before, whose replies may come a day later
    assert {DAY + dt.timedelta(days=n) for n in range(-1, 7)} <= touched
    assert max(touched) == DAY + dt.timedelta(days=6)


def test_nothing_reads_the_last_table() -> None:
    # When / Then
    assert touched_days(TABLES, {"kpi.weekly": [DAY]}) == {DAY}


def test_a_new_table_and_an_edited_query_are_noticed() -> None:
    # Given
    edited = {**TABLES, WEEKLY.name: dataclasses.replace(WEEKLY, sql_hash="b")}
    more = {**TABLES, "kpi.more": table("kpi.more")}
    # When
    digests = {tables_digest(one, TZ) for one in (TABLES, edited, more)}
    # Then
    assert len(digests) == 3
