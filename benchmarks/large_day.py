"""A day of many events through staging and all KPIs: `python -m benchmarks.large_day`.

JSON lines, gzipped, in one file for each day. Says what all processes of the local stack (server,
Lambda workers, their parents) hold in memory together at their worst, a page that forks share
counted once, and what the server alone has had resident since its start.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import os
import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.rebuild.environments import REPOSITORY
from benchmarks.rebuild.measure import peak
from benchmarks.rebuild.pipeline import pipeline

DAY = dt.date(2025, 6, 10)
TYPES = ["message", "post", "comment", "reply", "thanks", "view", "like", "login"]
USERS, COMPANIES, GROUPS = 50_000, 20, 40
JOBS = 4  # at once: a worker holds 20 MB, and two cores have no use for twenty


def main(arguments: list[str] | None = None) -> int:
    """Measure; returns the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.large_day", description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--memory", default="300MB", help="of the engine; more spills to disk")
    options = parser.parse_args(arguments)
    os.environ["DAYFOLD_ATHENA_MEMORY"] = options.memory
    with tempfile.TemporaryDirectory(prefix="large-day-") as folder:
        extracts = Path(folder) / "extracts"
        size = _write(extracts, options.events)
        with pipeline(Path(folder), time_zone="UTC", project=REPOSITORY) as live:
            live.land("users", extracts / "users")
            live.land("events", extracts / "events")
            live.dayfold("backfill", "concurrency", str(JOBS))
            with peak([live.info.pid]) as stack:
                taken = live.rebuild("large", DAY, DAY, "--days-per-job", "1")
            own = _peak_of(live.info.pid)
            print(
                f"\n{options.events:,} events in a day, {size / 1e6:.0f} MB of JSON in gzip, "
                f"engine memory {options.memory}"
            )
            print(f"{'seconds, all tables':<44}{taken.seconds:>9.1f}")
            print(f"{'processor seconds':<44}{taken.cpu_seconds:>9.1f}")
            print(f"{'peak MB: the server since its start':<44}{own / 1e6:>9.0f}")
            print(f"{'peak MB: server, workers and their parents':<44}{stack[0] / 1e6:>9.0f}")
    return 0


def _write(extracts: Path, events: int) -> int:
    """A day of events and the users of the days around it; returns the events' size."""
    connection = duckdb.connect()
    for shift in (-1, 0, 1):
        day = DAY + dt.timedelta(days=shift)
        users = extracts / "users" / f"dt={day}" / "users.json.gz"
        users.parent.mkdir(parents=True)
        with gzip.open(users, "wt", compresslevel=1) as file:
            for user in range(USERS):
                row = {
                    "user_id": f"u{user}",
                    "company_id": f"c{user % COMPANIES}",
                    "group_id": f"g{user // COMPANIES % GROUPS}",
                }
                file.write(json.dumps(row) + "\n")
        target = extracts / "events" / f"dt={day}" / "events.json.gz"
        target.parent.mkdir(parents=True)
        count = events if shift == 0 else 1000
        connection.execute(_events_sql(day, count, shift * 10**9, str(target)))
    return (extracts / "events" / f"dt={DAY}" / "events.json.gz").stat().st_size


def _events_sql(day: dt.date, count: int, base: int, file: str) -> str:
    return f"""
        COPY (
            SELECT 'e' || ({base} + i) AS event_id,
                strftime(TIMESTAMP '{day}' + to_milliseconds((hash(i) % 86400000)::BIGINT),
                         '%Y-%m-%dT%H:%M:%S.%gZ') AS ts,
                'c' || (u % {COMPANIES}) AS company_id,
                'g' || (u // {COMPANIES} % {GROUPS}) AS group_id,
                'u' || u AS user_id,
                {TYPES}[1 + (hash(i * 7 + 1) % {len(TYPES)})::INTEGER] AS event_type,
                CASE WHEN hash(i * 11 + 2) % 3 > 0 THEN
                    'u' || ((hash(i * 13 + 3) % {USERS // COMPANIES})::BIGINT * {COMPANIES}
                            + u % {COMPANIES}) END AS target_user_id
            FROM (SELECT range AS i, (hash(range * 17 + 5) % {USERS})::BIGINT AS u
                  FROM range({count}))
        ) TO '{file}' (FORMAT json, COMPRESSION gzip)
    """


def _peak_of(pid: int) -> int:
    """A process's most resident memory so far, as the kernel has kept it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    sys.exit(main())
