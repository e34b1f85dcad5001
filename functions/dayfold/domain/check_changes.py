"""Checks that one backfill changes without a deployment: eased, tightened or others altogether."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from dayfold.domain.check_reading import columns_of, read_checks
from dayfold.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold.domain.table import Check, Severity, Table

Checks = dict[str, tuple["Check", ...]]


def read_changes(event: Mapping[str, Any], tables: Mapping[str, Table]) -> Checks:
    """The checks of those tables whose checks a backfill changes.

    Args:
        event: the request: `checks`, by table the checks that take the place of the file's own, in
            the form of a header; then `ease` and `tighten`, each a list of `TABLE:CHECK`, the check
            by its name (`not_null(user_id)`) or, for all of a kind, by that (`not_null`).
        tables: all tables by name.

    Raises:
        BadRequestError: something names a table or a check that is not there, or changes nothing.
    """
    changed: Checks = {}
    for name, block in _mapping(event.get("checks"), "checks").items():
        changed[name] = _other_checks(_find(tables, name), block)
    for field, severity in (("ease", "warn"), ("tighten", "error")):
        for said in _texts(event.get(field), field):
            name, separator, check = said.partition(":")
            if not separator or not check:
                raise BadRequestError(f"{field} {said!r}: give TABLE:CHECK")
            table = _find(tables, name)
            checks = changed.get(name, table.checks)
            changed[name] = _with_severity(table, checks, check, severity, field)  # type: ignore[arg-type]
    return changed


def describe(changed: tuple[Mapping[str, Any], ...], own: tuple[Check, ...]) -> list[str]:
    """How checks that were in force differ from a table's own, a line for each.

    Args:
        changed: the checks as the ledger keeps them.
        own: those of the table's file.
    """
    before = {(check.name, check.severity) for check in own}
    after = {(str(one["name"]), str(one["severity"])) for one in changed}
    names = {name for name, _ in before}
    lines = []
    for name, severity in sorted(after - before):
        eased = "only warned" if severity == "warn" else "stopped the publish"
        lines.append(f"{name} {eased}" if name in names else f"{name} ({severity}) was added")
    kept = {name for name, _ in after}
    return lines + [f"{name} was left out" for name in sorted(names - kept)]


def _find(tables: Mapping[str, Table], name: str) -> Table:
    if name not in tables:
        raise BadRequestError(
            f"changed checks: unknown table {name!r}: there are {', '.join(sorted(tables))}"
        )
    return tables[name]


def _other_checks(table: Table, block: object) -> tuple[Check, ...]:
    checks, wrong = read_checks(block)
    if wrong:
        raise BadRequestError(f"changed checks of {table.name}: {wrong[0].message}")
    if not checks:
        raise BadRequestError(
            f"changed checks of {table.name}: there are none: ease those that shall stop nothing"
        )
    columns = {"dt", *(column.name for column in table.columns)}
    inputs = {"this", *(one.table for one in table.inputs)}
    for check in checks:
        strange = [name for name in columns_of(check) if name not in columns]
        if strange:
            raise BadRequestError(
                f"changed checks of {table.name}: {check.kind} names {strange[0]!r}, "
                "which is no output column"
            )
        if check.kind == "reference" and check.arguments["table"] not in inputs:
            raise BadRequestError(
                f"changed checks of {table.name}: {check.name}: "
                f"{check.arguments['table']} is no input of the table"
            )
    return tuple(checks)


def _with_severity(
    table: Table, checks: tuple[Check, ...], wanted: str, severity: Severity, field: str
) -> tuple[Check, ...]:
    hit = [check for check in checks if wanted in {check.name, check.kind}]
    if not hit:
        names = ", ".join(check.name for check in checks) or "none"
        raise BadRequestError(
            f"{field} {table.name}:{wanted}: no such check of {table.name}: there are {names}"
        )
    if all(check.severity == severity for check in hit):
        does = "only warns" if severity == "warn" else "stops the publish"
        raise BadRequestError(f"{field} {table.name}:{wanted}: it {does} already")
    return tuple(
        dataclasses.replace(check, severity=severity) if check in hit else check for check in checks
    )


def _mapping(value: object, field: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequestError(f"{field} is {value!r}: give checks by table")
    return {str(name): block for name, block in value.items()}


def _texts(value: object, field: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadRequestError(f"{field} is {value!r}: give a list of TABLE:CHECK")
    return value
