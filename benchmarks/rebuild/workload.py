"""The work: an event table of N days, and six KPIs of it in SQL that every tool runs alike.

A KPI's SQL reads `{events}` for the days `{first}` to `{last}`; the tools put their own names and
parameters there, and change nothing else. Companies, users and event types are drawn by a hash
of the row's number, so that the same arguments make the same files everywhere.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

FIRST_DAY = dt.date(2025, 1, 1)
POSTS = "('message', 'comment', 'reply', 'thanks')"
SEEDS = {"user": 7, "target": 13, "type": 19, "group": 29}


@dataclasses.dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI: the columns that name a row, the query, and the columns it counts."""

    name: str
    grain: tuple[str, ...]
    sql: str
    values: tuple[tuple[str, str], ...]  # the other columns, with their types

    @property
    def columns(self) -> str:
        """All columns as every tool's output is compared: the day as text, the rest as declared."""
        values = (f"CAST({name} AS {kind}) AS {name}" for name, kind in self.values)
        return ", ".join(("CAST(dt AS varchar) AS dt", *self.grain, *values))


@dataclasses.dataclass(frozen=True, slots=True)
class Workload:
    """So many days of so many events."""

    days: int
    events: int

    @property
    def all_days(self) -> list[dt.date]:
        """Every day, the oldest first."""
        return [FIRST_DAY + dt.timedelta(days=number) for number in range(self.days)]

    @property
    def after(self) -> dt.date:
        """The day after the last."""
        return FIRST_DAY + dt.timedelta(days=self.days)

    def files(self, folder: Path) -> str:
        """All days' files as a list in DuckDB's SQL; a glob of a year costs more than a query."""
        return f"[{', '.join(repr(f'{folder}/dt={day}/events.parquet') for day in self.all_days)}]"

    def write(self, folder: Path, days: list[dt.date] | None = None) -> None:
        """Write `dt=DAY/events.parquet` for every day, or those given, that is not there yet."""
        connection = duckdb.connect()
        for day in days or self.all_days:
            file = folder / f"dt={day}" / "events.parquet"
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                connection.execute(_day_sql(day, self.events, str(file)))


def _day_sql(day: dt.date, events: int, file: str) -> str:
    """One day's events: users of 20 companies of 8 groups, a few of whom write most of it."""
    base = (day - FIRST_DAY).days * events
    drawn = {name: f"hash(i * 31 + {seed})" for name, seed in SEEDS.items()}
    users = "CAST(floor(pow({0} % 1000000 / 1000000.0, 1.7) * 4000) AS BIGINT)"
    author = users.format(f"hash((range + {base}) * 31 + {SEEDS['user']})")
    return f"""
        COPY (
            SELECT
                'e' || i AS event_id,
                TIMESTAMP '{day} 00:00:00' + to_milliseconds((hash(i) % 86400000)::BIGINT) AS ts,
                'c' || (u % 20) AS company_id,
                'g' || (u // 20 % 8) AS group_id,
                'u' || u AS user_id,
                ['message', 'comment', 'reply', 'thanks', 'view', 'like', 'login', 'view']
                    [1 + ({drawn["type"]} % 8)::INTEGER] AS event_type,
                CASE WHEN {drawn["group"]} % 3 > 0
                     THEN 'u' || ({users.format(drawn["target"])} // 20 * 20 + u % 20) END
                    AS target_user_id
            FROM (SELECT range + {base} AS i, {author} AS u FROM range({events}))
        ) TO '{file}' (FORMAT parquet, COMPRESSION snappy)
    """


_OF_DAYS = "FROM {events} WHERE dt BETWEEN {first} AND {last}"
KPIS = (
    Kpi(
        "active_users",
        ("company_id",),
        f"""SELECT CAST(company_id AS varchar) AS company_id,
    CAST(count(DISTINCT user_id) AS bigint) AS active_users,
    dt
{_OF_DAYS} AND event_type IN {POSTS}
GROUP BY dt, company_id""",
        (("active_users", "bigint"),),
    ),
    Kpi(
        "active_users_by_group",
        ("company_id", "group_id"),
        f"""SELECT CAST(company_id AS varchar) AS company_id,
    CAST(group_id AS varchar) AS group_id,
    CAST(count(DISTINCT user_id) AS bigint) AS active_users,
    dt
{_OF_DAYS} AND event_type IN {POSTS}
GROUP BY dt, company_id, group_id""",
        (("active_users", "bigint"),),
    ),
    Kpi(
        "events_by_type",
        ("company_id", "event_type"),
        f"""SELECT CAST(company_id AS varchar) AS company_id,
    CAST(event_type AS varchar) AS event_type,
    CAST(count(*) AS bigint) AS events,
    CAST(count(DISTINCT user_id) AS bigint) AS users,
    dt
{_OF_DAYS}
GROUP BY dt, company_id, event_type""",
        (("events", "bigint"), ("users", "bigint")),
    ),
    Kpi(
        "posts_per_active_user",
        ("company_id",),
        f"""SELECT CAST(company_id AS varchar) AS company_id,
    CAST(count(*) AS bigint) AS posts,
    CAST(count(DISTINCT user_id) AS bigint) AS active_users,
    CAST(CAST(count(*) AS double) / count(DISTINCT user_id) AS double) AS posts_per_active_user,
    dt
{_OF_DAYS} AND event_type IN {POSTS}
GROUP BY dt, company_id""",
        (("posts", "bigint"), ("active_users", "bigint"), ("posts_per_active_user", "double")),
    ),
    Kpi(
        "answered_pairs",
        ("company_id",),
        f"""WITH pairs AS (
    SELECT dt, company_id, user_id, target_user_id, count(*) AS posts
    {_OF_DAYS} AND event_type IN {POSTS} AND target_user_id IS NOT NULL
    GROUP BY dt, company_id, user_id, target_user_id
)
SELECT CAST(one.company_id AS varchar) AS company_id,
    CAST(count(*) AS bigint) AS pairs,
    CAST(count(back.posts) AS bigint) AS answered_pairs,
    CAST(sum(one.posts) AS bigint) AS posts,
    one.dt AS dt
FROM pairs AS one
LEFT JOIN pairs AS back
    ON back.dt = one.dt AND back.company_id = one.company_id
    AND back.user_id = one.target_user_id AND back.target_user_id = one.user_id
GROUP BY one.dt, one.company_id""",
        (("pairs", "bigint"), ("answered_pairs", "bigint"), ("posts", "bigint")),
    ),
    Kpi(
        "busiest_hour",
        ("company_id",),
        f"""WITH hours AS (
    SELECT dt, company_id, hour(ts) AS hour_of_day, count(*) AS posts
    {_OF_DAYS} AND event_type IN {POSTS}
    GROUP BY dt, company_id, hour(ts)
), ranked AS (
    SELECT dt, company_id, hour_of_day, posts,
        row_number() OVER (PARTITION BY dt, company_id ORDER BY posts DESC, hour_of_day) AS place
    FROM hours
)
SELECT CAST(company_id AS varchar) AS company_id,
    CAST(hour_of_day AS bigint) AS hour_of_day,
    CAST(posts AS bigint) AS posts,
    dt
FROM ranked
WHERE place = 1""",
        (("hour_of_day", "bigint"), ("posts", "bigint")),
    ),
)
