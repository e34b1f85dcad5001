"""What the pipeline tells of itself, on the live stack: whole days, and who published what."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import TYPE_CHECKING

from dayfold.adapters.whole_days import WholeDays
from dayfold.domain.whole_days import DayRow
from tests.faults.conftest import FULL, land

if TYPE_CHECKING:
    from tests.integration.live import Live

DAYS = ["2003-11-18", "2003-11-19"]
SWAPS = 15 if FULL else 6
NOW = dt.datetime(2004, 6, 1, tzinfo=dt.UTC)


def test_readers_see_which_days_are_whole_and_what_was_published(steady: Live) -> None:
    # Given a day of all tables, and one more of only some
    live = steady
    land(live, DAYS)
    live.crawl()
    # When
    runs = [live.run(days=DAYS[:1]), live.run(days=DAYS[1:], tables=["kpi.active_users"])]
    assert [one["status"] for one in runs] == ["SUCCEEDED"] * 2
    # Then
    first, second = (_row(live, day) for day in DAYS)
    assert first["complete"] == "true"
    assert first["published"] == first["tables"]
    assert (second["complete"], second["failed"]) == ("false", "0")
    assert 0 < int(second["published"] or 0) < int(second["tables"] or 0)
    # And history tells all of the ledger's publications, by the runs that made them
    names = {one["name"] for one in runs}
    told = [
        row
        for row in live.query("SELECT table_name, day, build_id, run_id FROM ops.publications")
        if row["run_id"] in names
    ]
    known = {
        (item["pk"]["S"].removeprefix("TABLE#"), item["day"]["S"], item["build_id"]["S"])
        for item in live.ledger_items("BUILD#")
        if item["run_id"]["S"] in names
    }
    assert {(row["table_name"], row["day"], row["build_id"]) for row in told} == known
    assert len(told) == len(known)


def test_of_swaps_at_once_one_wins_and_no_reader_sees_two_versions(steady: Live) -> None:
    # Given a first version of ten days, and a reader that polls
    live = steady
    days = WholeDays(live.client("glue"), live.client("s3"), live.outputs["Bucket"])
    assert days.swap(days.current(), _rows(0), "", NOW)
    seen: set[tuple[str | None, ...]] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(tuple(row["tables"] for row in live.query("SELECT tables FROM kpi.days")))

    reader = threading.Thread(target=read)
    reader.start()
    # When versions follow, each tried by two that have looked at the same one before
    won = []
    try:
        for number in range(1, SWAPS + 1):
            before = days.current()
            won.append([days.swap(before, _rows(number), "", NOW) for _ in range(2)])
    finally:
        stop.set()
        reader.join()
    # Then the second of the two was refused each time, and each read was of one version
    assert won == [[True, False]] * SWAPS
    assert seen <= {(str(number),) * 10 for number in range(SWAPS + 1)}
    assert len(seen) > 2
    assert days.current().rows == tuple(_rows(SWAPS))


def _row(live: Live, day: str) -> dict[str, str | None]:
    (row,) = live.query(f"SELECT * FROM kpi.days WHERE dt = '{day}'")
    return row


def _rows(number: int) -> list[DayRow]:
    """Ten days that all say the same number."""
    days = [f"2004-05-{day:02}" for day in range(1, 11)]
    return [DayRow(day, False, number, 0, 0, 0, 0, json.dumps(number)) for day in days]
