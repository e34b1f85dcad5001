"""What names mean at a place in a query: relations, their columns, lambda parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.catalog.tables import TableInfo
from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BIGINT, UNKNOWN, VARCHAR, Type, timestamp_tz
from dayfold_local.athena.translation.parse import position

if TYPE_CHECKING:
    from sqlglot import exp

# What every Hive table has beside its columns; `*` leaves them out.
HIDDEN_COLUMNS: Final = {
    "$path": VARCHAR,
    "$file_size": BIGINT,
    "$file_modified_time": timestamp_tz(3),
    "$partition": VARCHAR,
}


@dataclasses.dataclass(slots=True)
class Typed:
    """An expression written for the engine, with its Trino type.

    `value` is the Python value of a literal. `any_zone` is a cheaper text for use where only the
    instant counts, not the zone that the value carries.
    """

    sql: str
    type: Type
    value: str | int | None = None
    any_zone: str | None = None


@dataclasses.dataclass(slots=True, eq=False)
class Scan:
    """One reading of a stored table: what of it is used, and which partitions can matter."""

    table: TableInfo
    slot: str
    columns: set[str] = dataclasses.field(default_factory=set)
    conditions: list[str] = dataclasses.field(default_factory=list)
    equals: dict[str, set[str]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True, eq=False)
class Field:
    """A column of a relation."""

    name: str | None
    type: Type
    sql: str
    source: Field | None = None
    scan: Scan | None = None
    partition: tuple[Scan, str] | None = None  # set while it is a bare partition column
    qualifiers: tuple[str, ...] = ()
    hidden: bool = False  # resolvable, not part of *

    def use(self) -> None:
        """Notes that a query really needs this column, down to the stored one."""
        if self.scan is not None and self.name is not None:
            self.scan.columns.add(self.name)
        if self.source is not None:
            self.source.use()

    def seen_as(self, alias: str, name: str | None, sql: str, *, prune: bool) -> Field:
        """The same column, seen from outside a subquery."""
        return Field(
            name,
            self.type,
            sql,
            source=self,
            partition=self.partition if prune else None,
            qualifiers=(alias,),
        )


@dataclasses.dataclass(slots=True)
class Scope:
    """Where an expression stands. `outer` is the query around a subquery."""

    fields: list[Field] = dataclasses.field(default_factory=list)
    outer: Scope | None = None
    lambdas: dict[str, Typed] = dataclasses.field(default_factory=dict)
    on_use: Callable[[Field], None] | None = None

    def with_lambda(self, names: dict[str, Typed]) -> Scope:
        """The scope inside a lambda."""
        return Scope(self.fields, self.outer, {**self.lambdas, **names}, self.on_use)

    def find(self, parts: list[str], node: exp.Expr) -> tuple[Field, int] | None:
        """The column that a dotted name starts with, and how many parts it takes."""
        for taken in range(min(len(parts), 3), 0, -1):
            *qualifier, name = parts[:taken]
            wanted = ".".join(qualifier)
            found = [
                field
                for field in self.fields
                if field.name == name and (not wanted or wanted in field.qualifiers)
            ]
            if len(found) > 1:
                raise QueryFailure(
                    "AMBIGUOUS_NAME",
                    f"{position(node)}Column '{'.'.join(parts)}' is ambiguous",
                )
            if found:
                return found[0], taken
        return self.outer.find(parts, node) if self.outer is not None else None


def resolve(parts: list[str], node: exp.Expr, scope: Scope) -> Typed:
    """A (dotted) name as an expression: a lambda parameter, a column, or a field of one."""
    if parts[0] in scope.lambdas:
        result = scope.lambdas[parts[0]]
        rest = parts[1:]
    else:
        found = scope.find(parts, node)
        if found is None:
            raise column_not_found(".".join(parts), node)
        field, taken = found
        field.use()
        if scope.on_use is not None:
            scope.on_use(field)
        if field.type == UNKNOWN:
            result = Typed(field.sql, UNKNOWN)
        else:
            result = Typed(field.sql, field.type)
        rest = parts[taken:]
    for part in rest:
        result = dereference(result, part, node)
    return result


def dereference(base: Typed, name: str, node: exp.Expr) -> Typed:
    """A field of a row."""
    if base.type.name != "row":
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(node)}Expression {base.type} is not of type ROW",
        )
    for field_name, kind in zip(base.type.fields, base.type.args, strict=True):
        if field_name is not None and field_name.lower() == name:
            return Typed(f"struct_extract({base.sql}, '{field_name}')", kind)
    if all(field_name is None for field_name in base.type.fields):
        raise not_supported(f"{position(node)}fields of a row without names")
    raise column_not_found(name, node)


def column_not_found(name: str, node: exp.Expr) -> QueryFailure:
    """Athena's answer to a column that is not there."""
    return QueryFailure(
        "COLUMN_NOT_FOUND",
        f"{position(node)}Column '{name}' cannot be resolved or requester is not authorized to "
        "access requested resources",
    )
