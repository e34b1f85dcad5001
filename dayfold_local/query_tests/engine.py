"""The local Athena's own translation and engine, over tables made of rows in a scratch folder.

No API, no emulator and no rights: the same SQL, the same Parquet, the same answers, in
milliseconds. The integration tests run the queries through the whole stack.
"""

from __future__ import annotations

import datetime as dt
import decimal
import itertools
from typing import TYPE_CHECKING, Any

import duckdb

from dayfold.errors import ConfigurationError, QueryFailedError
from dayfold_local.athena.catalog.ports import StoredObject, World
from dayfold_local.athena.catalog.tables import PartitionInfo, StoredColumn, TableInfo
from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.execution.engine import DuckDbEngine
from dayfold_local.athena.execution.failures import describe
from dayfold_local.athena.execution.scans import prepare
from dayfold_local.athena.sql_types import parse_type
from dayfold_local.athena.translation.parse import parse
from dayfold_local.athena.translation.queries import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import pyarrow as pa
    from sqlglot import exp

    from dayfold_local.athena.catalog.ports import Wanted
    from dayfold_local.athena.sql_types import Type
    from dayfold_local.query_tests.rows import Row

DAY = "dt"
_BUCKET = "given"
_ALL = 10**9  # rows at once


class LocalEngine:
    """Tables of given rows, and Athena SQL over them."""

    def __init__(self, scratch: Path) -> None:
        """Keep the tables' files in `scratch`."""
        self._folder = scratch
        self._engine = DuckDbEngine(scratch / "spill")
        self._catalog = _Catalog()
        self._world = World(self._catalog, _Store(scratch), _NoLimits())
        self._files = itertools.count()

    def create(self, table: str, types: Mapping[str, str], rows: list[Row]) -> None:
        """Make a table, partitioned by `dt`, in place of any of that name; values may be text."""
        database, _, name = table.partition(".")
        kinds = {column: parse_type(kind) for column, kind in types.items() if column != DAY}
        by_day: dict[str, list[Row]] = {}
        for row in rows:
            by_day.setdefault(str(row[DAY]), []).append(row)
        partitions = [
            PartitionInfo((day,), self._write(day_rows, kinds, f"{table}: "))
            for day, day_rows in by_day.items()
        ]
        info = TableInfo(
            database=database,
            name=name,
            columns=tuple(StoredColumn(column, kind) for column, kind in kinds.items()),
            partition_keys=(StoredColumn(DAY, parse_type("varchar")),),
            location=f"s3://{_BUCKET}/{table}/",
            format="parquet",
            serde={},
            parameters={},
            view=None,
            raw={},
        )
        self._catalog.put(info, partitions)

    def query(self, sql: str) -> list[Row]:
        """The rows of a SELECT in Athena's dialect.

        Raises:
            QueryFailedError: Athena would refuse or fail it; the text is Athena's.
        """
        session = self._engine.session()
        files: dict[str, str] = {}
        try:
            translated = translate(parse(sql), "default", self._catalog.lookup)
            prepared = prepare(translated, self._world, session, self._folder)
            files = prepared.files
            session.run(prepared.sql)
            names = translated.names
            return [dict(zip(names, row, strict=True)) for row in session.fetch(_ALL)]
        except QueryFailure as failure:
            raise QueryFailedError(failure.reason) from failure
        except duckdb.Error as error:
            raise QueryFailedError(describe(error, files).reason) from error
        finally:
            session.close()

    def close(self) -> None:
        """End the engine."""
        self._engine.close()

    def _write(self, rows: list[Row], kinds: Mapping[str, Type], where: str) -> str:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {
            name: pa.array(
                [_typed(row.get(name), kind, where + name) for row in rows], _arrow(kind)
            )
            for name, kind in kinds.items()
        }
        # A table of `dt` alone still has rows to count.
        columns = columns or {"no_columns": pa.array([None] * len(rows), pa.string())}
        folder = self._folder / f"{next(self._files)}"
        folder.mkdir()
        pq.write_table(pa.table(columns), folder / "rows.parquet")
        return f"s3://{_BUCKET}/{folder.name}/"


# --- Values ---------------------------------------------------------------------------------


_FROM_TEXT: dict[str, Callable[[str], object]] = {
    "boolean": lambda text: text.lower() == "true",
    "double": float,
    "real": float,
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
    "decimal": decimal.Decimal,
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
}


def _typed(value: Any, kind: Type, where: str) -> object:  # noqa: ANN401 - as YAML has it
    """A value as the column's type wants it."""
    if value is None or (not isinstance(value, str) and kind.name not in ("varchar", "decimal")):
        return value
    try:
        return _FROM_TEXT.get(kind.name, str)(str(value))
    except (ValueError, decimal.InvalidOperation) as error:
        raise ConfigurationError(f"{where} is a {kind}, and {value!r} is none") from error


def _arrow(kind: Type) -> pa.DataType:
    import pyarrow as pa

    plain: dict[str, pa.DataType] = {
        "boolean": pa.bool_(), "tinyint": pa.int8(), "smallint": pa.int16(), "integer": pa.int32(),
        "bigint": pa.int64(), "real": pa.float32(), "double": pa.float64(), "varchar": pa.string(),
        "char": pa.string(), "date": pa.date32(), "timestamp": pa.timestamp("ms"),
        "varbinary": pa.binary(),
    }  # fmt: skip
    if kind.name == "decimal":
        return pa.decimal128(kind.precision or 38, kind.scale or 0)
    if kind.name == "array":
        return pa.list_(_arrow(kind.args[0]))
    if kind.name == "map":
        return pa.map_(_arrow(kind.args[0]), _arrow(kind.args[1]))
    if kind.name == "row":
        fields = zip(kind.fields, kind.args, strict=True)
        return pa.struct([(name or f"field{n}", _arrow(a)) for n, (name, a) in enumerate(fields)])
    if kind.name not in plain:
        raise ConfigurationError(f"a test cannot give values of the type {kind}")
    return plain[kind.name]


# --- The world that queries see -------------------------------------------------------------


class _Catalog:
    """Tables by name; Glue's place."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], TableInfo] = {}
        self._partitions: dict[str, list[PartitionInfo]] = {}

    def put(self, table: TableInfo, partitions: list[PartitionInfo]) -> None:
        self._tables[table.database, table.name] = table
        self._partitions[table.full_name] = partitions

    def lookup(self, database: str, name: str, node: exp.Expr | None) -> TableInfo:
        del node
        found = self._tables.get((database, name))
        if found is None:
            raise QueryFailure("TABLE_NOT_FOUND", f"Table '{database}.{name}' does not exist")
        return found

    def databases(self) -> list[dict[str, Any]]:
        return [{"Name": name} for name in sorted({database for database, _ in self._tables})]

    def database(self, name: str) -> dict[str, Any] | None:
        return {"Name": name}

    def tables(self, database: str) -> list[dict[str, Any]]:
        return [table.raw for (of, _), table in self._tables.items() if of == database]

    def table(self, database: str, name: str) -> TableInfo | None:
        return self._tables.get((database, name))

    def partitions(self, table: TableInfo, wanted: Wanted | None = None) -> list[PartitionInfo]:
        held = self._partitions[table.full_name]
        return held if wanted is None else [one for one in held if wanted(one.values)]

    def change(self, action: str, database: str, table: str | None, body: dict[str, Any]) -> None:
        raise NotImplementedError(f"a test's tables are made of its rows, not by {action}")


class _Store:
    """The scratch folder; S3's place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check_bucket(self, bucket: str) -> bool:
        return bucket == _BUCKET

    def readable(self, found: Iterable[StoredObject]) -> None:
        """All may be read."""

    def release(self) -> None:
        """Nothing was fetched."""

    def read(self, uri: str) -> bytes:
        return (self._folder / uri.removeprefix(f"s3://{_BUCKET}/")).read_bytes()

    def put(self, uri: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        del content_type
        (self._folder / uri.removeprefix(f"s3://{_BUCKET}/")).write_bytes(body)

    def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        for uri, body in objects:
            self.put(uri, body)

    def list(self, location: str) -> list[StoredObject]:
        folder = self._folder / location.removeprefix(f"s3://{_BUCKET}/").strip("/")
        return [
            StoredObject(_BUCKET, f"{folder.name}/{path.name}", path.stat().st_size, "", str(path))
            for path in sorted(folder.glob("*"))
        ]


class _NoLimits:
    """Everything is allowed; IAM's place."""

    def check(self, action: str, resource: str, context: dict[str, Any] | None = None) -> None:
        """Allow it."""
