"""JSON lines: columns and types from the values."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from dayfold_local.crawler.column_types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    STRING,
    UNKNOWN,
    Array,
    ColumnType,
    Struct,
    merge,
)

SAMPLE_LINES = 1000
_MAX_BIGINT = 2**63 - 1
_SCALARS = {bool: BOOLEAN, float: DOUBLE, str: STRING, type(None): UNKNOWN}


@dataclasses.dataclass(frozen=True, slots=True)
class JsonLines:
    """What the sample of lines shows."""

    columns: tuple[tuple[str, ColumnType], ...]
    good: int
    problem: str | None


def infer(lines: list[str]) -> JsonLines:
    """Infers the columns of a file from an even sample of its lines, the last among them."""
    sample = _sample(len(lines))
    rows = _parse_all([lines[number] for number in sample])
    bad = [number + 1 for number, row in zip(sample, rows, strict=True) if row is None]
    good = [row for row in rows if row is not None]
    problem = None
    if bad:
        half = bad == [len(lines)] and not lines[-1].rstrip().endswith("}")
        what = "ends in half a JSON object" if half else "is no JSON object"
        more = f" (nor {'is' if len(bad) == 2 else 'are'} {len(bad) - 1} more)" if bad[1:] else ""
        problem = f"line {bad[0]} {what}{more}"
    columns, doubled = _columns(good)
    if doubled and problem is None:
        # The SerDe compares names without case and refuses such a row.
        problem = f"the same name twice but for case: {', '.join(sorted(doubled))}"
    return JsonLines(columns, len(good), problem)


def _sample(count: int) -> list[int]:
    if count <= SAMPLE_LINES:
        return list(range(count))
    step = count / (SAMPLE_LINES - 1)
    return [*(int(step * index) for index in range(SAMPLE_LINES - 1)), count - 1]


def _parse_all(lines: list[str]) -> list[dict[str, Any] | None]:
    """The objects of all lines; None for a line that is none."""
    try:
        # One call for all, which is what a good file takes, costs a third of one call per line.
        rows = _DECODER.decode(f"[{','.join(lines)}]")
    except (ValueError, RecursionError):
        return [_parse(line) for line in lines]
    if len(rows) != len(lines):  # two bad lines can make a good one
        return [_parse(line) for line in lines]
    return [row if isinstance(row, dict) else None for row in rows]


def _parse(line: str) -> dict[str, Any] | None:
    try:
        row = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and Infinity are Python's, not JSON's


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _columns(rows: list[dict[str, Any]]) -> tuple[tuple[tuple[str, ColumnType], ...], set[str]]:
    """The columns in the order of their first appearance, and names that differ only in case."""
    values: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            try:
                values[name].append(value)
            except KeyError:
                values[name] = [value]
    merged: dict[str, ColumnType] = {}
    spelled: dict[str, str] = {}
    doubled: set[str] = set()
    for name, seen in values.items():
        lower, kind = name.lower(), _type_of_all(seen)
        if lower in merged:
            kind = merge(merged[lower], kind)
            if any(name in row and spelled[lower] in row for row in rows):
                doubled.add(lower)
        merged[lower], spelled[lower] = kind, name
    return tuple(merged.items()), doubled


def _type_of_all(values: list[Any]) -> ColumnType:
    # Most columns hold values of one class: the set of their classes answers at C speed.
    kind: ColumnType = UNKNOWN
    for python_type in set(map(type, values)):
        alike = [value for value in values if type(value) is python_type]
        kind = merge(kind, _type_of_class(python_type, alike))
    return kind


def _type_of_class(python_type: type, values: list[Any]) -> ColumnType:
    if python_type is int:
        fits = min(values) >= -_MAX_BIGINT - 1 and max(values) <= _MAX_BIGINT
        return BIGINT if fits else STRING  # as text nothing of a longer number is lost
    if python_type is list:
        return Array(_type_of_all([item for value in values for item in value]))
    if python_type is dict:
        return Struct(_columns(values)[0])
    return _SCALARS.get(python_type, STRING)
