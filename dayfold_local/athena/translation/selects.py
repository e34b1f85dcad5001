"""One SELECT: its columns, conditions, groups and order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import Type, quote
from dayfold_local.athena.translation import relations
from dayfold_local.athena.translation.expressions import boolean, expression
from dayfold_local.athena.translation.limits import limits, most_with_ties
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Field, Scope

if TYPE_CHECKING:
    from dayfold_local.athena.translation.queries import Translation


def order_item(
    item: exp.Ordered,
    fields: list[Field],
    scope: Scope | None,
    to: Translation,
    *,
    places: bool = True,
) -> str:
    """One term of ORDER BY: an output column by place or name, or an expression.

    Without `places` an output column is written out.
    """
    nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
    tail = f"{' DESC' if item.args.get('desc') else ''} NULLS {nulls}"
    node = item.this
    if isinstance(node, exp.Literal) and not node.is_string:
        if not 1 <= int(node.this) <= len(fields):
            raise QueryFailure(
                "SYNTAX_ERROR",
                f"{position(node)}ORDER BY position {node.this} is not in select list",
            )
        return f"{_output(int(node.this) - 1, fields, node, places=places)}{tail}"
    if isinstance(node, exp.Column) and len(node.parts) == 1:
        name = node.name.lower()
        found = [at for at, field in enumerate(fields) if (field.name or "").lower() == name]
        if found:
            return f"{_output(found[0], fields, node, places=places)}{tail}"
    if scope is None:
        raise not_supported(f"{position(node)}ORDER BY an expression behind a set operation")
    value = expression(node, scope, to)
    _orderable(value.type, node)
    return f"{value.sql}{tail}"


def _output(at: int, fields: list[Field], node: exp.Expr, *, places: bool) -> str:
    _orderable(fields[at].type, node)
    if places:
        return str(at + 1)
    fields[at].use()
    return fields[at].sql


def _orderable(kind: Type, node: exp.Expr) -> None:
    """Arrays and rows with NULLs inside fail in Trino, and have a place in the engine's order."""
    if kind.name in {"array", "row"}:
        raise not_supported(f"{position(node)}ORDER BY of {kind}")


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
            tail = self._order(fields)
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
            start.this,
            self._node.args.get("joins") or [],
            self._scope,
            self._work,
        )
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
                    f"{position(part)}WHERE clause cannot contain aggregations, window functions "
                    "or "
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
                return [self._passed(found[0], name or node.name)]
        if name is None and isinstance(node, exp.Column | exp.Dot):
            name = node.name
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
                    "SYNTAX_ERROR",
                    f"{position(item)}GROUP BY position {place} is not in select list",
                )
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
            return limits(self._node)
        named = [field for field in fields if field.name]
        scope = Scope(named, self._scope, {}, None) if named else self._scope
        listed = [order_item(item, fields, scope, self._work) for item in order.expressions]
        text = f" ORDER BY {', '.join(listed)}"
        if (most := most_with_ties(self._node)) is None:
            return text + limits(self._node)
        # Here a number stands for itself, not for the column at that place.
        terms = (
            order_item(item, fields, scope, self._work, places=False) for item in order.expressions
        )
        return f" QUALIFY rank() OVER (ORDER BY {', '.join(terms)}) <= {most}{text}"


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
    name, values = _equality(part)
    key = found[0].partition[1] if found[0].partition is not None else ""
    if name is not None:  # several conditions on one column leave what all of them name
        known = scan.equals.get(key)
        scan.equals[key] = values if known is None else known & values


def _equality(part: exp.Expr) -> tuple[exp.Expr | None, set[str]]:
    """The column and the literals of `column = 'x'` or `column IN ('x', 'y')`."""
    if isinstance(part, exp.EQ):
        column, others = part.this, [part.expression]
        if isinstance(column, exp.Literal):
            column, others = part.expression, [part.this]
    elif isinstance(part, exp.In) and part.args.get("query") is None:
        column, others = part.this, part.expressions
    else:
        return None, set()
    if not isinstance(column, exp.Column) or not all(isinstance(o, exp.Literal) for o in others):
        return None, set()
    return column, {str(other.this) for other in others}
