"""Property: what is read with the inferred types is what was written."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dayfold_local.crawler.column_types import Array, ColumnType, Scalar, Struct, type_text
from dayfold_local.crawler.files import FileSchema, inspect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DUCKDB = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
BIGINTS = st.integers(-(2**63), 2**63 - 1)


def column_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[st.SearchStrategy[Any]]:
    return st.just(st.none() | values)


# A column's values are of one kind, with gaps; nested ones too.
KINDS: st.SearchStrategy[st.SearchStrategy[Any]] = st.recursive(
    st.one_of(
        column_of(TEXT),
        column_of(BIGINTS),
        column_of(st.floats(allow_nan=False, allow_infinity=False)),
        column_of(st.booleans()),
    ),
    lambda inner: st.one_of(
        inner.map(lambda values: st.none() | st.lists(values, max_size=3)),
        st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(
            lambda fields: st.none() | st.fixed_dictionaries(fields)
        ),
    ),
    max_leaves=4,
)
ROWS = st.dictionaries(NAMES, KINDS, min_size=1, max_size=4).flatmap(
    lambda columns: st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=8)
)


def duckdb_type(kind: ColumnType) -> str:
    match kind:
        case Array(item):
            return f"{duckdb_type(item)}[]"
        case Struct(fields) if type_text(kind) != "string":
            inner = ", ".join(f'"{name}" {duckdb_type(it)}' for name, it in fields)
            return f"STRUCT({inner})"
        case Scalar(name) if name:
            return DUCKDB[name]
    return "VARCHAR"


def found_in(data: bytes, key: str) -> FileSchema:
    found = inspect(key, len(data), lambda first, count: data[first : first + count])
    assert isinstance(found, FileSchema), found
    return found


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS)
def test_json_reads_back(
    connection: duckdb.DuckDBPyConnection, folder: Path, rows: list[dict[str, Any]]
) -> None:
    # Given JSON lines
    path = folder / "rows.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    # When their types are inferred
    columns = {name: duckdb_type(kind) for name, kind in found_in(path.read_bytes(), "x").columns}
    # Then a reader given those types finds what was written
    spec = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    relation = connection.execute(
        f"SELECT * FROM read_json(?, format='newline_delimited', columns={{{spec}}})",
        [str(path)],
    )
    names = [column[0] for column in relation.description or ()]
    read = [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
    assert read == rows


CELLS = st.one_of(
    st.lists(BIGINTS.map(str), min_size=2, max_size=6),
    st.lists(st.sampled_from(["true", "false", "True", "FALSE"]), min_size=2, max_size=6),
    st.lists(st.decimals(-(10**6), 10**6, places=3).map(str), min_size=2, max_size=6),
    st.lists(st.from_regex(r"0[0-9]{1,4}|[a-z]{1,5}", fullmatch=True), min_size=2, max_size=6),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=CELLS, second=CELLS)
def test_csv_reads_back(
    connection: duckdb.DuckDBPyConnection, folder: Path, first: list[str], second: list[str]
) -> None:
    # Given a CSV file with a header
    rows = list(zip(first, second, strict=False))
    text = io.StringIO()
    csv.writer(text).writerows([("Key_One", "Key_Two"), *rows])
    path = folder / "rows.csv"
    path.write_text(text.getvalue(), "utf-8")
    # When its types are inferred
    found = found_in(path.read_bytes(), "rows.csv")
    assert found.csv is not None
    assert found.csv.has_header
    assert [name for name, _ in found.columns] == ["key_one", "key_two"]
    # Then every value can be read as its column's type and none loses its text
    for (_, kind), cells in zip(found.columns, zip(*rows, strict=True), strict=True):
        for cell in cells:
            query = f"SELECT CAST(? AS {duckdb_type(kind)})"
            value = connection.execute(query, [cell]).fetchall()[0][0]
            if kind == Scalar("string"):
                assert value == cell
            elif kind == Scalar("boolean"):
                assert str(value).lower() == cell.lower()
            else:
                assert float(value) == float(cell)
