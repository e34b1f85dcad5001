"""What readers saw of a partition, and when: `dayfold show --history` and `--as-of`."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

from dayfold.domain.publications import as_of
from dayfold.domain.schema_changes import difference
from dayfold.errors import BadRequestError
from dayfold_cli.output import (
    Column,
    dollars_text,
    facts,
    print_json,
    print_rows,
    say,
    size_text,
    time_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from dayfold.domain.publications import Publication
    from dayfold_cli.output import Format

HISTORY_COLUMNS = (
    Column("published"),
    Column("cause"),
    Column("build"),
    Column("rows", right=True),
    Column("scanned", right=True),
    Column("cost", right=True),
    Column("run"),
    Column("by"),
)
RAW_COLUMNS = (
    *("published_at", "cause", "build_id", "rows", "bytes_scanned", "cost_usd", "run_id", "by"),
    *("undone_build_id", "location"),
)
EXAMPLE = "2004-05-21, 2004-05-21T09:30 or 2004-05-21T09:30+09:00"


def read_moment(text: str, tz: ZoneInfo) -> dt.datetime:
    """Read a moment: ISO 8601, in the business zone if it has no offset; a day means its end.

    Raises:
        BadRequestError: it is no such moment.
    """
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadRequestError(f"{text!r} is not a moment: give {EXAMPLE}") from None
    if len(text.strip()) == len("2004-05-21"):
        moment += dt.timedelta(days=1, microseconds=-1)
    return moment if moment.tzinfo else moment.replace(tzinfo=tz)


def print_as_of(
    name: str,
    day: dt.date,
    history: Sequence[Publication],
    moment: dt.datetime,
    data_format: Format,
) -> None:
    """Print which build readers saw at a moment.

    Raises:
        BadRequestError: they saw none yet.
    """
    seen = as_of(history, moment)
    if seen is None:
        first = [f"first published at {time_text(one.published_at)} UTC" for one in history[:1]]
        raise BadRequestError(
            f"readers saw nothing of {name} {day} at {moment.isoformat(timespec='seconds')}: "
            f"{first[0] if first else 'it was never published'}"
        )
    if data_format == "json":
        print_json({"table": name, "as_of": moment, "publication": seen})
    elif data_format == "csv":
        print_rows(RAW_COLUMNS, [raw_row(seen)], "csv")
    else:
        facts(
            {
                "partition": f"{name} {day}",
                "as of": moment.isoformat(timespec="seconds"),
                "readers saw": f"build {seen.build_id}",
                "since": f"{time_text(seen.published_at)} UTC, {_cause(seen)} in {seen.run_id}",
                "until": _until(history, seen),
                "rows": f"{seen.rows:,}" if seen.rows is not None else None,
                "location": seen.location,
                "columns": ", ".join(f"{name} {kind}" for name, kind in seen.columns.items())
                or None,
                "sql": seen.sql_hash,
                **{f"input {table}": digest for table, digest in seen.inputs.items()},
            }
        )


def print_history(history: Sequence[Publication], data_format: Format) -> None:
    """Print all that readers ever saw, oldest first."""
    if data_format == "json":
        print_json(list(history))
    elif data_format == "csv":
        print_rows(RAW_COLUMNS, [raw_row(one) for one in history], "csv")
    else:
        print_rows(HISTORY_COLUMNS, [row(one) for one in history], "table")
        for before, after in itertools.pairwise(one for one in history if one.columns):
            if change := difference(before.columns, after.columns).said_in_full():
                say(f"columns: build {after.build_id} {change}")


def _until(history: Sequence[Publication], seen: Publication) -> str:
    later = [one for one in history if one.attempt > seen.attempt]
    return f"{time_text(later[0].published_at)} UTC" if later else "now"


def _cause(one: Publication) -> str:
    return "built" if one.cause == "build" else f"rolled back by {one.by or 'unknown'}"


def row(one: Publication) -> tuple[object, ...]:
    """A publication under `HISTORY_COLUMNS`, in a person's words."""
    return (
        time_text(one.published_at),
        one.cause,
        one.build_id,
        one.rows,
        size_text(one.bytes_scanned),
        dollars_text(one.cost_usd),
        one.run_id,
        one.by,
    )


def raw_row(one: Publication) -> tuple[object, ...]:
    """A publication under `RAW_COLUMNS`."""
    return tuple(getattr(one, name) for name in RAW_COLUMNS)
