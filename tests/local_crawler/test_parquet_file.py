"""What the footer of a Parquet file tells."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from typing import TYPE_CHECKING, Any

import pytest

from dayfold_local.crawler import files
from dayfold_local.crawler.column_types import type_text
from dayfold_local.crawler.files import FileSchema, inspect

if TYPE_CHECKING:
    import pyarrow as pa


def parquet(table: pa.Table, **options: Any) -> bytes:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


PLAIN = [
    ("int8", 1, "tinyint"),
    ("int16", 1, "smallint"),
    ("int32", 1, "int"),
    ("int64", 1, "bigint"),
    ("uint32", 1, "bigint"),
    ("uint64", 1, "decimal(20,0)"),
    ("float32", 1.0, "float"),
    ("float64", 1.0, "double"),
    ("bool_", True, "boolean"),
    ("string", "a", "string"),
    ("large_string", "a", "string"),
    ("binary", b"a", "binary"),
    ("date32", dt.date(2024, 1, 1), "date"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), PLAIN)
def test_plain_types(kind: str, value: Any, expected: str) -> None:
    import pyarrow as pa

    # Given a column of an Arrow type
    data = parquet(pa.table({"Column": pa.array([value, None], getattr(pa, kind)())}))

    # When the file is looked at
    found = inspect("a.parquet", len(data), lambda first, count: data[first : first + count])

    # Then it has the Glue type that reads it, and a name in lower case
    assert isinstance(found, FileSchema)
    assert found.rows == 2
    assert [(name, type_text(it)) for name, it in found.columns] == [("column", expected)]


def test_types_with_parts() -> None:
    import pyarrow as pa

    # Given columns whose types have parameters or parts
    place = pa.struct([("Lat", pa.float64()), ("names", pa.list_(pa.string()))])
    at = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    data = parquet(
        pa.table(
            {
                "at": pa.array([at], pa.timestamp("us", tz="UTC")),
                "price": pa.array([decimal.Decimal("1.50")], pa.decimal128(10, 2)),
                "place": pa.array([{"Lat": 1.0, "names": ["x"]}], place),
                "counts": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
                "kind": pa.array(["k"], pa.dictionary(pa.int8(), pa.string())),
                "clock": pa.array([dt.time(1)], pa.time64("us")),
            }
        )
    )

    # When the file is looked at
    found = inspect("a.parquet", len(data), lambda first, count: data[first : first + count])

    # Then they are kept as Hive spells them
    assert isinstance(found, FileSchema)
    assert {name: type_text(it) for name, it in found.columns} == {
        "at": "timestamp",
        "price": "decimal(10,2)",
        "place": "struct<lat:double,names:array<string>>",
        "counts": "map<string,bigint>",
        "kind": "string",
        "clock": "bigint",
    }


def test_only_the_footer_of_a_large_file_is_read() -> None:
    import pyarrow as pa

    # Given a Parquet file of some size
    text = [f"a text of some length, number {number}" for number in range(100_000)]
    data = parquet(pa.table({"a": text}), compression="none", use_dictionary=False)
    asked = []

    def read(first: int, count: int) -> bytes:
        asked.append(count)
        return data[first : first + count]

    # When it is looked at
    found = inspect("a.parquet", len(data), read)

    # Then not much more than its first megabyte was asked for
    assert isinstance(found, FileSchema)
    assert sum(asked) < files.SAMPLE_BYTES + 10_000 < len(data)
