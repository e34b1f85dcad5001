"""Queries: SELECT, WITH, set operations; and the whole translation of a statement's query."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import UNKNOWN, Type, quote
from dayfold_local.athena.translation import aggregates, relations, windows
from dayfold_local.athena.translation.casts import common_type
from dayfold_local.athena.translation.expressions import boolean, expression
from dayfold_local.athena.translation.functions import Call
from dayfold_local.athena.translation.parse import parse, position
from dayfold_local.athena.translation.scope import Field, Scan, Scope, Typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.athena.catalog.tables import TableInfo

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
        if listed.args.get("recursive"):
            raise not_supported("WITH RECURSIVE")
        self._with.append({})
        texts = [self._with_query(item, scope) for item in listed.expressions]
        sql, fields = self._plain(node, scope)
        self._with.pop()
        return f"WITH {', '.join(texts)} {sql}", fields

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
            tail = self._tail(node, fields, Scope(outer=scope))
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
        return f"{scan.slot} AS {quote(alias)}", fields

    def _database_of(self, node: exp.Table) -> str:
        catalog = node.args.get("catalog")
        if catalog is not None and catalog.name.lower() != "awsdatacatalog":
            raise QueryFailure(
                "CATALOG_NOT_FOUND", f"{position(node)}Catalog '{catalog.name.lower()}' not found",
            )  # fmt: skip
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
        tail = self._tail(node, fields, Scope(outer=scope))
        if not tail:
            return sql, fields
        labels = ", ".join(f"c{at}" for at in range(len(fields)))
        return f"SELECT * FROM ({sql}) AS u({labels}){tail}", fields

    def _tail(self, node: exp.Expr, fields: list[Field], scope: Scope) -> str:
        """ORDER BY (output columns only), OFFSET and LIMIT."""
        parts = []
        order = node.args.get("order")
        if order is not None:
            listed = [order_item(item, fields, None, self) for item in order.expressions]
            parts.append(f" ORDER BY {', '.join(listed)}")
        return "".join(parts) + limits(node)


def order_item(item: exp.Ordered, fields: list[Field], scope: Scope | None, to: Translation) -> str:
    """One term of ORDER BY: an output column by place or name, or an expression."""
    nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
    tail = f"{' DESC' if item.args.get('desc') else ''} NULLS {nulls}"
    node = item.this
    if isinstance(node, exp.Literal) and not node.is_string:
        if not 1 <= int(node.this) <= len(fields):
            raise QueryFailure(
                "SYNTAX_ERROR", f"{position(node)}ORDER BY position {node.this} is not in select list",
            )  # fmt: skip
        return f"{node.this}{tail}"
    if isinstance(node, exp.Column) and len(node.parts) == 1:
        name = node.name.lower()
        places = [at for at, field in enumerate(fields) if (field.name or "").lower() == name]
        if places:
            return f"{places[0] + 1}{tail}"
    if scope is None:
        raise not_supported(f"{position(node)}ORDER BY an expression behind a set operation")
    return f"{expression(node, scope, to).sql}{tail}"


def limits(node: exp.Expr) -> str:
    """OFFSET and LIMIT."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    text = ""
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and options.args.get("with_ties"):
            raise not_supported("FETCH FIRST WITH TIES")
        count = limit.args.get("count")
        text = f" LIMIT {count.this if count is not None else 1}"
    elif limit is not None and limit.expression.name.upper() != "ALL":
        text = f" LIMIT {int(limit.expression.this)}"
    if offset is not None:
        text += f" OFFSET {int(offset.expression.this)}"
    return text


def _with_reference(inner: str, columns: list[Field], alias: str) -> tuple[str, list[Field]]:
    labels = [relations.column_name(at, field) for at, field in enumerate(columns)]
    fields = [
        field.seen_as(alias, field.name, f"{quote(alias)}.{quote(label)}", prune=False)
        for field, label in zip(columns, labels, strict=True)
    ]
    return f"{inner} AS {quote(alias)}", fields


def _as_types(sql: str, fields: list[Field], kinds: list[Type]) -> str:
    if all(
        field.type == kind or kind == UNKNOWN for field, kind in zip(fields, kinds, strict=True)
    ):
        return sql
    labels = [f"c{at}" for at in range(len(fields))]
    casts = (f"CAST({label} AS {kind.duckdb})" for label, kind in zip(labels, kinds, strict=True))
    return f"SELECT {', '.join(casts)} FROM ({sql}) AS s({', '.join(labels)})"


class Select:
    """The translation of one SELECT."""

    def __init__(self, work: Translation, node: exp.Select, outer: Scope | None) -> None:
        self._work = work
        self._node = node
        self._outer = outer
        self._scope = Scope(outer=outer)

    def translate(self) -> tuple[str, list[Field]]:
        """The text and the columns."""
        node, work = self._node, self._work
        for unknown in ("qualify", "distribute", "sort", "cluster", "laterals", "pivots", "into"):
            if node.args.get(unknown):
                raise not_supported(f"{position(node)}{unknown.upper()}")
        source = self._from()
        where = self._where()
        windows_here = {item.this.name.lower(): item for item in node.args.get("windows") or []}
        work._windows.append(windows_here)  # noqa: SLF001 - one translation in two classes
        try:
            fields, texts = self._columns()
            group = self._group(fields)
            having = node.args.get("having")
            held = (
                f" HAVING {boolean(having.this, self._scope, work)}" if having is not None else ""
            )
            tail = self._order(fields) + limits(node)
        finally:
            work._windows.pop()  # noqa: SLF001
        distinct = node.args.get("distinct")
        if distinct is not None:
            if distinct.args.get("on") is not None:
                raise not_supported(f"{position(node)}DISTINCT ON")
            for field in fields:
                field.use()
        head = "SELECT DISTINCT" if distinct is not None else "SELECT"
        return f"{head} {', '.join(texts)}{source}{where}{group}{held}{tail}", fields

    def _from(self) -> str:
        start = self._node.args.get("from_")
        if start is None:
            return ""
        sql, fields = relations.joined(
            start.this, self._node.args.get("joins") or [], self._scope, self._work,
        )  # fmt: skip
        self._scope.fields = fields
        return f" FROM {sql}"

    def _where(self) -> str:
        where = self._node.args.get("where")
        if where is None:
            return ""
        parts = []
        for part in relations.conjuncts(where.this):
            if part.find(exp.Window) is not None:
                raise QueryFailure(
                    "EXPRESSION_NOT_SCALAR",
                    f"{position(part)}WHERE clause cannot contain aggregations, window functions or "
                    "grouping operations",
                )
            parts.append(boolean(part, self._scope, self._work))
            add_pruning(part, self._scope, self._work)
        return f" WHERE {' AND '.join(parts)}"

    def _columns(self) -> tuple[list[Field], list[str]]:
        fields: list[Field] = []
        for item in self._node.expressions:
            fields += self._item(item)
        texts = [
            f"{field.sql} AS {quote(relations.column_name(at, field))}"
            for at, field in enumerate(fields)
        ]
        return fields, texts

    def _item(self, item: exp.Expr) -> list[Field]:
        if isinstance(item, exp.Star) or (
            isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
        ):
            return self._star(item)
        name = item.alias if isinstance(item, exp.Alias) else None
        node = item.this if isinstance(item, exp.Alias) else item
        if isinstance(node, exp.Column):
            parts = [part.name.lower() for part in node.parts]
            found = self._scope.find(parts, node)
            if found is not None and found[1] == len(parts):
                return [self._passed(found[0], name or found[0].name)]
        if name is None and isinstance(node, exp.Column | exp.Dot):
            name = node.name.lower()
        value = expression(node, self._scope, self._work)
        return [Field(name, value.type, value.sql)]

    def _passed(self, field: Field, name: str | None) -> Field:
        """A bare column: it counts as read only if the outside uses it."""
        return Field(
            name,
            field.type,
            field.sql,
            source=field,
            partition=field.partition if self._passes_filters() else None,
        )

    def _passes_filters(self) -> bool:
        """Whether filtering rows before this SELECT is the same as after it."""
        node = self._node
        group = node.args.get("group")
        sets = group is not None and (
            any(group.args.get(key) for key in ("grouping_sets", "cube", "rollup"))
            or any(
                isinstance(e, exp.Rollup | exp.Cube | exp.GroupingSets) for e in group.expressions
            )
        )
        limited = node.args.get("limit") is not None or node.args.get("offset") is not None
        return not sets and not limited and node.find(exp.Window) is None

    def _star(self, item: exp.Expr) -> list[Field]:
        wanted = item.args["table"].name.lower() if isinstance(item, exp.Column) else None
        if isinstance(item, exp.Star) and any(
            item.args.get(k) for k in ("except_", "replace", "except")
        ):
            raise not_supported(f"{position(item)}* EXCEPT")
        fields = [
            field
            for field in self._scope.fields
            if not field.hidden and (wanted is None or wanted in field.qualifiers)
        ]
        if not fields:
            message = (
                "SELECT * not allowed in queries without FROM clause"
                if wanted is None
                else f"Unable to resolve reference {wanted}"
            )
            raise QueryFailure("SYNTAX_ERROR", f"{position(item) or 'line 1:8: '}{message}")
        return [self._passed(field, field.name) for field in fields]

    def _group(self, fields: list[Field]) -> str:
        group = self._node.args.get("group")
        if group is None:
            return ""
        if group.args.get("all") or group.args.get("totals"):
            raise not_supported(f"{position(group)}GROUP BY ALL")
        terms = [self._group_term(item, fields) for item in group.expressions]
        for key in ("grouping_sets", "cube", "rollup"):
            terms += [self._group_term(item, fields) for item in group.args.get(key) or []]
        return f" GROUP BY {', '.join(terms)}"

    def _group_term(self, item: exp.Expr, fields: list[Field]) -> str:
        if isinstance(item, exp.Literal) and not item.is_string:
            place = int(item.this)
            if not 1 <= place <= len(fields):
                raise QueryFailure(
                    "SYNTAX_ERROR", f"{position(item)}GROUP BY position {place} is not in select list",
                )  # fmt: skip
            fields[place - 1].use()
            return fields[place - 1].sql
        if isinstance(item, exp.Rollup | exp.Cube | exp.GroupingSets):
            name = {"Rollup": "ROLLUP", "Cube": "CUBE"}.get(type(item).__name__, "GROUPING SETS")
            return f"{name} ({', '.join(self._group_term(e, fields) for e in item.expressions)})"
        if isinstance(item, exp.Tuple):
            return f"({', '.join(self._group_term(e, fields) for e in item.expressions)})"
        return expression(item, self._scope, self._work).sql

    def _order(self, fields: list[Field]) -> str:
        order = self._node.args.get("order")
        if order is None:
            return ""
        named = [field for field in fields if field.name]
        scope = Scope(named, self._scope, {}, None) if named else self._scope
        listed = [order_item(item, fields, scope, self._work) for item in order.expressions]
        return f" ORDER BY {', '.join(listed)}"


def add_pruning(part: exp.Expr, scope: Scope, work: Translation) -> None:
    """Keeps a condition on nothing but one table's partition columns for choosing partitions."""
    if part.find(exp.Query) is not None:
        return
    found: list[Field] = []
    for column in part.find_all(exp.Column):
        hit = scope.find([p.name.lower() for p in column.parts], column)
        if hit is None or hit[0].partition is None:
            return
        found.append(hit[0])
    scans = {id(field.partition[0]): field.partition[0] for field in found if field.partition}
    if len(scans) != 1:
        return
    scan = next(iter(scans.values()))
    stand_ins = [
        Field(field.name, field.type, f"p.{quote(field.partition[1])}", qualifiers=field.qualifiers)
        for field in scope.fields
        if field.partition is not None and field.partition[0] is scan
    ]
    scan.conditions.append(boolean(part, Scope(stand_ins), work))
