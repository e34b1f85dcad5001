"""Types: written, read, merged and widened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dayfold_local.crawler.column_types import (
    BIGINT,
    DOUBLE,
    STRING,
    UNKNOWN,
    Array,
    ColumnType,
    Map,
    Scalar,
    Struct,
    merge,
    parse_type,
    type_text,
    widen,
)

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True)
SCALARS = st.sampled_from(
    [*map(Scalar, ("string", "bigint", "int", "double", "boolean", "date", "decimal(10,2)"))]
)
TYPES: st.SearchStrategy[ColumnType] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        inner.map(Array),
        st.tuples(SCALARS, inner).map(lambda pair: Map(*pair)),
        st.dictionaries(NAMES, inner, min_size=1, max_size=4).map(
            lambda fields: Struct(tuple(fields.items()))
        ),
    ),
    max_leaves=8,
)


@given(TYPES)
def test_what_is_written_reads_back(kind: ColumnType) -> None:
    # Given a type, when written as Glue does / Then it reads back as itself
    assert parse_type(type_text(kind)) == kind


@given(TYPES, TYPES)
def test_merging_is_the_same_either_way_but_for_the_order_of_fields(
    one: ColumnType, other: ColumnType
) -> None:
    # Given two types / When merged in either order / Then each result takes in the other
    merged = merge(one, other)
    assert merge(merged, merge(other, one)) == merged


@given(TYPES)
def test_merging_with_itself_or_with_nothing_changes_nothing(kind: ColumnType) -> None:
    assert merge(kind, kind) == merge(kind, UNKNOWN) == merge(UNKNOWN, kind) == kind


@given(TYPES, TYPES, st.booleans())
def test_a_wider_type_reads_what_made_it_wider(
    known: ColumnType, seen: ColumnType, text: bool
) -> None:
    # Given a column / When it was widened for new files / Then those files fit from then on
    wider = widen(known, seen, text=text)
    if wider is not None:
        assert widen(wider, seen, text=text) == wider


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        ("bigint", "double", "double"),
        ("int", "bigint", "bigint"),
        ("float", "double", "double"),
        ("boolean", "bigint", "string"),
        ("bigint", "string", "string"),
        ("date", "timestamp", "string"),
        ("decimal(5,2)", "decimal(10,4)", "decimal(10,4)"),
        ("decimal(38,0)", "decimal(38,10)", "string"),
        ("array<bigint>", "array<double>", "array<double>"),
        ("array<bigint>", "bigint", "string"),
        ("struct<a:bigint>", "struct<b:string>", "struct<a:bigint,b:string>"),
        ("map<string,int>", "map<string,bigint>", "map<string,bigint>"),
    ],
)
def test_merge(one: str, other: str, merged: str) -> None:
    assert type_text(merge(parse_type(one), parse_type(other))) == merged


@pytest.mark.parametrize(
    ("known", "seen", "text", "parquet"),
    [
        ("bigint", "double", "double", None),
        ("double", "bigint", "double", None),
        ("bigint", "string", None, None),
        ("string", "bigint", "string", None),
        ("string", "struct<a:bigint>", "string", None),
        ("timestamp", "string", "timestamp", None),  # a person's choice, read from text
        ("date", "bigint", None, None),
        ("int", "bigint", "bigint", "bigint"),
        ("bigint", "int", "bigint", "bigint"),
        ("float", "double", "double", "double"),
        ("struct<a:int>", "struct<a:bigint,b:string>", *["struct<a:bigint,b:string>"] * 2),
        ("struct<a:bigint>", "struct<a:string>", None, None),
        ("array<int>", "array<string>", None, None),
    ],
)
def test_widen(known: str, seen: str, text: str | None, parquet: str | None) -> None:
    for is_text, expected in ((True, text), (False, parquet)):
        wider = widen(parse_type(known), parse_type(seen), text=is_text)
        assert (wider and type_text(wider)) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (UNKNOWN, "string"),
        (Array(UNKNOWN), "array<string>"),
        (Struct(()), "string"),
        (Struct((("a b", BIGINT),)), "string"),  # Hive cannot spell the field's name
        (Struct((("a", Array(DOUBLE)), ("b", STRING))), "struct<a:array<double>,b:string>"),
    ],
)
def test_type_text(kind: ColumnType, text: str) -> None:
    assert type_text(kind) == text


@pytest.mark.parametrize("text", ["", "array<", "struct<a>", "map<int>", "x<y>z", "varchar(10)"])
def test_a_type_that_is_no_nesting_is_a_name(text: str) -> None:
    assert parse_type(text) == Scalar(text)
