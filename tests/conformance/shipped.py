"""The shipped queries and their checks as statements of the suite.

Every table is built from its extracts by the statement that the pipeline sends, and published by
the pipeline's own adapter. The statements that are compared are each query over a few ranges of
days, in a few time zones, and the query of its checks over what it made and over a copy that breaks
them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dayfold.adapters.athena import render
from dayfold.adapters.catalog import Catalog, Place
from dayfold.adapters.query_files import QueryFiles
from dayfold.domain.check_rows import Span
from dayfold.domain.checks import report_statement
from dayfold.domain.days import day_range, zone
from dayfold.domain.query_file import parse_query
from dayfold.domain.statements import (
    build_location,
    build_table_name,
    create_table_as,
    query_parameters,
)
from tests.conformance import hive, shipped_rows
from tests.conformance.suite import Case

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold.domain.table import Table
    from tests.conformance.shipped_rows import Files, Row
    from tests.local_athena.client import Client

QUERIES: Final = "shipped_queries"
CHECKS: Final = "shipped_checks"
ZONE: Final = "Asia/Tokyo"
# Summer time ends within the generated days in both; in the second on their first Sunday.
OTHER_ZONES: Final = ("America/New_York", "Europe/Berlin")
_MOST_DAYS: Final = 100  # Athena's limit of partitions for one CTAS
_PROJECT: Final = Path(__file__).resolve().parents[2]

# What no shipped query checks so far, so that every kind of check is compared.
_EVERY_CHECK: Final = """\
-- Posts by company, with every kind of check.
--
-- owner: people-analytics
-- grain: dt, company_id
-- inputs:
--   staging.posts: [0, 0]
--   staging.users: [-1, 0]
-- checks:
--   not_null: [company_id, posts]
--   unique: [dt, company_id]
--   between: {posts: [1, 1000], share: [0, 1]}
--   accepted_values: {company_id: [hinode, fjord, 日の出]}
--   row_count: [1, 3]
--   freshness: {newest: 3h}
--   reference:
--     company_id: staging.users(company_id) [-1, 0]
--   sql: {odd: "SELECT dt, company_id, share FROM this WHERE share * 3 > posts"}
--   warn:
--     change: {rows: [0.5, 1.5], sum(posts): {ratio: [0.6, 1.4], days: 5, at_least: 2}}
SELECT
    CAST(company_id AS varchar) AS company_id,                          -- the customer company
    CAST(count(*) AS bigint) AS posts,                                  -- how many
    CAST(count(DISTINCT user_id) / CAST(count(*) AS double) AS double) AS share, -- authors a post
    CAST(max(ts) AS timestamp(3)) AS newest,                            -- the last one, UTC
    dt
FROM staging.posts
WHERE dt BETWEEN :from AND :to
GROUP BY dt, company_id
"""


@dataclasses.dataclass(frozen=True)
class Extracts:
    """Rows that the queries are asked over: their days, and the ranges that are asked for."""

    first: dt.date
    last: dt.date
    ranges: tuple[tuple[dt.date, dt.date], ...]

    def builds(self) -> list[tuple[dt.date, dt.date]]:
        """The days in ranges that one CTAS may build."""
        width = dt.timedelta(days=_MOST_DAYS - 1)
        found, first = [], self.first
        while first <= self.last:
            found.append((first, min(first + width, self.last)))
            first = found[-1][1] + dt.timedelta(days=1)
        return found


_FIRST, _LAST = shipped_rows.FIRST + dt.timedelta(days=1), shipped_rows.LAST - dt.timedelta(days=1)
GENERATED: Final = Extracts(
    _FIRST,
    _LAST,
    (
        (dt.date(2024, 10, 20), dt.date(2024, 10, 21)),  # a file is missing
        (dt.date(2024, 11, 3), dt.date(2024, 11, 3)),  # has 25 hours in New York
        (dt.date(2024, 11, 4), dt.date(2024, 11, 7)),
    ),
)


def tables() -> dict[str, Table]:
    """The shipped tables by name, upstream first, and one with every kind of check."""
    path = "queries/kpi/every_check.sql"
    every = parse_query(path, _EVERY_CHECK)
    return {**QueryFiles(_PROJECT / "queries").load(), every.name: every}


def cases(extracts: Extracts = GENERATED) -> list[Case]:
    """All statements."""
    return [*_queries(extracts), *_checks(extracts)]


def _queries(extracts: Extracts) -> list[Case]:
    found = []
    for table in tables().values():
        zones = (ZONE, *OTHER_ZONES) if ":time_zone" in table.sql else (ZONE,)
        for tz in zones:
            for first, last in extracts.ranges:
                text = f"{table.name} from {first} to {last} in {tz}"
                found.append(Case(QUERIES, text, _select(table, first, last, tz)))
    return found


def _select(table: Table, first: dt.date, last: dt.date, tz: str = ZONE) -> str:
    return render(table.sql, query_parameters(table, first, last, zone(tz)))


def _checks(extracts: Extracts) -> list[Case]:
    found = []
    first, last = extracts.ranges[-1]
    before = tuple(day_range(extracts.first, first - dt.timedelta(days=1)))
    for table in tables().values():
        span = Span(first, last, zone(ZONE), before[-7:])
        for what, name in (("built", _built(table, extracts, first)), ("spoiled", _spoiled(table))):
            report = report_statement(table, f'"build"."{name}"', span)
            # Of several bad rows each engine shows those that it meets first.
            sql = (
                "SELECT check_name, severity, dt, broken, if(broken <= 1, sample) AS sample\n"
                f"FROM (\n{report}\n) AS report ORDER BY dt, severity, check_name"
            )
            found.append(Case(CHECKS, f"{table.name} as {what}", sql))
    return found


def _build(first: dt.date) -> str:
    return f"{first}-a1-conformance"


def _built(table: Table, extracts: Extracts, day: dt.date) -> str:
    """The temporary table of the build that holds a day."""
    first = max(first for first, _ in extracts.builds() if first <= day)
    return build_table_name(table, _build(first))


def _spoiled(table: Table) -> str:
    return build_table_name(table, "spoiled")


# --- Laying them out --------------------------------------------------------------------------


def lay_out(client: Client, files: Files, extracts: Extracts = GENERATED) -> None:
    """Lands the extracts and builds every table from them, as the pipeline does.

    Tables of another lot of extracts are taken away first.
    """
    _forget(client)
    for name, by_day in files.items():
        _land(client, name, by_day)
    catalog = Catalog(client.glue, client.bucket)
    for table in tables().values():
        for first, last in extracts.builds():
            _run(client, _create(client, table, first, last))
            build = _build(first)
            location = build_location(client.bucket, table.name, build)
            days = day_range(first, last)
            catalog.publish(table, {day: Place(f"{location}dt={day}/", build) for day in days})
        _run(client, _spoil(client, table, extracts))


def _forget(client: Client) -> None:
    present = {one["Name"] for one in client.glue.get_databases()["DatabaseList"]}
    for name in ("raw", "staging", "kpi", "build"):
        if name not in present:
            client.glue.create_database(DatabaseInput={"Name": name})
        for table in client.glue.get_tables(DatabaseName=name)["TableList"]:
            client.glue.delete_table(DatabaseName=name, Name=table["Name"])
    for prefix in ("raw/", "builds/"):
        pages = client.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=client.bucket, Prefix=prefix):
            for one in page.get("Contents", []):
                client.s3.delete_object(Bucket=client.bucket, Key=one["Key"])


def _land(client: Client, name: str, by_day: dict[dt.date, list[Row]]) -> None:
    columns = dict.fromkeys(next(rows for rows in by_day.values() if rows)[0], "string")
    hive.table(client, f"raw.{name}", columns, keys={"dt": "string"})
    for day, rows in by_day.items():
        client.put_json(f"raw/{name}/dt={day}/part-00000.json.gz", rows)
        hive.partition(client, f"raw.{name}", str(day), f"raw/{name}/dt={day}/")


def _create(client: Client, table: Table, first: dt.date, last: dt.date) -> str:
    build = _build(first)
    return create_table_as(
        build_table_name(table, build),
        build_location(client.bucket, table.name, build),
        _select(table, first, last),
    )


def _spoil(client: Client, table: Table, extracts: Extracts) -> str:
    """A copy in which a day has a row of NULLs, one a row twice, one values far below and above.

    One bad row a day and check, so that the sample in the report is the same on every engine.
    """
    first, last = extracts.ranges[-1]
    source = f'"build"."{_built(table, extracts, first)}"'
    days = [str(day) for day in day_range(first, last)]
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    order = ", ".join(name for name in table.grain if name != "dt")
    numbered = (
        f"SELECT *, row_number() OVER (ORDER BY {order}) AS place"
        f" FROM {source} WHERE dt = '{days[1]}'"
    )
    parts = [
        f"SELECT {names}, dt FROM {source} WHERE dt BETWEEN '{first}' AND '{last}'",
        _row(table, lambda kind: f"CAST(NULL AS {kind})", days[0]),
        f"SELECT {names}, dt FROM ({numbered}) AS numbered WHERE place = 1",
        _row(table, lambda kind: _far(kind, "-"), days[2]),
        _row(table, lambda kind: _far(kind, ""), days[3]),
    ]
    return create_table_as(
        _spoiled(table),
        build_location(client.bucket, table.name, "spoiled"),
        "\nUNION ALL\n".join(parts),
    )


def _row(table: Table, value: Callable[[str], str], day: str) -> str:
    values = ", ".join(f'{value(column.type)} AS "{column.name}"' for column in table.columns)
    return f"SELECT {values}, '{day}' AS dt"


def _far(kind: str, sign: str) -> str:
    """A value of a type that no check with bounds lets pass."""
    if kind.startswith("timestamp"):
        return f"CAST(TIMESTAMP '{'1999' if sign else '2099'}-01-01 00:00:00' AS {kind})"
    if kind.startswith("varchar"):
        return f"CAST('{sign}strange' AS {kind})"
    return f"CAST({sign}1000000 AS {kind})"


def _run(client: Client, sql: str) -> None:
    ran = client.run(sql)
    assert ran.state == "SUCCEEDED", f"{ran.reason}\n{sql}"
