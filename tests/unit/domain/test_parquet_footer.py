"""Footers read without pyarrow say what pyarrow says of them."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa  # noqa: TID253 - the yardstick of every test here
import pyarrow.parquet as pq  # noqa: TID253
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dayfold.domain.parquet_footer import TAIL, Footer, footer_length, read_footer
from dayfold.domain.raw_schemas import RawSchema, compare, known_after, sample_parquet

KINDS: dict[Any, str] = {
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.uint8(): "smallint",
    pa.uint16(): "int",
    pa.uint32(): "bigint",
    pa.uint64(): "decimal(20,0)",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.binary(): "binary",
    pa.binary(16): "binary",
    pa.date32(): "date",
    pa.time64("us"): "bigint",
    pa.timestamp("ms"): "timestamp",
    pa.timestamp("ns", tz="UTC"): "timestamp",
    pa.decimal128(10, 2): "decimal(10,2)",
    pa.decimal128(30): "decimal(30,0)",
    pa.null(): "unknown",
    pa.list_(pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))])): "array",
    pa.map_(pa.string(), pa.int32()): "map",
    pa.struct([("x", pa.int32()), ("y", pa.struct([("z", pa.date32())]))]): "struct",
}
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)


def parquet(schema: pa.Schema, rows: int = 0, **options: Any) -> bytes:
    """A file of so many rows of nulls."""
    table = pa.table([pa.nulls(rows, field.type) for field in schema], schema=schema)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def footer_of(data: bytes) -> Footer | None:
    """Its footer, as an extract's is cut out of the file's end."""
    length = footer_length(data[-TAIL:])
    return None if length is None else read_footer(data[-TAIL - length : -TAIL])


@given(
    st.dictionaries(names, st.sampled_from(list(KINDS)), max_size=40),
    st.integers(0, 300),
    st.sampled_from(["1.0", "2.4", "2.6"]),
)
def test_columns_types_and_rows_are_those_that_were_written(
    columns: dict[str, Any], rows: int, version: str
) -> None:
    # Given a file of any columns, by each generation of writers
    columns = {name.lower(): kind for name, kind in columns.items()}
    rows = rows if columns else 0
    data = parquet(pa.schema(list(columns.items())), rows, version=version)
    # When
    footer = footer_of(data)
    # Then
    expected = {name: KINDS[kind] for name, kind in columns.items()}
    if version == "1.0":  # which has neither 32-bit unsigned integers nor nanoseconds
        expected = {n: "bigint" if k == pa.uint32() else expected[n] for n, k in columns.items()}
    assert footer == Footer(expected, rows)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1PAR1", b"{}\n{}\n{}\n", b"\xff" * 64])
def test_what_is_no_parquet_has_no_footer(data: bytes) -> None:
    # When / Then
    assert footer_of(data) is None


@given(st.data())
def test_a_damaged_footer_is_none_or_some_columns_and_nothing_worse(data: st.DataObject) -> None:
    # Given a footer of which bytes are wrong, or its end is missing
    whole = bytearray(parquet(pa.schema([("a", pa.int32()), ("b", pa.list_(pa.string()))]), 3))
    length = footer_length(bytes(whole[-TAIL:]))
    assert length is not None
    footer = whole[-TAIL - length : -TAIL]
    for _ in range(data.draw(st.integers(1, 4))):
        footer[data.draw(st.integers(0, len(footer) - 1))] = data.draw(st.integers(0, 255))
    # When
    found = read_footer(bytes(footer[: data.draw(st.integers(0, len(footer)))]))
    # Then
    assert found is None or isinstance(found, Footer)


def test_a_footer_with_a_number_for_a_name_is_none() -> None:
    # Given a footer in which one byte makes a column's name a number
    whole = parquet(pa.schema([("a", pa.int32()), ("b", pa.list_(pa.string()))]), 3)
    length = footer_length(whole[-TAIL:])
    assert length is not None
    footer = bytearray(whole[-TAIL - length : -TAIL])
    named = footer.index(b"\x18\x01b")  # the name: one field on, a text of one byte
    footer[named] = 0x16  # one field on, a number
    # When
    found = read_footer(bytes(footer))
    # Then
    assert found is None


def _compared(before: dict[str, Any], now: dict[str, Any], rows: int = 1) -> list[str]:
    """What is said of a day of `now` after one of `before`."""
    footers = [footer_of(parquet(pa.schema(list(one.items())), rows)) for one in (before, now)]
    assert footers[0] is not None
    assert footers[1] is not None
    first = sample_parquet(footers[0])
    known = RawSchema("raw.users", "2004-05-19", "f", first.types, first.shares)
    changes = compare(known, sample_parquet(footers[1]))
    return [one.said("raw.users", "2004-05-20") for one in changes]


def test_parquet_s_columns_are_compared_however_few_the_rows() -> None:
    # Given
    before = {"user_id": pa.string(), "group_id": pa.int32(), "size": pa.int64()}
    # When
    said = _compared(before, {"user_id": pa.int64(), "size": pa.int64(), "device": pa.string()})
    # Then a number where text was is an error to Athena, unlike in JSON
    assert said == [
        "raw.users gained column device (string) on 2004-05-20",
        "raw.users changed column user_id from string to bigint on 2004-05-20",
        "raw.users lost column group_id (int) on 2004-05-20",
    ]


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [
        (pa.int64(), pa.int32(), 0),  # read as the wider type that the catalog has
        (pa.int32(), pa.int64(), 1),
        (pa.float64(), pa.int64(), 1),  # JSON has no such difference, Parquet does
        (pa.int64(), pa.null(), 0),
        (pa.timestamp("ms"), pa.timestamp("us"), 0),
        (pa.timestamp("ms"), pa.string(), 1),
    ],
)
def test_a_type_fits_where_athena_reads_it(before: Any, now: Any, changes: int) -> None:
    # When / Then
    assert len(_compared({"a": before}, {"a": now})) == changes


def test_the_wider_of_two_types_that_fit_is_what_the_next_day_is_compared_with() -> None:
    # Given bigint, then a day of int
    known = RawSchema("raw.users", "2004-05-19", "f", {"a": "bigint"}, {"a": 1.0})
    narrow = footer_of(parquet(pa.schema([("a", pa.int32())])))
    assert narrow is not None
    # When
    after = known_after(known, sample_parquet(narrow), [])
    # Then
    assert after.types == {"a": "bigint"}
