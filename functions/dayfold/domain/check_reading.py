"""Checks as people write them: `kind: arguments`, in a query's header or a backfill's file."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, TypeGuard

from dayfold.domain.table import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold.domain.table import Severity

HELP = {
    "not_null": "give columns: not_null: [company_id]",
    "unique": "give the columns of a key: unique: [dt, company_id]",
    "between": "give bounds per column: between: {active_users: [1, null]}",
    "accepted_values": "give values per column: accepted_values: {event_type: [post, reply]}",
    "row_count": "give the bounds of the rows of a day: row_count: [1, null]",
    "reference": "give the table and key a column must be found in, on the day or days around it:"
    " reference: {user_id: 'staging.users(user_id) [-6, 0]'}",
    "change": "give bounds of the ratio to the median of the days before: change: {rows: [0.5, 2],"
    " sum(posts): {ratio: [0.1, null], days: 28, at_least: 7}}",
    "freshness": "give how long before the day's end the newest value may lie:"
    " freshness: {ts: 6h}, in m, h or d",
    "sql": "give a SELECT of bad rows per rule, such as no_loops: SELECT * FROM this WHERE a = b",
}
KINDS = tuple(HELP)
CHANGE_DAYS = 28  # published days that make the median, unless said
CHANGE_AT_LEAST = 7  # fewer of them judge nothing, unless said
_MAX_CHANGE_DAYS = 100
_REFERENCE = re.compile(
    r"([a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*|this)\s*\(([^()]+)\)\s*(?:\[\s*(-?\d+)\s*,\s*(-?\d+)\s*\])?"
)
_AGGREGATE = re.compile(r"(sum|avg|min|max|count|distinct)\(\s*([a-z_][a-z0-9_]*)\s*\)")
_AGE = re.compile(r"(\d+)\s*([mhd])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}


@dataclasses.dataclass(frozen=True, slots=True)
class BadCheck:
    """A check that cannot be read: the key it stands under, and why."""

    key: str
    warns: bool  # whether it stands under `warn`
    message: str


def read_checks(declared: object) -> tuple[list[Check], list[BadCheck]]:
    """Read checks of the form `kind: arguments`, with those that only warn under `warn`."""
    if declared is None:
        return [], []
    if not isinstance(declared, dict):
        what = "checks is not of the form `kind: arguments`; see docs/checks.md"
        return [], [BadCheck("checks", warns=False, message=what)]
    warnings = declared.get("warn") or {}
    if not isinstance(warnings, dict):
        bad = BadCheck("warn", warns=False, message="warn holds checks: `warn: {kind: ...}`")
        checks, wrong = _read_kinds({k: v for k, v in declared.items() if k != "warn"}, "error")
        return checks, [bad, *wrong]
    stopping = {kind: value for kind, value in declared.items() if kind != "warn"}
    checks, wrong = _read_kinds(stopping, "error")
    more, more_wrong = _read_kinds(warnings, "warn")
    return [*checks, *more], [*wrong, *more_wrong]


def _read_kinds(declared: dict[Any, Any], severity: Severity) -> tuple[list[Check], list[BadCheck]]:
    checks: list[Check] = []
    wrong: list[BadCheck] = []
    for kind, arguments in declared.items():
        if kind not in KINDS:
            what = f"unknown check {kind!r}: there are {', '.join(KINDS)}, and warn around them"
            wrong.append(BadCheck(str(kind), severity == "warn", what))
            continue
        found = list(_split(str(kind), arguments, severity))
        if not found or None in found:
            what = f"{kind} has unusable arguments {arguments!r}: {HELP[kind]}"
            wrong.append(BadCheck(str(kind), severity == "warn", what))
        checks += [check for check in found if check]
    return checks, wrong


def _split(kind: str, arguments: object, severity: Severity) -> Iterator[Check | None]:
    """One Check per rule, so that a report names the column that broke; None for a wrong one."""
    if kind == "not_null" and _is_names(arguments):
        for column in arguments:
            yield Check(kind, f"not_null({column})", [column], severity)
    elif kind == "unique" and isinstance(arguments, list):
        for key in [arguments] if _is_names(arguments) else arguments:
            good = _is_names(key)
            yield Check(kind, f"unique({', '.join(key)})", key, severity) if good else None
    elif kind == "row_count" and _is_bounds(arguments):
        yield Check(kind, f"row_count({_bounds_text(arguments)})", arguments, severity)
    elif isinstance(arguments, dict):
        for name, value in arguments.items():
            yield _named(kind, str(name), value, severity)


def _named(kind: str, name: str, value: object, severity: Severity) -> Check | None:
    if kind == "between" and _is_bounds(value):
        return Check(kind, f"between({name}, {_bounds_text(value)})", {name: value}, severity)
    if kind == "accepted_values" and isinstance(value, list) and value:
        return Check(kind, f"accepted_values({name})", {name: value}, severity)
    if kind == "sql" and isinstance(value, str) and value.strip():
        return Check(kind, f"sql({name})", value.strip().rstrip(";"), severity)
    readers = {"reference": _reference, "change": _change, "freshness": _freshness}
    return readers[kind](name, value, severity) if kind in readers else None


def _reference(columns: str, value: object, severity: Severity) -> Check | None:
    """`user_id: staging.users(user_id) [-6, 0]`, with several columns as `a, b: t(c, d)`."""
    match = _REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    table, key, first, last = match.groups()
    names, others = _names(columns), _names(key)
    days = [int(first or 0), int(last or 0)]
    if len(names) != len(others) or not all([*names, *others]) or days[0] > days[1]:
        return None
    if table == "this" and days != [0, 0]:
        return None
    arguments = {"columns": names, "table": table, "key": others, "days": days}
    return Check("reference", f"reference({', '.join(names)} in {table})", arguments, severity)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _change(measure: str, value: object, severity: Severity) -> Check | None:
    """`rows: [0.5, 2]`, or `sum(posts): {ratio: [0.5, 2], days: 28, at_least: 7}`."""
    given = {"ratio": value} if isinstance(value, list) else value
    if not isinstance(given, dict) or given.keys() - {"ratio", "days", "at_least"}:
        return None
    bounds = given.get("ratio")
    days = given.get("days", CHANGE_DAYS)
    at_least = given.get("at_least", min(CHANGE_AT_LEAST, days) if _is_count(days) else 0)
    if not _is_bounds(bounds) or any(bound is not None and bound < 0 for bound in bounds):
        return None
    if not _is_count(days) or not _is_count(at_least) or at_least > days > 0:
        return None
    match = _AGGREGATE.fullmatch(measure.strip())
    if measure.strip() != "rows" and match is None:
        return None
    function, column = match.groups() if match else ("rows", "")
    what = f"{function}({column})" if column else function
    arguments = {
        "function": function,
        "column": column,
        "ratio": bounds,
        "days": days,
        "at_least": at_least,
    }
    return Check("change", f"change({what}, {_bounds_text(bounds)})", arguments, severity)


def _freshness(column: str, value: object, severity: Severity) -> Check | None:
    """`ts: 6h`: the newest value of a day is at most so long before the day's end."""
    match = _AGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    seconds = int(match.group(1)) * _SECONDS[match.group(2)]
    arguments = {"column": column.strip(), "seconds": seconds}
    return Check("freshness", f"freshness({column.strip()}, {value})", arguments, severity)


def columns_of(check: Check) -> list[str]:
    """The columns of the table that a check's arguments name; free SQL is not looked into."""
    if check.kind in {"not_null", "unique"}:
        return list(check.arguments)
    if check.kind in {"between", "accepted_values"}:
        return list(check.arguments)
    if check.kind == "reference":
        own = check.arguments["key"] if check.arguments["table"] == "this" else []
        return [*check.arguments["columns"], *own]
    if check.kind in {"change", "freshness"}:
        return [check.arguments["column"]] if check.arguments["column"] else []
    return []


def _is_names(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def _is_count(value: object) -> TypeGuard[int]:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and 1 <= value <= _MAX_CHANGE_DAYS  # type: ignore[operator]


def _is_bounds(value: object) -> TypeGuard[list[Any]]:
    return (
        isinstance(value, list)
        and len(value) == 2
        and value != [None, None]
        and all(v is None or (isinstance(v, int | float) and v is not True) for v in value)
    )


def _bounds_text(bounds: list[Any]) -> str:
    return "[" + ", ".join("null" if bound is None else str(bound) for bound in bounds) + "]"
