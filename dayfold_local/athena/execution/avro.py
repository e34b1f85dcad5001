"""Files of Avro tables, read into Parquet for the engine and written from it.

The table's columns, or its `avro.schema.literal`, are the schema that a file is read with: fields
by their names in just this case, what a file lacks is the default, and only what Avro widens by
itself (int to long, float to double ...) may be of another type.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution.avro_schemas import check, refuse_others, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dayfold_local.athena.catalog.ports import StoredObject
    from dayfold_local.athena.catalog.tables import TableInfo
    from dayfold_local.athena.sql_types import Type

_BATCH: Final = 10_000  # rows
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
CODECS: Final = {
    "DEFLATE": "deflate", "SNAPPY": "snappy", "ZSTD": "zstandard", "BZIP2": "bzip2", "NONE": "null",
}  # fmt: skip


def to_parquet(item: StoredObject, table: TableInfo, target: Path) -> None:
    """Writes an Avro file's rows as Parquet, with the table's columns.

    Raises:
        QueryFailure: If the file is broken, or its fields are of types that do not go with the
            table's; NOT_SUPPORTED for types that are read differently by others.
    """
    import fastavro
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = _reading(table)
    kinds = [(column.name, column.type) for column in table.columns]
    schema = pa.schema([(name, arrow_type(kind)) for name, kind in kinds])
    with Path(item.path).open("rb") as file, pq.ParquetWriter(target, schema) as out:
        try:
            reader: Any = fastavro.reader(file)
        except (ValueError, EOFError, KeyError, UnicodeDecodeError, IndexError):
            raise QueryFailure("HIVE_CANNOT_OPEN_SPLIT", "Not an Avro data file.") from None
        check(reader.writer_schema, wanted, item.uri)
        defaults = {field["name"]: field.get("default") for field in wanted["fields"]}
        for rows in _batches(reader, item):
            columns = [
                pa.array(
                    [_value(row.get(name, defaults[name]), kind) for row in rows]
                    if name in defaults
                    else [None] * len(rows),
                    schema.field(name).type,
                )
                for name, kind in kinds
            ]
            out.write_batch(pa.record_batch(columns, schema=schema))


def _reading(table: TableInfo) -> dict[str, Any]:
    if "avro.schema.url" in table.serde or "avro.schema.url" in table.parameters:
        raise not_supported(f"avro.schema.url (table {table.full_name})")
    literal = table.serde.get("avro.schema.literal") or table.parameters.get("avro.schema.literal")
    if literal is None:
        return schema_of([(column.name, column.type) for column in table.columns])
    try:
        found: dict[str, Any] = json.loads(literal)
    except ValueError:
        message = f"avro.schema.literal of {table.full_name} is no JSON"
        raise QueryFailure("HIVE_INVALID_METADATA", message) from None
    refuse_others(found, [(column.name, column.type) for column in table.columns], table.full_name)
    return found


def _batches(reader: Iterable[Any], item: StoredObject) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) == _BATCH:
                yield rows
                rows = []
    except (OverflowError, ArithmeticError):
        raise not_supported(f"a date or time of {item.uri} beyond the years 1 to 9999") from None
    except Exception:  # noqa: BLE001 - a broken file fails in as many ways as there are codecs
        name = item.key.rpartition("/")[2]
        raise QueryFailure("HIVE_CURSOR_ERROR", f"Failed to read Avro file: {name}") from None
    if rows:
        yield rows


def _value(value: Any, kind: Type) -> Any:  # noqa: ANN401 - whatever a field holds
    """A value as pyarrow takes it for a column's type."""
    if value is None:
        return None
    convert = _CONVERSIONS.get(kind.name)
    if convert is not None:
        return convert(value, kind)
    if kind.name == "array":
        return [_value(one, kind.args[0]) for one in value]
    if kind.name == "map":
        return [(key, _value(one, kind.args[1])) for key, one in value.items()]
    if kind.name == "row":
        pairs = zip(kind.fields, kind.args, strict=True)
        return {name: _value(value.get(name), arg) for name, arg in pairs}
    return value


def _moment(value: Any, _: Type) -> Any:  # noqa: ANN401
    if isinstance(value, int):  # milliseconds, also without being called so
        value = _EPOCH + dt.timedelta(milliseconds=value)
    return value.replace(tzinfo=None)


def _day(value: Any, _: Type) -> Any:  # noqa: ANN401
    return (_EPOCH + dt.timedelta(days=value)).date() if isinstance(value, int) else value


def _whole(value: Any, _: Type) -> Any:  # noqa: ANN401
    """A number, also where the file calls it a time or a day."""
    if isinstance(value, dt.datetime):
        return (value - _EPOCH) // dt.timedelta(milliseconds=1)
    return (value - _EPOCH.date()).days if isinstance(value, dt.date) else value


def _text(value: Any, kind: Type) -> Any:  # noqa: ANN401
    text = value.decode() if isinstance(value, bytes) else str(value)
    if kind.precision is not None:
        text = text[: kind.precision]
    return text.rstrip(" ") if kind.name == "char" else text


def _bytes(value: Any, _: Type) -> Any:  # noqa: ANN401
    return value.encode() if isinstance(value, str) else value


_CONVERSIONS: Final[dict[str, Callable[[Any, Type], Any]]] = {
    "timestamp": _moment, "date": _day, "integer": _whole, "bigint": _whole,
    "varchar": _text, "char": _text, "varbinary": _bytes,
    "real": lambda value, _: float(value), "double": lambda value, _: float(value),
}  # fmt: skip


def arrow_type(kind: Type) -> Any:  # noqa: ANN401 - pyarrow has no types
    """A column's type in a Parquet file.

    Raises:
        QueryFailure: For tinyint and smallint, which Trino's reader of Avro fails on.
    """
    import pyarrow as pa

    if kind.name == "decimal":
        return pa.decimal128(kind.precision or 38, kind.scale or 0)
    if kind.name == "timestamp":
        return pa.timestamp("ms")
    if kind.name == "array":
        return pa.list_(arrow_type(kind.args[0]))
    if kind.name == "map":
        return pa.map_(*map(arrow_type, kind.args))
    if kind.name == "row":
        named = zip(kind.fields, kind.args, strict=True)
        return pa.struct([(name or "", arrow_type(arg)) for name, arg in named])
    plain = {
        "boolean": pa.bool_(), "integer": pa.int32(), "bigint": pa.int64(), "real": pa.float32(),
        "double": pa.float64(), "varchar": pa.string(), "char": pa.string(),
        "varbinary": pa.binary(), "date": pa.date32(),
    }  # fmt: skip
    if kind.name not in plain:
        raise not_supported(f"{kind} in an Avro file")
    return plain[kind.name]


def from_parquet(path: Path, columns: list[tuple[str, Type]], compression: str) -> bytes:
    """The rows of a Parquet file as an Avro file.

    Args:
        path: The Parquet file.
        columns: Its columns' names and types.
        compression: One of CODECS.
    """
    import fastavro
    import pyarrow.parquet as pq

    out = io.BytesIO()
    schema = fastavro.parse_schema(schema_of(columns))
    source = pq.ParquetFile(path)
    rows = (
        {name: _written(row[name], kind) for name, kind in columns}
        for batch in source.iter_batches()
        for row in batch.to_pylist()
    )
    fastavro.writer(out, schema, rows, codec=CODECS[compression])
    return out.getvalue()


def _written(value: Any, kind: Type) -> Any:  # noqa: ANN401 - whatever a column holds
    """A value as fastavro takes it for a column's type."""
    if value is None:
        return None
    if kind.name == "array":
        return [_written(one, kind.args[0]) for one in value]
    if kind.name == "map":
        return {key: _written(one, kind.args[1]) for key, one in value}
    if kind.name == "row":
        named = zip(value.values(), kind.args, _names(kind), strict=True)
        return {name: _written(one, arg) for one, arg, name in named}
    if kind.name == "timestamp":
        return value.replace(tzinfo=dt.UTC)
    return value.ljust(kind.precision or 1) if kind.name == "char" else value


def _names(kind: Type) -> list[str]:
    return [name or f"field{at}" for at, name in enumerate(kind.fields)]
