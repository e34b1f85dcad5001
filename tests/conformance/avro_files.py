"""Tables of Avro files: as Hive writes them, and as others do (order, names, types, codecs)."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
from typing import TYPE_CHECKING, Any, Final

import fastavro

if TYPE_CHECKING:
    from tests.local_athena.client import Client

SERDE: Final = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
_READS: Final = "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat"
_WRITES: Final = "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat"
COLUMNS: Final = {
    "k": "int",
    "b": "boolean",
    "bi": "bigint",
    "r": "float",
    "d": "double",
    "s": "string",
    "v": "varchar(10)",
    "bin": "binary",
    "da": "date",
    "ts": "timestamp",
    "dec": "decimal(10,2)",
    "ai": "array<int>",
    "m": "map<string,int>",
    "st": "struct<x:int,y:string>",
    "ast": "array<struct<a:int,b:array<string>>>",
}


def _or_null(kind: Any) -> list[Any]:
    return ["null", kind]


FIELDS: Final[dict[str, Any]] = {
    "k": "int",
    "b": "boolean",
    "bi": "long",
    "r": "float",
    "d": "double",
    "s": "string",
    "v": {"type": "string", "logicalType": "varchar", "maxLength": 10},
    "bin": "bytes",
    "da": {"type": "int", "logicalType": "date"},
    "ts": {"type": "long", "logicalType": "timestamp-millis"},
    "dec": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2},
    "ai": {"type": "array", "items": _or_null("int")},
    "m": {"type": "map", "values": _or_null("int")},
    "st": {
        "type": "record",
        "name": "record_0",
        "fields": [
            {"name": "x", "type": _or_null("int"), "default": None},
            {"name": "y", "type": _or_null("string"), "default": None},
        ],
    },
    "ast": {
        "type": "array",
        "items": _or_null(
            {
                "type": "record",
                "name": "record_1",
                "fields": [
                    {"name": "a", "type": _or_null("int"), "default": None},
                    {
                        "name": "b",
                        "type": _or_null({"type": "array", "items": _or_null("string")}),
                        "default": None,
                    },
                ],
            }
        ),
    },
}


def _at(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


# fmt: off
ROWS: Final[list[list[Any]]] = [
    [1, True, 1 << 40, 1.5, 2.5, "abc", "abc", b"abc", dt.date(2020, 1, 2),
     _at(2020, 1, 2, 3, 4, 5, 678000), decimal.Decimal("1.25"), [1, None, 3], {"a": 1, "b": None},
     {"x": 1, "y": "one"}, [{"a": 1, "b": ["p", None]}, None]],
    [2, False, -1, float("-inf"), float("nan"), "", "日本", b"", dt.date(1969, 12, 31),
     _at(1969, 12, 31, 23, 59, 59, 999000), decimal.Decimal("-99999999.99"), [], {},
     {"x": None, "y": None}, []],
    [3, *[None] * 14],
]
# fmt: on


def schema(fields: dict[str, Any], name: str = "row") -> dict[str, Any]:
    """A record of fields that may all be missing."""
    listed = [{"name": n, "type": _or_null(kind), "default": None} for n, kind in fields.items()]
    return {"type": "record", "name": name, "fields": listed}


def body(record: dict[str, Any], rows: list[dict[str, Any]], codec: str = "null") -> bytes:
    """An Avro file."""
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(record), rows, codec=codec)
    return out.getvalue()


def table(
    client: Client, name: str, columns: dict[str, str], parameters: dict[str, str] | None = None
) -> None:
    """A table `lake.NAME` over data/lake/NAME/."""
    storage = client.storage(columns, f"data/lake/{name}/", SERDE, parameters)
    client.glue.create_table(
        DatabaseName="lake",
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE"},
            "StorageDescriptor": {**storage, "InputFormat": _READS, "OutputFormat": _WRITES},
        },
    )


def lay_out(client: Client) -> None:
    """Makes the files and tables."""
    rows = [dict(zip(FIELDS, row, strict=True)) for row in ROWS]
    table(client, "avro_typed", COLUMNS)
    for codec in ("null", "deflate", "snappy"):
        given = [{**row, "k": row["k"] + 10 * len(codec)} for row in rows]
        client.put(f"data/lake/avro_typed/{codec}.avro", body(schema(FIELDS), given, codec))
    _others(client)


def _others(client: Client) -> None:
    """Files that do not have just the table's columns, and a table with a schema of its own."""
    wide = {"k": "int", "n": "bigint", "x": "double", "t": "string", "late": "string"}
    table(client, "avro_others", wide)
    put = client.put
    moved = {"t": "string", "extra": "string", "x": "float", "n": "int", "k": "int"}
    put(
        "data/lake/avro_others/moved.avro",
        body(schema(moved), [{"k": 1, "n": 5, "x": 0.5, "t": "moved", "extra": "out"}]),
    )
    plain = {
        "type": "record",
        "name": "plain",
        "fields": [{"name": "k", "type": "int"}, {"name": "t", "type": "string"}],
    }
    put("data/lake/avro_others/plain.avro", body(plain, [{"k": 2, "t": "plain"}]))
    put("data/lake/avro_others/none.avro", body(schema(FIELDS), []))
    cased = schema({"K": "int", "T": "string", "n": "long"})
    put("data/lake/avro_others/cased.avro", body(cased, [{"K": 3, "T": "cased", "n": 4}]))
    own = schema({"k": "int", "word": "string"})
    own["fields"].append({"name": "added", "type": "string", "default": "as declared"})
    literal = {"avro.schema.literal": json.dumps(own)}
    table(client, "avro_own", {"k": "int", "word": "string", "added": "string"}, literal)
    put(
        "data/lake/avro_own/a.avro",
        body(schema({"k": "int", "word": "string"}), [{"k": 1, "word": "w"}]),
    )
    _widened(client)
    _not_alike(client)
    _kinds(client)


def _not_alike(client: Client) -> None:
    """Files that cannot be read with their tables' columns, broken ones among them."""
    put = client.put
    table(client, "avro_small", {"k": "int", "si": "smallint"})
    put("data/lake/avro_small/a.avro", body(schema({"k": "int", "si": "int"}), [{"k": 1, "si": 2}]))
    wrong = schema({"k": "string", "n": "string"})
    table(client, "avro_wrong", {"k": "int", "n": "bigint"})
    put("data/lake/avro_wrong/a.avro", body(wrong, [{"k": "one", "n": "2"}]))
    table(client, "avro_broken", {"k": "int"})
    put("data/lake/avro_broken/a.avro", b"no Avro at all")
    table(client, "avro_torn", {"k": "int"})
    whole = body(schema({"k": "int"}), [{"k": at} for at in range(5000)])
    put("data/lake/avro_torn/a.avro", whole[: len(whole) // 2])


def _kinds(client: Client) -> None:
    """Types that Hive does not write."""
    kinds = {
        "k": "int",
        "us": {"type": "long", "logicalType": "timestamp-micros"},
        "fixed": {"type": "fixed", "name": "f4", "size": 4},
        "word": {"type": "enum", "name": "e", "symbols": ["RED", "BLUE"]},
        "id": {"type": "string", "logicalType": "uuid"},
        "two": "int",
    }
    columns = {
        "k": "int", "us": "timestamp", "fixed": "binary", "word": "string", "id": "string",
        "two": "double",
    }  # fmt: skip
    table(client, "avro_kinds", columns)
    row = {
        "k": 1, "us": _at(2020, 1, 2, 3, 4, 5, 678901), "fixed": b"abcd", "word": "RED",
        "id": "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "two": 2,
    }  # fmt: skip
    client.put("data/lake/avro_kinds/a.avro", body(schema(kinds), [row]))


def _widened(client: Client) -> None:
    """Fields of other types than the columns', which Avro widens or Hive cuts."""
    columns = {
        "s": "string", "b": "binary", "d": "double", "l": "bigint", "r": "float", "v": "varchar(3)",
        "c": "char(5)", "ts": "timestamp", "da": "date", "i": "int", "st": "struct<x:int,y:string>",
    }  # fmt: skip
    inner = {
        "type": "record",
        "name": "other",
        "fields": [{"name": name, "type": _or_null("string"), "default": None} for name in "yz"],
    }
    fields = {
        "s": "bytes", "b": "string", "d": "float", "l": "int", "r": "long", "v": "string",
        "c": "string", "ts": "long", "da": "int", "i": FIELDS["da"], "st": inner,
    }  # fmt: skip
    row = {
        "s": b"xyz", "b": "pq", "d": 0.1, "l": 5, "r": 1 << 40, "v": "日本語文", "c": "ab",
        "ts": 1577934245678, "da": 18263, "i": dt.date(2020, 1, 2), "st": {"y": "q", "z": "zz"},
    }  # fmt: skip
    table(client, "avro_widened", columns)
    client.put("data/lake/avro_widened/a.avro", body(schema(fields), [row], "bzip2"))
