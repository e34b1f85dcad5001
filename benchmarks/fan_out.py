"""Fan-out against Athena-like latency and quota: `python -m benchmarks.fan_out --days 365`.

All tables that ship, small days, `--days-per-job 1` and wide. The local Athena holds each query for
two seconds and refuses more than so many at once. The bound is every query that was started, the
checks' too, times its latency, over the quota: what no client could beat without fewer queries.
`times read` is all that was read, by checks too, over what each table's inputs of those days hold.
`busy` is the share of all cores that was used: near 100 % the machine is the limit, not the quota.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rebuild.environments import REPOSITORY
from benchmarks.rebuild.pipeline import Pipeline, pipeline
from dayfold.adapters.query_files import QueryFiles
from dayfold_local.sample import write_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.rebuild.measure import Taken
    from dayfold.domain.query_file import Tables

MACHINE_IS_BUSY = 0.85  # of all cores: more queries at once would only wait for a core
LAST_DAY = dt.date(2025, 12, 31)


def main(arguments: list[str] | None = None) -> int:
    """Measure; returns the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.fan_out", description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds of each query")
    parser.add_argument("--quota", type=int, default=20, help="queries at once")
    parser.add_argument("--concurrency", type=int, help="jobs at once (default: the quota)")
    options = parser.parse_args(arguments)
    limits = {
        "DAYFOLD_ATHENA_LATENCY_SECONDS": str(options.latency),
        "DAYFOLD_ATHENA_ACTIVE_QUERIES": str(options.quota),
        "DAYFOLD_ATHENA_WORKERS": str(options.quota),
    }
    with tempfile.TemporaryDirectory(prefix="fan-out-") as folder, _set(limits):
        extracts = Path(folder) / "extracts"
        first = LAST_DAY - dt.timedelta(days=options.days - 1)
        # Trailing windows reach 27 days back, the business day a day to each side.
        write_sample(extracts, LAST_DAY + dt.timedelta(days=2), days=options.days + 32)
        with pipeline(Path(folder), time_zone="Asia/Tokyo", project=REPOSITORY) as live:
            live.land("users", extracts / "users")
            live.land("events", extracts / "events")
            at_once = ("--concurrency", str(options.concurrency or options.quota))
            print(
                f"\n{options.days} days x {len(_tables())} tables, {options.latency:g} s a query, "
                f"{options.quota} at once, {os.cpu_count()} cores"
            )
            print(
                f"{'':<20}{'seconds':>9}{'queries':>9}{'bound s':>9}{'ratio':>7}{'cpu s':>8}"
                f"{'busy':>6}{'MB read':>9}{'times read':>12}{'part./s':>9}"
            )
            for name, width in (("--days-per-job 1", ("--days-per-job", "1")), ("wide jobs", ())):
                before = _queries(live)
                taken = live.rebuild(name.strip("-").split()[0], first, LAST_DAY, *width, *at_once)
                held = _input_bytes(live, first, LAST_DAY)
                _line(name, taken, _queries(live) - before, held, options)
    return 0


def _line(
    name: str, taken: Taken, queries: _Queries, held: int, options: argparse.Namespace
) -> None:
    bound = queries.count * options.latency / options.quota
    busy = taken.cpu_seconds / taken.seconds / (os.cpu_count() or 1)
    rate = options.days * len(_tables()) / taken.seconds
    print(
        f"{name:<20}{taken.seconds:>9.1f}{queries.count:>9}{bound:>9.1f}"
        f"{taken.seconds / bound:>7.2f}{taken.cpu_seconds:>8.1f}{busy:>6.0%}"
        f"{queries.read / 1e6:>9.1f}{queries.read / held:>12.2f}{rate:>9.1f}"
        f"{'  the machine is the limit' if busy > MACHINE_IS_BUSY else ''}",
        flush=True,
    )


class _Queries:
    """How many queries have been started, and the bytes that they read."""

    def __init__(self, count: int, read: int) -> None:
        self.count, self.read = count, read

    def __sub__(self, other: _Queries) -> _Queries:
        return _Queries(self.count - other.count, self.read - other.read)


def _input_bytes(live: Pipeline, first: dt.date, last: dt.date) -> int:
    """The bytes of the days from `first` to `last` of every input of every table."""
    inputs = [one.table for table in _tables().values() for one in table.inputs]
    days = {table: live.locations(table) for table in set(inputs)}
    return sum(
        _size(Path(folder))
        for table in inputs
        for day, folder in days[table].items()
        if str(first) <= day <= str(last)
    )


def _tables() -> Tables:
    return QueryFiles(REPOSITORY / "queries").load()


def _size(folder: Path) -> int:
    return sum(
        file.stat().st_size for file in folder.iterdir() if not file.name.endswith(".meta.json")
    )


def _queries(live: Pipeline) -> _Queries:
    """All queries so far, from the local Athena's own journal."""
    found: dict[str, int] = {}
    journal = live.state / "athena" / "journal.jsonl"
    if journal.exists():
        for line in journal.read_text().splitlines():
            with contextlib.suppress(ValueError):
                record = json.loads(line)
                found[record["id"]] = int(record.get("scanned") or 0)
    return _Queries(len(found), sum(found.values()))


@contextlib.contextmanager
def _set(variables: dict[str, str]) -> Iterator[None]:
    """Environment variables for the server that is started inside."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


if __name__ == "__main__":
    sys.exit(main())
