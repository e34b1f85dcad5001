"""`information_schema`: the catalog as tables, each a view of what Glue says at the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.catalog.tables import StoredColumn, TableInfo, ViewText, table_info
from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BIGINT, VARCHAR, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dayfold_local.athena.catalog.ports import Catalog

    Cell = str | int | None
    Rows = Iterator[tuple[Cell, ...]]

DATABASE: Final = "information_schema"
_CATALOG: Final = "awsdatacatalog"


def table(catalog: Catalog, name: str) -> TableInfo | None:
    """One of its tables, or None if Trino has none of that name.

    Raises:
        QueryFailure: Trino has it, and it is not here.
    """
    if name in _ELSEWHERE:
        raise not_supported(f"{DATABASE}.{name}")
    if name not in _TABLES:
        return None
    stored = _own_columns(name)
    view = ViewText(_query(stored, list(_TABLES[name][1](catalog))), DATABASE, stored)
    return TableInfo(DATABASE, name, stored, (), "", "parquet", {}, {}, view, {})


def _query(columns: tuple[StoredColumn, ...], rows: list[tuple[Cell, ...]]) -> str:
    names = [column.name for column in columns]
    typed = ", ".join(f"CAST({one.name} AS {one.type}) AS {one.name}" for one in columns)
    listed = rows or [tuple(None for _ in columns)]
    values = ", ".join(f"({', '.join(map(_cell, row))})" for row in listed)
    nothing = "" if rows else " WHERE false"
    return f"SELECT {typed} FROM (VALUES {values}) AS t ({', '.join(names)}){nothing}"


def _cell(value: Cell) -> str:
    if value is None:
        return "NULL"
    return literal(value) if isinstance(value, str) else str(value)


def _stored(catalog: Catalog) -> Iterator[dict[str, Any]]:
    """Every table and view, as Glue has it."""
    for database in sorted(str(one["Name"]) for one in catalog.databases()):
        yield from catalog.tables(database)


def _schemata(catalog: Catalog) -> Rows:
    for database in sorted([DATABASE, *(str(one["Name"]) for one in catalog.databases())]):
        yield _CATALOG, database


def _tables(catalog: Catalog) -> Rows:
    for name in sorted([*_TABLES, *_ELSEWHERE]):
        yield _CATALOG, DATABASE, name, "BASE TABLE"
    for raw in _stored(catalog):
        kind = "VIEW" if raw.get("TableType") == "VIRTUAL_VIEW" else "BASE TABLE"
        yield _CATALOG, raw["DatabaseName"], raw["Name"].lower(), kind


def _own_columns(name: str) -> tuple[StoredColumn, ...]:
    return tuple(
        StoredColumn(column, BIGINT if column == "ordinal_position" else VARCHAR)
        for column in _TABLES[name][0]
    )


def _columns(catalog: Catalog) -> Rows:
    for name in _TABLES:
        yield from _listed(DATABASE, name, _own_columns(name))
    for raw in _stored(catalog):
        try:
            known = table_info(raw)
        except QueryFailure:
            continue  # as Trino passes over what it cannot read
        listed = known.view.columns if known.view else (*known.columns, *known.partition_keys)
        yield from _listed(raw["DatabaseName"], raw["Name"].lower(), listed)


def _listed(database: str, name: str, columns: Iterable[StoredColumn]) -> Rows:
    for place, column in enumerate(columns, start=1):
        where = (_CATALOG, database, name)
        yield *where, column.name, place, None, "YES", str(column.type)


def _views(catalog: Catalog) -> Rows:
    for raw in _stored(catalog):
        if raw.get("TableType") == "VIRTUAL_VIEW" and (view := table_info(raw).view) is not None:
            yield _CATALOG, raw["DatabaseName"], raw["Name"].lower(), view.sql


_PLACE: Final = ("table_catalog", "table_schema", "table_name")
_OF_A_COLUMN: Final = (
    "column_name",
    "ordinal_position",
    "column_default",
    "is_nullable",
    "data_type",
)
_TABLES: Final[dict[str, tuple[tuple[str, ...], Callable[[Catalog], Rows]]]] = {
    "schemata": (("catalog_name", "schema_name"), _schemata),
    "tables": ((*_PLACE, "table_type"), _tables),
    "columns": ((*_PLACE, *_OF_A_COLUMN), _columns),
    "views": ((*_PLACE, "view_definition"), _views),
}
_ELSEWHERE: Final = frozenset({"applicable_roles", "enabled_roles", "roles", "table_privileges"})
