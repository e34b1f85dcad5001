"""Partition projection: partitions worked out from a table's properties, not kept in Glue.

The properties are Athena's: `projection.<column>.type` enum, integer, date or injected, with
`values`, `range`, `interval`, `interval.unit`, `digits`, `format`; `storage.location.template`.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.catalog.tables import PartitionInfo, StoredColumn, TableInfo
from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import pruning
from dayfold_local.athena.sql_types import quote
from dayfold_local.athena.translation.time_formats import joda_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.athena.execution.engine import Session
    from dayfold_local.athena.translation.scope import Scan

_MOST: Final = 1_000_000  # partitions of one query; Athena slows down long before
_NOW: Final = re.compile(r"NOW\s*(?:([+-])\s*(\d+)\s*([A-Z]+?)S?)?", re.IGNORECASE)
_UNITS: Final = ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")


def is_projected(table: TableInfo) -> bool:
    """Whether the table's partitions are worked out."""
    enabled = table.parameters.get("projection.enabled", "").lower() == "true"
    return enabled and bool(table.partition_keys)


def partitions(scan: Scan, session: Session) -> list[PartitionInfo]:
    """The projected partitions that the query's conditions leave."""
    table, keys = scan.table, scan.table.partition_keys
    choices = []
    for key in keys:
        values = list(itertools.islice(_values(table, key, scan), _MOST + 1))
        rows = [(value,) for value in values]
        own = [text for text in scan.conditions if _only(text, key, keys)]
        choices.append([values[at] for at in pruning.kept(rows, [key], own, session)])
    total = 1
    for found in choices:
        total *= len(found)
    if total > _MOST:
        raise not_supported(f"more than {_MOST} projected partitions of {table.full_name}")
    combined = list(itertools.product(*choices))
    chosen = pruning.kept(combined, keys, scan.conditions, session)
    return [PartitionInfo(combined[at], _location(table, combined[at])) for at in chosen]


def _only(condition: str, key: StoredColumn, keys: tuple[StoredColumn, ...]) -> bool:
    """Whether a condition speaks of no other partition column."""
    return not any(f"p.{quote(k.name)}" in condition for k in keys if k.name != key.name)


def _property(table: TableInfo, key: StoredColumn, name: str, default: str | None = None) -> str:
    found = table.parameters.get(f"projection.{key.name}.{name}", default)
    if found is None:
        raise _invalid(table, f"missing the property projection.{key.name}.{name}")
    return found.strip()


def _invalid(table: TableInfo, what: str) -> QueryFailure:
    return QueryFailure(
        "INVALID_TABLE_PROPERTY",
        f"Table {table.full_name} is configured for partition projection, but {what}",
    )


def _values(table: TableInfo, key: StoredColumn, scan: Scan) -> Iterator[str]:
    kind = _property(table, key, "type").lower()
    if kind == "enum":
        return iter([text.strip() for text in _property(table, key, "values").split(",")])
    if kind == "integer":
        return _integers(table, key)
    if kind == "date":
        return _dates(table, key)
    if kind == "injected":
        return _injected(table, key, scan)
    raise _invalid(table, f"projection.{key.name}.type is '{kind}'")


def _injected(table: TableInfo, key: StoredColumn, scan: Scan) -> Iterator[str]:
    given = scan.equals.get(key.name)
    if not given:
        raise QueryFailure(
            "CONSTRAINT_VIOLATION",
            f"For the injected projected partition column {key.name}, the WHERE clause must "
            "contain only static equality conditions, and at least one such condition must be "
            "present.",
        )
    del table
    return iter(sorted(given))


def _bounds(table: TableInfo, key: StoredColumn) -> tuple[str, str]:
    first, comma, last = _property(table, key, "range").partition(",")
    if not comma:
        raise _invalid(table, f"projection.{key.name}.range is not two values")
    return first.strip(), last.strip()


def _integers(table: TableInfo, key: StoredColumn) -> Iterator[str]:
    digits = int(_property(table, key, "digits", "0"))
    step = int(_property(table, key, "interval", "1"))
    try:
        first, last = map(int, _bounds(table, key))
    except ValueError:
        raise _invalid(table, f"projection.{key.name}.range is not two integers") from None
    return (f"{number:0{digits}d}" for number in range(first, last + 1, max(step, 1)))


def _dates(table: TableInfo, key: StoredColumn) -> Iterator[str]:
    shape = joda_format(_property(table, key, "format"), "")
    unit = _property(table, key, "interval.unit", _finest(shape)).upper().removesuffix("S")
    step = int(_property(table, key, "interval", "1"))
    if unit not in _UNITS or step < 1:
        raise _invalid(table, f"projection.{key.name}.interval of {step} {unit} is not known")
    first, last = (_moment(text, shape, table, key) for text in _bounds(table, key))
    at = 0
    seen = ""
    while (moment := _shifted(first, at * step, unit)) <= last:
        shown = moment.strftime(shape)
        if shown != seen:
            yield shown
        seen, at = shown, at + 1


def _finest(shape: str) -> str:
    """The unit that a format shows: Athena takes it when no other is given."""
    for marks, unit in (("S", "SECOND"), ("M", "MINUTE"), ("HI", "HOUR"), ("dj", "DAY")):
        if any(f"%{mark}" in shape or f"%-{mark}" in shape for mark in marks):
            return unit
    return "MONTH" if re.search("%-?[mbB]", shape) else "YEAR"


def _moment(text: str, shape: str, table: TableInfo, key: StoredColumn) -> dt.datetime:
    match = _NOW.fullmatch(text)
    if match is None:
        try:
            return dt.datetime.strptime(text, shape.replace("%-", "%"))  # noqa: DTZ007 - UTC
        except ValueError:
            raise _invalid(table, f"projection.{key.name}.range has the date '{text}'") from None
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    sign, count, unit = match.groups()
    if count is None:
        return now
    if unit.upper() not in _UNITS:
        raise _invalid(table, f"projection.{key.name}.range has the unit '{unit}'")
    return _shifted(now, int(count) * (-1 if sign == "-" else 1), unit.upper())


def _shifted(moment: dt.datetime, count: int, unit: str) -> dt.datetime:
    if unit in {"MONTH", "YEAR"}:
        months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "YEAR" else 1)
        year, month = divmod(months, 12)
        following = dt.datetime(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)  # noqa: DTZ001
        last = (following - dt.timedelta(days=1)).day
        return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
    return moment + dt.timedelta(**{f"{unit.lower()}s": count})


def _location(table: TableInfo, values: tuple[str, ...]) -> str:
    names = [key.name for key in table.partition_keys]
    template = table.parameters.get("storage.location.template")
    if template is None:
        parts = (f"{name}={value}/" for name, value in zip(names, values, strict=True))
        return table.location.rstrip("/") + "/" + "".join(parts)
    for name, value in zip(names, values, strict=True):
        if f"${{{name}}}" not in template:
            raise _invalid(table, f"storage.location.template does not have ${{{name}}}")
        template = template.replace(f"${{{name}}}", value)
    return template
