"""FROM: tables, views, subqueries, VALUES, UNNEST and joins."""

from __future__ import annotations

from typing import Protocol

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BIGINT, Type, quote
from dayfold_local.athena.translation import operators
from dayfold_local.athena.translation.coercion import common_type
from dayfold_local.athena.translation.expressions import Translator, boolean, expression
from dayfold_local.athena.translation.limits import sampled
from dayfold_local.athena.translation.parse import CALL, position
from dayfold_local.athena.translation.scope import Field, Scope, Typed


class Queries(Translator, Protocol):
    """What FROM needs of the whole."""

    def query(self, node: exp.Expr, scope: Scope | None) -> tuple[str, list[Field]]:
        """A query in brackets: its text and its columns."""

    def table(self, node: exp.Table, alias: str) -> tuple[str, list[Field]]:
        """A table, view or WITH query by name."""


def alias_of(node: exp.Expr) -> tuple[str | None, list[str]]:
    """The alias of a relation and of its columns."""
    alias = node.args.get("alias")
    if alias is None:
        return None, []
    columns = [column.name.lower() for column in alias.args.get("columns") or []]
    return (alias.name.lower() if alias.this is not None else None), columns


def relation(node: exp.Expr, scope: Scope, to: Queries) -> tuple[str, list[Field]]:
    """One item of FROM; `scope` holds what stands left of it, for UNNEST and correlation."""
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Anonymous):
        if str(node.this.this) == f"{CALL}unnest":
            return _unnest(node.this.expressions, node, scope, to)
        raise not_supported(f"{position(node)}table functions")
    if isinstance(node, exp.Table):
        return _named_table(node, to)
    if isinstance(node, exp.Unnest):
        return _unnest(node.expressions, node, scope, to)
    if isinstance(node, exp.Values):
        return _values(node, scope, to)
    if isinstance(node, exp.Subquery):
        return _subquery(node, scope, to)
    if isinstance(node, exp.Lateral):
        return _lateral(node, scope, to)
    raise not_supported(f"{position(node)}{type(node).__name__} in FROM")


def _named_table(node: exp.Table, to: Queries) -> tuple[str, list[Field]]:
    if node.args.get("version") is not None:
        raise not_supported(f"{position(node)}FOR VERSION")
    name, columns = alias_of(node)
    sql, fields = to.table(node, name or node.name.lower())
    sql += sampled(node.args.get("sample"))
    _rename(fields, columns, node)
    if name is None:  # t.x, db.t.x
        database = node.args.get("db")
        full = (f"{database.name.lower()}.{node.name.lower()}",) if database is not None else ()
        for field in fields:
            field.qualifiers = (node.name.lower(), *full)
    return sql, fields


def _rename(fields: list[Field], columns: list[str], node: exp.Expr) -> None:
    if not columns:
        return
    visible = [field for field in fields if not field.hidden]
    if len(columns) != len(visible):
        raise QueryFailure(
            "MISMATCHED_COLUMN_ALIASES",
            f"{position(node)}Column alias list has {len(columns)} entries but relation has "
            f"{len(visible)} columns",
        )
    for field, name in zip(visible, columns, strict=True):
        if field.scan is not None:  # the stored name stays known to the scan
            field.source, field.scan = Field(field.name, field.type, "", scan=field.scan), None
        field.name = name


def _subquery(node: exp.Subquery, scope: Scope, to: Queries) -> tuple[str, list[Field]]:
    if isinstance(node.this, exp.Table | exp.Subquery) and node.args.get("alias") is None:
        return joined(
            node.this, node.args.get("joins") or node.this.args.get("joins") or [], scope, to
        )
    name, columns = alias_of(node)
    sql, inner = to.query(node.this, scope.outer)
    return derived(sql, inner, name, columns, node)


def _lateral(node: exp.Lateral, scope: Scope, to: Queries) -> tuple[str, list[Field]]:
    """LATERAL (query): it sees what stands left of it."""
    if not isinstance(node.this, exp.Subquery):
        raise not_supported(f"{position(node)}LATERAL of this form")
    name, columns = alias_of(node)
    sql, inner = to.query(node.this.this, scope)
    text, fields = derived(sql, inner, name, columns, node)
    return f"LATERAL {text}", fields


def derived(
    sql: str,
    inner: list[Field],
    name: str | None,
    columns: list[str],
    node: exp.Expr,
) -> tuple[str, list[Field]]:
    """A query as a relation, under an alias of ours if it has none."""
    alias = name or f"q{id(node) % 10**9}"
    listed = [column_name(at, field) for at, field in enumerate(inner)]
    fields = [
        field.seen_as(alias, field.name, f"{quote(alias)}.{quote(label)}", prune=True)
        for field, label in zip(inner, listed, strict=True)
    ]
    if name is None:
        for field in fields:
            field.qualifiers = ()
    _rename(fields, columns, node)
    return f"({sql}) AS {quote(alias)}({', '.join(map(quote, listed))})", fields


def column_name(at: int, field: Field) -> str:
    """A name for a column inside the engine, unique whatever the query calls it."""
    return f"c{at}_{field.name or ''}"


def _values(node: exp.Values, scope: Scope, to: Queries) -> tuple[str, list[Field]]:
    name, columns = alias_of(node)
    sql, fields = values_query(node, scope, to)
    return derived(sql, fields, name, columns, node)


def values_query(node: exp.Values, scope: Scope, to: Translator) -> tuple[str, list[Field]]:
    """VALUES (...), (...): each column in the type common to its rows."""
    rows = [
        [
            expression(cell, scope, to)
            for cell in (row.expressions if isinstance(row, exp.Tuple) else [row])
        ]
        for row in node.expressions
    ]
    if len({len(row) for row in rows}) != 1:
        raise QueryFailure("SYNTAX_ERROR", f"{position(node)}Values rows have mismatched types")
    columns = [
        operators.unify(list(column), node, "VALUES rows") for column in zip(*rows, strict=True)
    ]
    listed = ", ".join(
        f"({', '.join(cell.sql for cell in row)})" for row in zip(*columns, strict=True)
    )
    kinds = [column[0].type for column in columns]
    fields = [Field(f"_col{at}", kind, "") for at, kind in enumerate(kinds)]
    return f"SELECT * FROM (VALUES {listed}) AS v", fields


def _unnest(
    arrays: list[exp.Expr],
    node: exp.Expr,
    scope: Scope,
    to: Queries,
) -> tuple[str, list[Field]]:
    name, columns = alias_of(node)
    alias = name or f"u{id(node) % 10**9}"
    texts: list[str] = []
    kinds: list[tuple[str | None, Type]] = []
    lengths = []
    for item in arrays:
        value = expression(item, scope, to)
        lengths.append(
            f"coalesce({'len' if value.type.name == 'array' else 'cardinality'}({value.sql}), 0)"
        )
        for sql, label, kind in _unnested(value, item):
            texts.append(sql)
            kinds.append((label, kind))
    ordinality = node.args.get("offset") or node.args.get("ordinality")
    if ordinality:
        longest = lengths[0] if len(lengths) == 1 else f"greatest({', '.join(lengths)})"
        texts.append(f"unnest(generate_series(1, {longest}))")
        kinds.append((None, BIGINT))
        if isinstance(ordinality, exp.Identifier):
            columns.append(ordinality.name.lower())
    labels = [f"c{at}" for at in range(len(texts))]
    fields = [
        Field(label, kind, f"{quote(alias)}.{quote(column)}", qualifiers=(alias,))
        for (label, kind), column in zip(kinds, labels, strict=True)
    ]
    _rename(fields, columns, node)
    listed = ", ".join(f"{sql} AS {label}" for sql, label in zip(texts, labels, strict=True))
    return f"LATERAL (SELECT {listed}) AS {quote(alias)}", fields


def _unnested(value: Typed, node: exp.Expr) -> list[tuple[str, str | None, Type]]:
    if value.type.name == "map":
        key, item = value.type.args
        return [
            (f"unnest(map_keys({value.sql}))", None, key),
            (f"unnest(map_values({value.sql}))", None, item),
        ]
    if value.type.name != "array":
        raise QueryFailure("TYPE_MISMATCH", f"{position(node)}Cannot unnest type: {value.type}")
    item = value.type.args[0]
    if item.name != "row":
        return [(f"unnest({value.sql})", None, item)]
    return [
        (f"struct_extract_at(unnest({value.sql}), {at + 1})", field, kind)
        for at, (field, kind) in enumerate(zip(item.fields, item.args, strict=True))
    ]


def joined(
    first: exp.Expr,
    joins: list[exp.Join],
    scope: Scope,
    to: Queries,
) -> tuple[str, list[Field]]:
    """FROM a JOIN b ON ... : the text and all columns, left to right."""
    sql, fields = relation(first, scope, to)
    for join in [*(first.args.get("joins") or []), *joins]:
        left = Scope(fields, scope.outer, scope.lambdas, scope.on_use)
        right_sql, right = relation(join.this, left, to)
        sql, fields = _join(join, (sql, fields), (right_sql, right), scope, to)
    return sql, fields


def _join(
    join: exp.Join,
    left: tuple[str, list[Field]],
    right: tuple[str, list[Field]],
    scope: Scope,
    to: Queries,
) -> tuple[str, list[Field]]:
    side = (join.args.get("side") or "").upper()
    if join.args.get("method") or (join.args.get("kind") or "").upper() not in {
        "",
        "INNER",
        "OUTER",
        "CROSS",
    }:
        raise not_supported(
            f"{position(join)}{join.args.get('method') or join.args.get('kind')} JOIN"
        )
    fields = left[1] + right[1]
    using, on = join.args.get("using"), join.args.get("on")
    if using:
        condition, fields = _using(using, left[1], right[1], side, join)
        return f"{left[0]} {side} JOIN {right[0]} ON {condition}", fields
    if on is None:
        return f"{left[0]} CROSS JOIN {right[0]}", fields
    inner = Scope(fields, scope.outer, scope.lambdas, scope.on_use)
    return f"{left[0]} {side} JOIN {right[0]} ON {boolean(on, inner, to)}", fields


def _using(
    names: list[exp.Expr],
    left: list[Field],
    right: list[Field],
    side: str,
    join: exp.Join,
) -> tuple[str, list[Field]]:
    tests, merged = [], []
    for item in names:
        name = item.name.lower()
        a, b = (Scope(fields).find([name], item) for fields in (left, right))
        if a is None or b is None:
            raise QueryFailure(
                "COLUMN_NOT_FOUND",
                f"{position(item)}Column '{name}' is missing from one side of join",
            )
        a[0].use()
        b[0].use()
        kind = common_type(a[0].type, b[0].type)
        if kind is None:
            raise operators.no_operator("=", a[0].type, b[0].type, join)
        one, other = (Typed(field.sql, field.type) for field, _ in (a, b))
        tests.append(operators.comparison("=", one, other, join).sql)
        sql = {"": a[0].sql, "LEFT": a[0].sql, "RIGHT": b[0].sql}.get(side)
        merged.append(Field(name, kind, sql or f"coalesce({a[0].sql}, {b[0].sql})"))
    taken = {field.name for field in merged}
    rest = [field for field in left + right if field.name not in taken]
    return " AND ".join(tests), [*merged, *rest]


def conjuncts(node: exp.Expr | None) -> list[exp.Expr]:
    """The parts of a condition joined by AND."""
    if node is None:
        return []
    if isinstance(node, exp.Paren):
        return conjuncts(node.this)
    if isinstance(node, exp.And):
        return conjuncts(node.this) + conjuncts(node.expression)
    return [node]
