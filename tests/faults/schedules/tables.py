"""The tables of the schedules: four, in three waves, with windows that overlap."""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING

from dayfold.domain.days import day_range
from dayfold.domain.query_file import load_tables

if TYPE_CHECKING:
    from dayfold.domain.query_file import Tables

TIME_ZONE = "Asia/Tokyo"
DAYS = tuple(day_range(dt.date(2004, 6, 2), dt.date(2004, 6, 4)))
RAW_DAYS = tuple(day_range(dt.date(2004, 5, 28), dt.date(2004, 6, 4)))
START = dt.datetime(2004, 6, 10, 12, tzinfo=dt.UTC)

_HEADER = """-- A table of the fault schedules.
--
-- owner: tests
-- grain: dt, user_id
-- inputs:
{inputs}
-- checks:
--   not_null: [user_id]
SELECT
    CAST({value} AS varchar) AS user_id, -- who
    dt
FROM {source}
WHERE {files}dt BETWEEN :from AND :to
"""
_FILES = "file_day BETWEEN :files_from AND :files_to AND "
_INPUTS: dict[str, dict[str, str]] = {
    "staging.posts": {"raw.events": "business-day"},
    "kpi.daily": {"staging.posts": "[0, 0]"},
    "kpi.trend": {"staging.posts": "[-1, 0]"},
    "kpi.report": {"kpi.daily": "[0, 0]", "kpi.trend": "[-1, 0]"},
}


@functools.cache
def tables(versions: tuple[tuple[str, int], ...] = ()) -> Tables:
    """The tables, with the version of each query that is not its first."""
    edited = dict(versions)
    sources = {}
    for name, inputs in _INPUTS.items():
        database, _, short = name.partition(".")
        sources[f"queries/{database}/{short}.sql"] = _HEADER.format(
            inputs="\n".join(f"--   {one}: {window}" for one, window in inputs.items()),
            value=f"'version {edited.get(name, 1)}'",
            source=" JOIN ".join(inputs),
            files=_FILES if "business-day" in inputs.values() else "",
        )
    return load_tables(sources)


class Queries:
    """Stands in for `QueryFiles`: files that an edit changes between two calls."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}

    def load(self) -> Tables:
        """All tables as they are written now."""
        return tables(tuple(sorted(self._versions.items())))

    def edit(self, name: str) -> None:
        """Change a query, and with it what it makes."""
        self._versions[name] = self.version(name) + 1

    def version(self, name: str) -> int:
        """How often a query has been written."""
        return self._versions.get(name, 1)
