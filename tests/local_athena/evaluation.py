"""Running a query without tables: the translation and the engine, no server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.execution import values
from dayfold_local.athena.execution.failures import describe
from dayfold_local.athena.sql_types import VARCHAR
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.parse import parse
from dayfold_local.athena.translation.queries import translate
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from sqlglot import exp

    from dayfold_local.athena.catalog.tables import TableInfo
    from dayfold_local.athena.execution.engine import DuckDbEngine


def _no_tables(database: str, name: str, node: exp.Expr | None) -> TableInfo:
    raise QueryFailure("TABLE_NOT_FOUND", f"{database}.{name}")


def evaluate(engine: DuckDbEngine, sql: str) -> tuple[list[tuple[str | None, ...]], list[str]]:
    """Rows as Athena shows them, and the columns' types."""
    query = translate(parse(sql), "default", _no_tables)
    labels = [f"c{at}" for at in range(len(query.types))]
    zoned = [kind.name.endswith("zone") for kind in query.types]
    shown = [
        cast(Typed(label, kind), VARCHAR).sql if zone else label
        for label, kind, zone in zip(labels, query.types, zoned, strict=True)
    ]
    session = engine.session()
    try:
        session.run(f"SELECT {', '.join(shown)} FROM ({query.sql}) AS r({', '.join(labels)})")
        found = session.fetch(1000)
    except duckdb.Error as error:
        raise describe(error, {}) from None
    finally:
        session.close()
    formats: list[Any] = [
        str if zone else values.formatter(kind)
        for kind, zone in zip(query.types, zoned, strict=True)
    ]
    rows = [
        tuple(None if v is None else show(v) for show, v in zip(formats, row, strict=True))
        for row in found
    ]
    return rows, [str(kind) for kind in query.types]
