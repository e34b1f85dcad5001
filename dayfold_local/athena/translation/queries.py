"""Queries: SELECT, WITH, set operations; and the whole translation of a statement's query."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sqlglot import exp

from dayfold_local.athena.catalog.tables import TableInfo
from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import UNKNOWN, Type, quote
from dayfold_local.athena.translation import aggregates, recursion, relations, windows
from dayfold_local.athena.translation.coercion import common_type
from dayfold_local.athena.translation.functions import Call
from dayfold_local.athena.translation.limits import limits
from dayfold_local.athena.translation.parse import parse, position
from dayfold_local.athena.translation.scope import HIDDEN_COLUMNS, Field, Scan, Scope, Typed
from dayfold_local.athena.translation.selects import Select, order_item

if TYPE_CHECKING:
    from collections.abc import Callable

    Lookup = Callable[[str, str, exp.Expr | None], TableInfo]


@dataclasses.dataclass(frozen=True, slots=True)
class Translated:
    """A query for the engine: `sql` holds a slot for each scan, to be filled at each run."""

    sql: str
    names: tuple[str, ...]
    types: tuple[Type, ...]
    scans: tuple[Scan, ...]
    tables: tuple[TableInfo, ...]


def translate(node: exp.Expr, database: str, lookup: Lookup) -> Translated:
    """The query in the engine's words."""
    work = Translation(database, lookup)
    sql, fields = work.query(node, None)
    for field in fields:
        field.use()
    names = tuple(field.name or f"_col{at}" for at, field in enumerate(fields))
    kinds = tuple(field.type for field in fields)
    return Translated(sql, names, kinds, tuple(work.scans), tuple(work.tables))


class Translation:
    """The state of one translation: the scans met, the WITH queries and windows in sight."""

    def __init__(self, database: str, lookup: Lookup) -> None:
        self.scans: list[Scan] = []
        self.tables: list[TableInfo] = []
        self._database = database
        self._lookup = lookup
        self._with: list[dict[str, tuple[str, list[Field]]]] = []
        self._windows: list[dict[str, exp.Window]] = [{}]
        self._names = 0

    # --- what expressions and FROM ask for ---

    def call(self, name: str, node: exp.Expr, args: list[exp.Expr], scope: Scope) -> Typed:
        """A function call."""
        return aggregates.any_call(Call(name, node, args, scope, self))

    def window(self, node: exp.Window, scope: Scope) -> Typed:
        """A call with OVER."""
        return windows.window(node, scope, self, self._windows[-1])

    def aggregate_clause(self, node: exp.Expr, scope: Scope) -> Typed:
        """FILTER, IGNORE NULLS, LISTAGG."""
        return windows.clause(node, scope, self)

    def subquery(self, node: exp.Expr, scope: Scope) -> tuple[str, list[Type]]:
        """A nested query in an expression."""
        sql, fields = self.query(node, scope)
        for field in fields:
            field.use()
        return sql, [field.type for field in fields]

    def query(self, node: exp.Expr, scope: Scope | None) -> tuple[str, list[Field]]:
        """Any query; `scope` is the query around it, for correlated subqueries."""
        listed = node.args.get("with_")
        if listed is None:
            return self._plain(node, scope)
        self._with.append({})
        recursive = bool(listed.args.get("recursive"))
        texts = [
            recursion.with_recursive(item, scope, self)
            if recursive and recursion.is_recursive(item)
            else self._with_query(item, scope)
            for item in listed.expressions
        ]
        sql, fields = self._plain(node, scope)
        self._with.pop()
        word = "WITH RECURSIVE" if recursive else "WITH"
        return f"{word} {', '.join(texts)} {sql}", fields

    def name_with(self, name: str, columns: list[Field]) -> str:
        """Makes a WITH query known before it is translated; gives its name in the engine."""
        self._names += 1
        inner = quote(f"w{self._names}_{name}")
        self._with[-1][name] = (inner, columns)
        return inner

    def distinct_with(self, name: str, inner: str) -> None:
        """From here on, readers of a recursive UNION see each of its rows once."""
        columns = self._with[-1][name][1][:-1]
        listed = ", ".join(quote(relations.column_name(at, f)) for at, f in enumerate(columns))
        self._with[-1][name] = (f"(SELECT DISTINCT {listed} FROM {inner})", columns)

    def _with_query(self, item: exp.CTE, scope: Scope | None) -> str:
        sql, fields = self.query(item.this, scope)
        name, columns = relations.alias_of(item)
        if columns and len(columns) != len(fields):
            raise QueryFailure(
                "MISMATCHED_COLUMN_ALIASES",
                f"{position(item)}Column alias list has {len(columns)} entries but relation has "
                f"{len(fields)} columns",
            )
        for field, column in zip(fields, columns, strict=False):
            field.name = column
        self._names += 1
        inner = quote(f"w{self._names}_{name}")
        self._with[-1][name or ""] = (inner, fields)
        labels = (quote(relations.column_name(at, field)) for at, field in enumerate(fields))
        return f"{inner}({', '.join(labels)}) AS ({sql})"

    def _plain(self, node: exp.Expr, scope: Scope | None) -> tuple[str, list[Field]]:
        if isinstance(node, exp.Select):
            return Select(self, node, scope).translate()
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, scope)
        if isinstance(node, exp.Subquery):
            sql, fields = self.query(node.this, scope)
            tail = self._tail(node, fields)
            return (f"SELECT * FROM ({sql}){tail}" if tail else sql), fields
        if isinstance(node, exp.Values):
            return relations.values_query(node, Scope(outer=scope), self)
        if isinstance(node, exp.Table):
            return self._plain(exp.select("*").from_(node), scope)
        raise not_supported(f"{position(node)}{type(node).__name__} as a query")

    def table(self, node: exp.Table, alias: str) -> tuple[str, list[Field]]:
        """A WITH query, a table or a view by its name."""
        name = node.name.lower()
        if node.args.get("db") is None:
            for level in reversed(self._with):
                if name in level:
                    return _with_reference(*level[name], alias)
        database = self._database_of(node)
        info = self._lookup(database, name, node)
        self.tables.append(info)
        if info.view is not None:
            return self._view(info, alias, node)
        scan = Scan(info, f"@scan{len(self.scans)}@")
        self.scans.append(scan)
        keys = {column.name for column in info.partition_keys}
        fields = [
            Field(
                column.name,
                column.type,
                f"{quote(alias)}.{quote(column.name)}",
                scan=scan,
                partition=(scan, column.name) if column.name in keys else None,
                qualifiers=(alias,),
            )
            for column in (*info.columns, *info.partition_keys)
        ]
        for hidden, kind in HIDDEN_COLUMNS.items():
            if hidden != "$partition" or keys:
                sql = f"{quote(alias)}.{quote(hidden)}"
                fields.append(Field(hidden, kind, sql, scan=scan, qualifiers=(alias,), hidden=True))
        return f"{scan.slot} AS {quote(alias)}", fields

    def _database_of(self, node: exp.Table) -> str:
        catalog = node.args.get("catalog")
        if catalog is not None and catalog.name.lower() != "awsdatacatalog":
            raise QueryFailure(
                "CATALOG_NOT_FOUND",
                f"{position(node)}Catalog '{catalog.name.lower()}' not found",
            )
        database = node.args.get("db")
        return database.name.lower() if database is not None else self._database

    def _view(self, info: TableInfo, alias: str, node: exp.Table) -> tuple[str, list[Field]]:
        assert info.view is not None
        outer, self._with = self._with, []
        database, self._database = self._database, info.view.database or info.database
        try:
            sql, fields = self.query(parse(info.view.sql), None)
        except QueryFailure as failure:
            raise QueryFailure(
                "INVALID_VIEW",
                f"{position(node)}Failed analyzing stored view "
                f"'awsdatacatalog.{info.full_name}': {failure.message}",
            ) from None
        finally:
            self._with, self._database = outer, database
        for field, column in zip(fields, info.view.columns, strict=False):
            field.name = column.name
        return relations.derived(sql, fields, alias, [], node)

    # --- set operations and what stands behind a query ---

    def _set_operation(
        self, node: exp.SetOperation, scope: Scope | None
    ) -> tuple[str, list[Field]]:
        left, right = (self.query(side, scope) for side in (node.this, node.expression))
        name = type(node).__name__.upper()
        if len(left[1]) != len(right[1]):
            raise QueryFailure(
                "SYNTAX_ERROR",
                f"{position(node)}{name} query has different number of fields: {len(left[1])}, "
                f"{len(right[1])}",
            )
        kinds = []
        for at, (a, b) in enumerate(zip(left[1], right[1], strict=True)):
            kind = common_type(a.type, b.type)
            if kind is None:
                raise QueryFailure(
                    "TYPE_MISMATCH",
                    f"{position(node)}column {at + 1} in {name} query has incompatible types: "
                    f"{a.type}, {b.type}",
                )
            kinds.append(kind)
        for field in (*left[1], *right[1]):
            field.use()
        symbol = name if node.args.get("distinct") else f"{name} ALL"
        sql = f"({_as_types(*left, kinds)}) {symbol} ({_as_types(*right, kinds)})"
        fields = [Field(a.name, kind, "") for a, kind in zip(left[1], kinds, strict=True)]
        tail = self._tail(node, fields)
        if not tail:
            return sql, fields
        labels = ", ".join(f"c{at}" for at in range(len(fields)))
        return f"SELECT * FROM ({sql}) AS u({labels}){tail}", fields

    def _tail(self, node: exp.Expr, fields: list[Field]) -> str:
        """ORDER BY (output columns only), OFFSET and LIMIT."""
        parts = []
        order = node.args.get("order")
        if order is not None:
            listed = [order_item(item, fields, None, self) for item in order.expressions]
            parts.append(f" ORDER BY {', '.join(listed)}")
        return "".join(parts) + limits(node)


def _with_reference(inner: str, columns: list[Field], alias: str) -> tuple[str, list[Field]]:
    labels = [relations.column_name(at, field) for at, field in enumerate(columns)]
    fields = [
        field.seen_as(alias, field.name, f"{quote(alias)}.{quote(label)}", prune=False)
        for field, label in zip(columns, labels, strict=True)
    ]
    for seen, field in zip(fields, columns, strict=True):
        seen.hidden = field.hidden
    return f"{inner} AS {quote(alias)}", fields


def _as_types(sql: str, fields: list[Field], kinds: list[Type]) -> str:
    if all(kind in (field.type, UNKNOWN) for field, kind in zip(fields, kinds, strict=True)):
        return sql
    labels = [f"c{at}" for at in range(len(fields))]
    casts = (f"CAST({label} AS {kind.duckdb})" for label, kind in zip(labels, kinds, strict=True))
    return f"SELECT {', '.join(casts)} FROM ({sql}) AS s({', '.join(labels)})"
