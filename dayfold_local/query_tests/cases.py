"""The cases of a query's test file."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import yaml

from dayfold.domain.days import parse_day
from dayfold.errors import ConfigurationError
from dayfold_local.query_tests.rows import Rows, read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from dayfold.domain.table import Table

DEFAULT_TIME_ZONE = "Asia/Tokyo"
_KEYS = {
    "case", "time_zone", "build", "given", "published", "expect", "expect_with", "expect_error",
    "breaks",
}  # fmt: skip


class _Loader(yaml.SafeLoader):
    """YAML in which 2004-05-20 stays the text that tables hold."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - yaml's own
        first: [(tag, pattern) for tag, pattern in listed if not tag.endswith(":timestamp")]
        for first, listed in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """Rows of the inputs, and the rows that the query makes of them."""

    table: str
    name: str
    time_zone: str
    first: dt.date
    last: dt.date
    given: dict[str, Rows]
    published: Rows  # of the table itself: what readers see of earlier days
    expect: Rows | None
    expect_with: dict[str, Rows]  # rows of the query's own WITH queries
    expect_error: str  # part of Athena's message
    breaks: tuple[str, ...]  # the checks that the rows break


def read_cases(table: Table, path: Path) -> list[Case]:
    """Read a test file.

    Raises:
        ConfigurationError: there is none, or it is not of the form that docs/queries.md describes.
    """
    if not path.is_file():
        raise ConfigurationError(f"{table.name} has no test: write {path}; see docs/queries.md")
    try:
        # Built on the safe loader.
        written = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        place = " ".join(str(error).split())
        raise ConfigurationError(f"{path} is not YAML: {place}") from error
    if not isinstance(written, list) or not written:
        raise ConfigurationError(f"{path}: a test is a list of cases, `- case: what it shows`")
    return [_read_case(table, one, f"{path}, case {n}") for n, one in enumerate(written, start=1)]


def _read_case(table: Table, written: object, where: str) -> Case:
    if not isinstance(written, dict) or not written.get("case"):
        raise ConfigurationError(f"{where}: start it with `- case: what it shows`")
    where = f"{where} ({written['case']})"
    unknown = sorted(set(map(str, written)) - _KEYS)
    if unknown:
        raise ConfigurationError(f"{where}: unknown key {unknown[0]!r}: {', '.join(sorted(_KEYS))}")
    if "expect" not in written and "expect_error" not in written:
        raise ConfigurationError(f"{where}: give `expect`, the rows, or `expect_error`")
    inputs = {one.table for one in table.inputs}
    given = {name: read_rows(rows, f"{where}, {name}") for name, rows in _map(written, "given")}
    stray = sorted(set(given) - inputs)
    if stray:
        raise ConfigurationError(f"{where}: {stray[0]} is no input of {table.name}")
    for name, rows in given.items():
        if rows.rows and "dt" not in rows.columns:
            raise ConfigurationError(f"{where}: {name} has no dt, the day of each row")
    expect = read_rows(written["expect"], f"{where}, expect") if "expect" in written else None
    first, last = _days(written.get("build"), expect, where)
    return Case(
        table=table.name,
        name=str(written["case"]),
        time_zone=str(written.get("time_zone", DEFAULT_TIME_ZONE)),
        first=first,
        last=last,
        given=given,
        published=_read_published(written.get("published"), where),
        expect=expect,
        expect_with={n: read_rows(r, f"{where}, {n}") for n, r in _map(written, "expect_with")},
        expect_error=str(written.get("expect_error", "")),
        breaks=tuple(map(str, written.get("breaks") or [])),
    )


def _read_published(written: object, where: str) -> Rows:
    rows = read_rows(written, f"{where}, published") if written else Rows((), {}, ())
    if rows.rows and "dt" not in rows.columns:
        raise ConfigurationError(f"{where}: published has no dt, the day of each row")
    return rows


def _map(written: dict[str, Any], key: str) -> list[tuple[str, object]]:
    return [(str(name), rows) for name, rows in (written.get(key) or {}).items()]


def _days(build: object, expect: Rows | None, where: str) -> tuple[dt.date, dt.date]:
    """The days that are built: as said, else from the first to the last that is expected."""
    if isinstance(build, list) and len(build) == 2:
        days = [parse_day(str(day)) for day in build]
    elif build is not None:
        days = [parse_day(str(build))]
    else:
        days = [parse_day(str(row["dt"])) for row in (expect.rows if expect else ()) if "dt" in row]
    if not days:
        raise ConfigurationError(f"{where}: say which days are built, `build: [2004-05-20, ...]`")
    return min(days), max(days)
