"""All tables over real messages by one backfill, and every KPI of every day by its definition.

Ten days, and the weeks before that they read; `DAYFOLD_FULL_SIZE=1` makes it all 195 days. Where
the extracts are not at hand, `DAYFOLD_REAL_DATA` names their folder.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from dayfold.domain.days import day_range
from dayfold_local import stack
from tests.faults.backfilling import attempts, started_twice
from tests.integration.companies import Companies, kpis
from tests.integration.conftest import PROJECT, free_port
from tests.integration.shell import Shell
from tests.real_data import COLLEGE_MSG

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONE = "Asia/Tokyo"
FULL = os.environ.get("DAYFOLD_FULL_SIZE", "0") not in {"", "0"}
FIRST = dt.date(2004, 4, 15) if FULL else dt.date(2004, 5, 11)
LAST = dt.date(2004, 10, 26) if FULL else dt.date(2004, 5, 20)
DAYS = [str(day) for day in day_range(FIRST, LAST)]
# What anybody can count by hand on two of the days.
KNOWN = {
    "2004-05-20": (1525, 294, 556, 844, 15.4083),
    "2004-10-01": (46, 28, 99, 235, 353.5333),
}

pytestmark = pytest.mark.skipif(not COLLEGE_MSG.is_dir(), reason="the real extracts are not here")


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Companies:
    """The extracts up to the day after the last: the last minutes of a day are answered then."""
    folder = tmp_path_factory.mktemp("extracts")
    for source in COLLEGE_MSG.glob("*/dt=*"):
        if source.name.removeprefix("dt=") <= str(LAST + dt.timedelta(days=1)):
            shutil.copytree(source, folder / source.relative_to(COLLEGE_MSG))
    return Companies.read(folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, companies: Companies) -> Iterator[Shell]:
    """Everything built by one command on a stack of its own."""
    shell = Shell(PROJECT, tmp_path_factory.mktemp("real") / "state")
    try:
        shell.done("up", "--time-zone", ZONE, "--port", free_port())
        shell.live.deliver_events(enabled=False)
        for table in ("events", "users"):
            shell.done("land", table, companies.folder / table)
        shell.done("crawl", "--wait")
        days = ("--from", FIRST, "--to", LAST)
        shell.done("backfill", "start", *days, "--name", "all", "--wait")
        yield shell
    finally:
        stack.down(shell.state)


def test_every_kpi_is_right_on_every_day(built: Shell, companies: Companies) -> None:
    # When
    found = kpis(built, FIRST, LAST)
    # Then
    assert found == companies.expected(ZONE, FIRST, LAST)


@pytest.mark.parametrize("day", [day for day in KNOWN if day in DAYS])
def test_the_known_numbers(built: Shell, day: str) -> None:
    # When
    row: dict[str, str | None] = {}
    for kpi in (
        "posts_per_active_user", "weekly_active_users", "monthly_active_users", "reply_latency",
    ):  # fmt: skip
        (found,) = built.live.query(f"SELECT * FROM kpi.{kpi} WHERE dt = '{day}'")
        row |= found
    names = ("posts", "active_users", "weekly_active_users", "monthly_active_users")
    numbers = tuple(int(str(row[name])) for name in names)
    # Then
    assert (*numbers, round(float(str(row["median_minutes"])), 4)) == KNOWN[day]


def test_each_partition_is_built_once(built: Shell) -> None:
    # When
    tries = attempts(built.live)
    # Then all that was asked for is there, by one attempt and one query each
    tables = {table for table, _ in tries}
    assert {(table, day) for table in tables for day in DAYS} <= set(tries)
    assert len(tables) == len(list((PROJECT / "queries").glob("*/*.sql")))
    assert {tuple(ends) for ends in tries.values()} == {("published",)}
    assert started_twice(built.live) == []
    assert {item["status"]["S"] for item in built.live.ledger_items("BACKFILL")} == {"succeeded"}
