"""How long deciding takes: a year of days of every table that ships, all built, nothing to do."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.figures import heading, show
from dayfold.adapters.query_files import QueryFiles
from dayfold.domain.days import day_range
from dayfold.domain.fingerprints import window_digest
from dayfold.domain.partition import PartitionState
from dayfold.domain.planning import Facts, RawPartition, decide, input_fingerprints, needed_days
from dayfold.domain.statements import executed_hash

QUERIES = Path(__file__).resolve().parents[1] / "queries"
ROUNDS = 5
TOKYO = ZoneInfo("Asia/Tokyo")
YEAR = list(day_range(dt.date(2025, 1, 1), dt.date(2025, 12, 31)))


def main() -> None:
    """Measure reading the queries, and deciding over a year."""
    heading("Planning, in process")
    show("read and parse every query file", [_timed_load() for _ in range(ROUNDS)])
    facts = _all_published()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        decide(facts, list(facts.tables), YEAR, "stale")
        seconds.append(time.perf_counter() - start)
    partitions = len(YEAR) * len(facts.tables)
    show(f"decide {partitions:,} partitions, all up to date", seconds)


def _timed_load() -> float:
    from dayfold.domain.query_file import read_query

    read_query.cache_clear()
    start = time.perf_counter()
    QueryFiles(QUERIES).load()
    return time.perf_counter() - start


def _all_published() -> Facts:
    """A world in which every partition was built from what there is."""
    tables = QueryFiles(QUERIES).load()
    needed = needed_days(tables, list(tables), YEAR, TOKYO)
    raw = {
        name: {day: RawPartition(f"files of {day}", 1_000, crawled=True) for day in days}
        for name, days in needed.items()
        if name not in tables
    }
    ledger: dict[str, dict[dt.date, PartitionState]] = {}
    now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    facts = Facts(tables, ledger, raw, frozenset(), TOKYO, now, 2)
    for name, table in tables.items():
        ledger[name] = {
            day: PartitionState(
                status="published",
                attempt=1,
                run_id="run",
                build_id=f"{name} {day}",
                published_build_id=f"{name} {day}",
                sql_hash=executed_hash(table, TOKYO),
                inputs={
                    one.table: window_digest(input_fingerprints(facts, one, day))
                    for one in table.inputs
                },
            )
            for day in needed[name]
        }
    return facts


if __name__ == "__main__":
    main()
