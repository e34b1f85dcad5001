"""The tables that the statements are asked over: every type, every kind of file, NULLs all over."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from typing import TYPE_CHECKING, Any, Final

from tests.conformance import avro_files
from tests.conformance.hive import partition, table
from tests.local_athena.client import PARQUET_SERDE

if TYPE_CHECKING:
    from tests.local_athena.client import Client

CSV_SERDE: Final = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
QUOTED_SERDE: Final = "org.apache.hadoop.hive.serde2.OpenCSVSerde"

TYPED: Final = {
    "k": "int",
    "b": "boolean",
    "ti": "tinyint",
    "si": "smallint",
    "i": "int",
    "bi": "bigint",
    "r": "float",
    "d": "double",
    "d52": "decimal(5,2)",
    "d100": "decimal(10,0)",
    "d204": "decimal(20,4)",
    "d3810": "decimal(38,10)",
    "s": "string",
    "v": "varchar(10)",
    "c": "char(5)",
    "bin": "binary",
    "da": "date",
    "ts": "timestamp",
    "ai": "array<int>",
    "ass": "array<string>",
    "m": "map<string,int>",
    "st": "struct<x:int,y:string>",
    "ast": "array<struct<a:int,b:array<string>>>",
    "js": "string",
    "iso": "string",
}
_D: Final = decimal.Decimal
_AT: Final = dt.datetime
# fmt: off
_ROWS: Final[list[list[Any]]] = [
    [1, True, 1, 1, 1, 1, 1.5, 1.5, _D("1.25"), _D(10), _D("1.5000"), _D("1.1234567891"), "abc",
     "abc", "abc", b"abc", dt.date(2020, 1, 1), _AT(2020, 1, 1, 1, 2, 3, 456000), [1, 2, 3],
     ["a", "b"], {"x": 1, "y": 2}, {"x": 1, "y": "one"}, [{"a": 1, "b": ["p", "q"]}],
     '{"a": 1, "b": [1, 2, {"c": "deep"}], "t": "x"}', "2020-01-01T01:02:03Z"],
    [2, False, -7, -7, -7, -7, -2.25, -2.5, _D("-2.55"), _D(-7), _D("-2.5555"), _D("-7.5"),
     "Hello World", "Hello", "Hi", b"\x00\xff", dt.date(2004, 2, 29), _AT(2004, 2, 29, 23, 59, 59),
     [], [], {}, {"x": None, "y": "none"}, [], '{"a": -1.5, "b": [], "t": null}',
     "2004-02-29T23:59:59.5+09:00"],
    [3, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None,
     None, None, None, None, None, None, None, None, None],
    [4, True, 127, 32767, 2147483647, 9223372036854775807, 3.25, 1e300, _D("999.99"),
     _D(9999999999), _D("9999999999999999.9999"), _D("9999999999999999999999999999.9999999999"),
     "naïve café", "ünïcödé", "é", "ß".encode(), dt.date(2038, 1, 19),
     _AT(2038, 1, 19, 3, 14, 7, 999000), [3, None, 1], ["z", None, "a"], {"n": None},
     {"x": 9, "y": None}, [{"a": None, "b": None}, {"a": 2, "b": [None, "r"]}],
     '{"a": 12345678901234567890, "b": [null, true, 1.50]}', "2038-01-19T03:14:07Z"],
    [5, False, -128, -32768, -2147483648, -9223372036854775808, -0.5, -1e-300, _D("-999.99"),
     _D(-9999999999), _D("-0.0001"), _D("-0.0000000001"), "  padded  ", " pad ", " p", b"",
     dt.date(1969, 12, 31), _AT(1969, 12, 31, 23, 59, 59, 1000), [5, 5, 5], ["", " "],
     {"": 0}, {"x": 0, "y": ""}, [{"a": 0, "b": []}], "[1, 2, 3]", "1969-12-31T23:59:59.001Z"],
    [6, True, 0, 0, 0, 0, 0.0, 0.0, _D("0.00"), _D(0), _D("0.0000"), _D(0), "", "", "", b"\x00",
     dt.date(1970, 1, 1), _AT(1970, 1, 1), [0], ["x,y"], {"a": 0, "b": None, "c": -1},
     {"x": -1, "y": "ü"}, [{"a": 7, "b": ["日本"]}], '"text"', "1970-01-01T00:00:00Z"],
    [7, False, 10, 100, 1000, 100000, 0.1, 0.1, _D("0.05"), _D(5), _D("0.0500"), _D("0.3333333333"),
     "日本語テキスト", "日本", "日", "日本".encode(), dt.date(2020, 3, 8),
     _AT(2020, 3, 8, 2, 30), [10, 20, 30, 40], ["日", "本", "語"], {"日": 1}, {"x": 3, "y": "日"},
     [{"a": 3, "b": ["x"]}, {"a": 4, "b": ["y", "z"]}], '{"日": "本", "a": "5"}',
     "2020-03-08T02:30:00-08:00"],
    [8, None, 3, 3, 3, 3, 2.5, 2.5, _D("2.50"), _D(2), _D("2.5000"), _D("2.5"), "😀 emoji",
     "😀", "😀", b"\xf0\x9f\x98\x80", dt.date(2019, 12, 31), _AT(2019, 12, 31, 12), [1, 1, 2],
     ["a", "A", "á"], {"k": 8}, {"x": 8, "y": "é"}, None, "not json", "2019-12-31"],
    [9, True, -1, -1, -1, -1, -1.0, float("nan"), _D("-1.00"), _D(-1), _D("-1.0000"), _D("-1"),
     "a,b;c\"d'e", "a'b", "a'b", b"a,b", dt.date(2000, 12, 31), _AT(2000, 12, 31, 0, 0, 0, 1000),
     [-1], ["a'b"], {"a'b": 1}, {"x": None, "y": None}, [{"a": 1, "b": None}],
     '{"a": {"b": {"c": [10, 20]}}}', "garbage"],
    [10, False, 42, 420, 4200, 42000000000, 1e10, float("inf"), _D("123.45"), _D(1234567890),
     _D("123456.7890"), _D("123456789.1234567890"), "line\nbreak\ttab", "x\ty", "x", b"\n",
     dt.date(2024, 2, 29), _AT(2024, 2, 29, 12, 34, 56, 789000), [9, 8, 7, 6], ["line\nbreak"],
     {"l": 10}, {"x": 10, "y": "ten"}, [{"a": 10, "b": ["ten"]}], "null",
     "2024-02-29T12:34:56.789Z"],
    [11, True, -100, 1234, -123456, 1234567890123, -1e-7, -0.0, _D("10.10"), _D(100),
     _D("100.0001"), _D("99.9999999999"), "ABCabc123", "ABC123", "A1", b"\x01\x02",
     dt.date(1900, 1, 1), _AT(1900, 1, 1, 0, 0, 0, 0), [2, 4, 6, 8, 10],
     ["apple", "Banana", "cherry"],
     {"one": 1, "two": 2, "three": 3}, {"x": 11, "y": "eleven"}, [{"a": 5, "b": ["e", "l"]}],
     '{"a": true, "b": {"x": 1.0}}', "1900-01-01T00:00:00Z"],
    [12, False, 50, -50, 999999, -5, 123.456, 123456.789, _D("99.95"), _D(50), _D("0.5000"),
     _D("0.5"), "%wild_card", "%a_b", "%", b"%", dt.date(2020, 11, 1), _AT(2020, 11, 1, 1, 30),
     [100], ["%", "_"], {"p": 50}, {"x": 12, "y": "12"}, [{"a": 6, "b": []}], '{"a": []}',
     "2020-11-01T01:30:00+00:00"],
]
# fmt: on


def lay_out(client: Client) -> None:
    """Makes bucket, database, files and tables."""
    client.s3.create_bucket(Bucket=client.bucket)
    for name in ("lake", "build", "default"):
        client.glue.create_database(DatabaseInput={"Name": name})
    _typed(client)
    _sales(client)
    _events(client)
    _texts(client)
    avro_files.lay_out(client)


def parquet(rows: list[list[Any]], columns: dict[str, str]) -> bytes:
    """A Parquet file of the rows, with timestamps in milliseconds as Trino keeps them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, _arrow(kind)) for name, kind in columns.items()])
    held = [dict(zip(columns, row, strict=True)) for row in rows]
    for row in held:
        for name, value in row.items():
            if isinstance(value, dict) and columns[name].startswith("map"):
                row[name] = list(value.items())
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(held, schema), out, compression="snappy")
    return out.getvalue()


def _arrow(kind: str) -> Any:
    import pyarrow as pa

    plain: dict[str, Any] = {
        "boolean": pa.bool_(), "tinyint": pa.int8(), "smallint": pa.int16(), "int": pa.int32(),
        "bigint": pa.int64(), "float": pa.float32(), "double": pa.float64(), "string": pa.string(),
        "binary": pa.binary(), "date": pa.date32(), "timestamp": pa.timestamp("ms"),
        "array<int>": pa.list_(pa.int32()), "array<string>": pa.list_(pa.string()),
        "map<string,int>": pa.map_(pa.string(), pa.int32()),
        "struct<x:int,y:string>": pa.struct([("x", pa.int32()), ("y", pa.string())]),
        "array<struct<a:int,b:array<string>>>": pa.list_(
            pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))])
        ),
    }  # fmt: skip
    if kind in plain:
        return plain[kind]
    if kind.startswith("decimal"):
        precision, scale = map(int, kind[8:-1].split(","))
        return pa.decimal128(precision, scale)
    return pa.string()  # varchar(n), char(n)


def _typed(client: Client) -> None:
    client.put("data/lake/typed/part-0.parquet", parquet(_ROWS[:7], TYPED))
    client.put("data/lake/typed/part-1.parquet", parquet(_ROWS[7:], TYPED))
    table(client, "lake.typed", TYPED, PARQUET_SERDE)


SALES: Final = {
    "id": "int",
    "shop": "string",
    "item": "string",
    "amount": "int",
    "price": "decimal(10,2)",
    "weight": "double",
    "sold_at": "timestamp",
    "tags": "array<string>",
}


def _sales(client: Client) -> None:
    """Sixty sales of four days: ties, gaps and NULLs in every column but the id."""
    table(client, "lake.sales", SALES, PARQUET_SERDE, keys={"dt": "string"})
    start = _AT(2024, 3, 30, 20)
    by_day: dict[str, list[list[Any]]] = {}
    for at in range(60):
        sold = start + dt.timedelta(hours=at * 37 // 20, minutes=at * at % 60)
        row = [
            at,
            ("north", "south", "east", None)[at * 7 % 4 if at % 11 else 3],
            None if at % 13 == 5 else f"item-{at * at % 6}",
            None if at % 9 == 4 else at * 17 % 23 - 5,
            None if at % 8 == 3 else _D(at * 331 % 1999) / 100,
            None if at % 10 == 7 else (at * 29 % 31) / 8,
            sold,
            None if at % 7 == 6 else ["new", "sale", "gift"][: at % 4],
        ]
        by_day.setdefault(sold.date().isoformat(), []).append(row)
    for day, rows in by_day.items():
        client.put(f"data/lake/sales/dt={day}/part.parquet", parquet(rows, SALES))
        partition(client, "lake.sales", day, f"data/lake/sales/dt={day}/")


EVENTS: Final = {
    "event_id": "string",
    "ts": "string",
    "company_id": "string",
    "group_id": "string",
    "user_id": "string",
    "event_type": "string",
    "target_user_id": "string",
    "score": "double",
    "props": "struct<n:int,label:string>",
    "marks": "array<int>",
}


def _events(client: Client) -> None:
    """Messages as JSON lines in gzip, each day's at a place of its own, keys absent at times."""
    table(client, "lake.events", EVENTS, keys={"dt": "string"})
    kinds = ("message", "reply", "like", "login", "thanks", "comment")
    for number, day in enumerate(("2024-05-01", "2024-05-02", "2024-05-03")):
        rows = []
        for at in range(25):
            minute = at * 53 % 1440
            row: dict[str, Any] = {
                "event_id": f"e{number}-{at * 3 % 23}",
                "ts": f"{day}T{minute // 60:02}:{minute % 60:02}:{at % 60:02}Z",
                "company_id": ("acme", "globex")[at % 2],
                "group_id": (None, "g1", "g2")[at % 3],
                "user_id": f"u{at * 5 % 7}",
                "event_type": kinds[at * 11 % 6],
                "target_user_id": None if at % 4 == 0 else f"u{at * 3 % 7}",
                "score": None if at % 5 == 0 else at / 4,
                "props": None if at % 6 == 5 else {"n": at, "label": "ä" if at % 2 else None},
            }
            if at % 3:
                row["marks"] = [at, None, -at][: at % 4]
            rows.append(row)
        client.put_json(f"elsewhere/{day}/part-0.json.gz", rows)
        partition(client, "lake.events", day, f"elsewhere/{day}/")


def _texts(client: Client) -> None:
    columns = {"id": "int", "name": "string", "amount": "double", "born": "date", "ok": "boolean"}
    body = (
        "1,Ann,1.5,2000-01-01,true\n2,Bob,\\N,\\N,false\n3,,2,1999-12-31,\\N\n"
        "4,Zoë,-0.25,2004-02-29,TRUE\n\\N,Nobody,1e3,1970-01-01,false\n6,short\n"
    )
    client.put("data/lake/people/part.csv", body.encode())
    table(
        client, "lake.people", columns, CSV_SERDE,
        parameters={"field.delim": ",", "serialization.format": ","},
    )  # fmt: skip
    quoted = 'a,"b, with comma","c ""quoted"""\n"",plain,\n"ü","line","end"\n'
    client.put("data/lake/quoted/part.csv", quoted.encode())
    table(
        client, "lake.quoted", {"x": "string", "y": "string", "z": "string"}, QUOTED_SERDE,
        parameters={"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"},
    )  # fmt: skip
