"""The statements that build: names, places and text, worked out from a claim alone."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

from dayfold.domain.fingerprints import digest
from dayfold.domain.sql_tokens import tokenize
from dayfold.domain.table import BusinessDayWindow

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from dayfold.domain.table import Table

_DIGEST = 10  # hexadecimal digits


def build_id(table: str, attempts: Mapping[dt.date, int], run_id: str) -> str:
    """The name of one attempt at some days of a table: readable, and never given twice."""
    days = sorted(attempts)
    text = "\n".join([table, run_id, *(f"{day} {attempts[day]}" for day in days)])
    span = f"{days[0]}" if len(days) == 1 else f"{days[0]}_{days[-1]}"
    tail = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
    return f"{span}-a{max(attempts.values())}-{tail}"


def build_table_name(table: Table, build: str) -> str:
    """The temporary table of a build, without its database."""
    return named_build_table(table.name, build)


def named_build_table(table: str, build: str) -> str:
    """The same of a table that is known by its name alone."""
    return f"{table}_{build}".replace(".", "_").replace("-", "_")


def build_location(bucket: str, table: str, build: str) -> str:
    """The S3 prefix that a build writes, and nothing else ever does."""
    return f"s3://{bucket}/builds/{table}/{build}/"


def query_parameters(table: Table, first: dt.date, last: dt.date, tz: ZoneInfo) -> dict[str, str]:
    """The values of the parameters of a table's SQL for building `first` to `last`."""
    parameters = {"from": str(first), "to": str(last), "time_zone": tz.key}
    for one in table.inputs:
        if isinstance(one.window, BusinessDayWindow):
            parameters["files_from"] = str(one.window.days_for(first, tz)[0])
            parameters["files_to"] = str(one.window.days_for(last, tz)[1])
    return parameters


def executed_hash(table: Table, tz: ZoneInfo) -> str:
    """The hash of a table's query as executed: its text and, if it asks for it, the time zone.

    Days are left out, since they are the partition's own; so is all that does not change rows.
    """
    zoned = _asks_for_zone(table.sql) or any(
        isinstance(one.window, BusinessDayWindow) for one in table.inputs
    )
    return digest([table.sql_hash, tz.key]) if zoned else table.sql_hash


@functools.lru_cache(maxsize=1024)
def _asks_for_zone(sql: str) -> bool:
    """Whether a query has the parameter `:time_zone`; a comment that names it does not count."""
    return ":time_zone" in sql and any(
        token.kind == "parameter" and token.text == ":time_zone" for token in tokenize(sql)
    )


def create_table_as(build_table: str, location: str, select: str) -> str:
    """The CTAS that writes one Parquet folder per day under `location`."""
    return (
        f'CREATE TABLE "build"."{build_table}"\n'
        "WITH (\n"
        "    format = 'PARQUET',\n"
        "    write_compression = 'SNAPPY',\n"
        f"    external_location = '{location}',\n"
        "    partitioned_by = ARRAY['dt']\n"
        ") AS\n"
        f"{select.strip().rstrip(';')}"
    )
