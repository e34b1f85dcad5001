"""Planning by facts alone: what is built, kept or waited for, and in which jobs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dayfold.domain.cost import billed_bytes, query_usd
from dayfold.domain.days import day_range
from dayfold.domain.fingerprints import window_digest
from dayfold.domain.jobs import Job, expected_usd, make_jobs
from dayfold.domain.partition import PartitionState
from dayfold.domain.planning import (
    Decision,
    Facts,
    RawPartition,
    decide,
    input_fingerprints,
    needed_days,
)
from dayfold.domain.statements import executed_hash
from dayfold.domain.table import BusinessDayWindow, Column, Input, Table, Window

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = dt.date(2004, 5, 20)
NOW = dt.datetime(2004, 6, 30, tzinfo=dt.UTC)


def table(name: str, *inputs: Input) -> Table:
    return Table(
        name=name,
        path=f"queries/{name.replace('.', '/')}.sql",
        description="",
        owner="tests",
        grain=("dt",),
        inputs=inputs,
        checks=(),
        columns=(Column("n", "bigint", ""),),
        sql="",
        sql_hash=f"hash of {name}",
    )


EVENTS = Input("raw.events", BusinessDayWindow())
TABLES = {
    one.name: one
    for one in (
        table("staging.posts", EVENTS),
        table("kpi.weekly", Input("staging.posts", Window(-6, 0))),
        table("kpi.latency", Input("staging.posts", Window(0, 1))),
        table("kpi.score", Input("kpi.weekly", Window(0, 0)), Input("kpi.latency", Window(0, 0))),
    )
}


def facts(**changes: Any) -> Facts:
    may = day_range(dt.date(2004, 5, 1), dt.date(2004, 5, 31))
    landed = {day: RawPartition(f"files of {day}", 1_000, crawled=True) for day in may}
    values: dict[str, Any] = {
        "tables": TABLES,
        "ledger": {},
        "raw": {"raw.events": landed},
        "missing_raw_tables": frozenset(),
        "tz": TOKYO,
        "now": NOW,
        "input_grace_days": 2,
    }
    return Facts(**{**values, **changes})


def published(world: Facts, name: str, day: dt.date, **changes: Any) -> PartitionState:
    one = world.tables[name]
    values: dict[str, Any] = {
        "status": "published",
        "attempt": 1,
        "run_id": "run-0",
        "build_id": f"build of {day}",
        "published_build_id": f"build of {day}",
        "sql_hash": executed_hash(one, world.tz),
        "inputs": {i.table: window_digest(input_fingerprints(world, i, day)) for i in one.inputs},
    }
    return PartitionState(**{**values, **changes})


def all_published(days: list[dt.date]) -> Facts:
    """A world in which every table was built from what there is now."""
    world = facts()
    ledger: dict[str, dict[dt.date, PartitionState]] = {}
    for name in TABLES:
        world = facts(ledger=ledger)
        ledger[name] = {day: published(world, name, day) for day in days}
    return facts(ledger=ledger)


def built(decisions: dict[str, dict[dt.date, Decision]]) -> dict[str, list[dt.date]]:
    found = {
        name: [day for day, one in days.items() if one.action == "build"]
        for name, days in decisions.items()
    }
    return {name: days for name, days in found.items() if days}


def test_windows_add_up_from_table_to_table() -> None:
    # When
    needed = needed_days(TABLES, ["kpi.score"], [DAY], TOKYO)
    # Then
    one = dt.timedelta(days=1)
    assert needed["staging.posts"] == set(day_range(DAY - 6 * one, DAY + one))
    assert needed["raw.events"] == set(day_range(DAY - 7 * one, DAY + one))


def test_what_is_missing_is_built_with_all_it_reads() -> None:
    # When
    decisions, warnings = decide(facts(), list(TABLES), [DAY], "missing")
    # Then
    assert {name: len(days) for name, days in built(decisions).items()} == {
        "staging.posts": 8,
        "kpi.weekly": 1,
        "kpi.latency": 1,
        "kpi.score": 1,
    }
    assert warnings == []


def test_nothing_is_built_when_nothing_has_changed() -> None:
    # Given
    days = list(day_range(dt.date(2004, 5, 10), dt.date(2004, 5, 22)))
    # When
    decisions, _ = decide(all_published(days), list(TABLES), [DAY], "stale")
    # Then
    assert built(decisions) == {}


@given(st.dates(dt.date(2004, 5, 2), dt.date(2004, 5, 30)))
def test_a_late_file_makes_exactly_those_stale_whose_windows_cover_it(late: dt.date) -> None:
    # Given everything published, then one raw day changed
    days = list(day_range(dt.date(2004, 4, 20), dt.date(2004, 6, 5)))
    world = all_published(days)
    raw = {**world.raw["raw.events"], late: RawPartition("changed", 1, crawled=True)}
    world = facts(ledger=world.ledger, raw={"raw.events": raw})
    wanted = list(day_range(dt.date(2004, 5, 1), dt.date(2004, 5, 31)))
    # When
    decisions, _ = decide(world, list(TABLES), wanted, "stale")
    # Then by the windows alone: the file holds two business days of Tokyo
    one = dt.timedelta(days=1)
    posts = {late, late + one}
    weekly = {day for day in wanted if posts & set(day_range(day - 6 * one, day))}
    latency = {day for day in wanted if posts & set(day_range(day, day + one))}
    found = {name: set(days) for name, days in built(decisions).items()}
    expected = {
        "staging.posts": posts,
        "kpi.weekly": weekly,
        "kpi.latency": latency,
        "kpi.score": weekly | latency,
    }
    # staging days beyond those asked for are rebuilt only if something asked for reads them
    assert {name: days & set(wanted) for name, days in found.items()} == {
        name: days & set(wanted) for name, days in expected.items() if days & set(wanted)
    }


def test_an_edited_query_makes_its_own_and_what_reads_it_stale() -> None:
    # Given
    days = list(day_range(dt.date(2004, 5, 10), dt.date(2004, 5, 22)))
    world = all_published(days)
    latency = {day: published(world, "kpi.latency", day, sql_hash="before") for day in days}
    world = facts(ledger={**world.ledger, "kpi.latency": latency})
    # When
    decisions, _ = decide(world, list(TABLES), [DAY], "stale")
    # Then
    assert built(decisions) == {"kpi.latency": [DAY], "kpi.score": [DAY]}
    assert decisions["kpi.latency"][DAY].reason == "stale: the query or its time zone changed"
    assert decisions["kpi.score"][DAY].reason == "stale: kpi.latency is to be rebuilt"


def test_another_time_zone_makes_what_depends_on_it_stale() -> None:
    # Given everything built for Tokyo
    days = list(day_range(dt.date(2004, 5, 10), dt.date(2004, 5, 22)))
    world = dataclasses.replace(all_published(days), tz=ZoneInfo("Europe/Berlin"))
    # When
    decisions, _ = decide(world, list(TABLES), [DAY], "stale")
    # Then
    assert set(built(decisions)) == set(TABLES)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("missing", {}),
        ("failed", {"kpi.weekly": [DAY]}),
        ("stale", {"kpi.weekly": [DAY], "kpi.score": [DAY]}),
    ],
)
def test_policies_differ_in_what_they_take_up(
    policy: Any, expected: dict[str, list[dt.date]]
) -> None:
    # Given a day whose rebuild failed: readers still see the former build
    days = list(day_range(dt.date(2004, 5, 10), dt.date(2004, 5, 22)))
    world = all_published(days)
    failed = published(world, "kpi.weekly", DAY, status="failed", attempt=2)
    world = facts(
        ledger={**world.ledger, "kpi.weekly": {**world.ledger["kpi.weekly"], DAY: failed}}
    )
    # When
    decisions, _ = decide(world, list(TABLES), [DAY], policy)
    # Then
    assert built(decisions) == expected


def test_an_extract_that_has_not_landed_is_waited_for_then_counts_as_empty() -> None:
    # Given no file for the 20th
    raw = {day: one for day, one in facts().raw["raw.events"].items() if day != DAY}
    end = dt.datetime(2004, 5, 20, 15, tzinfo=dt.UTC)  # of the 20th in Tokyo
    waiting = facts(raw={"raw.events": raw}, now=end + dt.timedelta(days=1, hours=23))
    over = facts(raw={"raw.events": raw}, now=end + dt.timedelta(days=2))
    # When
    before, _ = decide(waiting, ["staging.posts"], [DAY], "missing")
    after, warnings = decide(over, ["staging.posts"], [DAY], "missing")
    # Then
    assert before["staging.posts"][DAY] == Decision(
        "wait", "raw.events dt=2004-05-20 has not landed"
    )
    assert after["staging.posts"][DAY].action == "build"
    assert warnings == ["raw.events dt=2004-05-20 never landed: it counts as empty"]


def test_what_landed_but_is_not_crawled_never_counts_as_empty() -> None:
    # Given
    raw = {**facts().raw["raw.events"], DAY: RawPartition("x", 1, crawled=False)}
    # When
    decisions, _ = decide(facts(raw={"raw.events": raw}), ["kpi.latency"], [DAY], "missing")
    # Then what reads it waits with it
    assert "has landed but is not in the catalog: `dayfold crawl`" in (
        decisions["staging.posts"][DAY].reason
    )
    assert decisions["kpi.latency"][DAY].reason.startswith("staging.posts 2004-05-20 waits: ")


def test_no_extracts_at_all_says_how_to_land_them() -> None:
    world = facts(raw={}, missing_raw_tables=frozenset({"raw.events"}))
    decisions, _ = decide(world, ["staging.posts"], [DAY], "missing")
    assert "`dayfold land events PATH`" in decisions["staging.posts"][DAY].reason


def test_a_day_that_is_not_over_waits() -> None:
    decisions, _ = decide(
        facts(now=dt.datetime(2004, 5, 20, 14, 59, tzinfo=dt.UTC)), ["staging.posts"], [DAY], "all"
    )
    assert decisions["staging.posts"][DAY] == Decision("wait", "the day is not over")


@given(st.sets(st.dates(dt.date(2004, 5, 8), dt.date(2004, 5, 29)), min_size=1), st.integers(1, 40))
def test_jobs_hold_every_partition_once_in_wave_order(days: set[dt.date], width: int) -> None:
    # Given
    world = facts()
    decisions, _ = decide(world, list(TABLES), days, "missing")
    # When
    jobs = make_jobs(world, decisions, width)
    # Then
    held = [(job.table, day) for job in jobs for day in job.days]
    assert sorted(held) == sorted(
        (name, day) for name, found in built(decisions).items() for day in found
    )
    assert all((job.last - job.first).days < width for job in jobs)
    waves = {job.table: job.wave for job in jobs}
    assert waves["staging.posts"] < waves["kpi.weekly"] < waves["kpi.score"]
    assert [Job.from_json(job.as_json()) for job in jobs] == jobs


def test_big_days_make_narrow_jobs() -> None:
    # Given a gigabyte a day
    raw = {day: RawPartition("x", 1_000_000_000, crawled=True) for day in facts().raw["raw.events"]}
    world = facts(raw={"raw.events": raw})
    days = list(day_range(dt.date(2004, 5, 10), dt.date(2004, 5, 13)))
    decisions, _ = decide(world, ["staging.posts"], days, "missing")
    # When
    jobs = make_jobs(world, decisions, None)
    # Then two files a day, two gigabytes a job
    assert [len(job.days) for job in jobs] == [1, 1, 1, 1]
    assert expected_usd(jobs) == pytest.approx(4 * (0.01 + 0.00005))


def test_athena_rounds_up_to_a_megabyte_and_has_a_minimum() -> None:
    assert billed_bytes(0) == 10_000_000
    assert billed_bytes(10_000_001) == 11_000_000
    assert query_usd(1_000_000_000_000) == pytest.approx(5.0)
