"""What is found in one file: format, columns, types, rows, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from dayfold_local.crawler import files
from dayfold_local.crawler.column_types import type_text
from dayfold_local.crawler.files import FileSchema, Unreadable, inspect
from tests.local_crawler.stack import gz, json_lines


def look(data: bytes, key: str = "raw/t/dt=2024-01-01/part.json") -> FileSchema | Unreadable:
    return inspect(key, len(data), lambda first, count: data[first : first + count])


def types(data: bytes, key: str = "raw/t/dt=2024-01-01/part.json") -> dict[str, str]:
    found = look(data, key)
    assert isinstance(found, FileSchema), found
    return {name: type_text(kind) for name, kind in found.columns}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], "bigint"),
        ([1, 2.5], "double"),
        ([1, None], "bigint"),
        ([None, None], "string"),
        ([True, False], "boolean"),
        ([True, 1], "string"),
        ([1, "1"], "string"),
        (["007"], "string"),
        ([9223372036854775807], "bigint"),
        ([9223372036854775808], "string"),
        (["2024-01-01T00:00:00Z"], "string"),
        ([[1, 2], []], "array<bigint>"),
        ([[1], [0.5, None]], "array<double>"),
        ([[]], "array<string>"),
        ([[1, "a"]], "array<string>"),
        ([{"a": 1}, {"B": "x"}], "struct<a:bigint,b:string>"),
        ([{}], "string"),
        ([{"a": 1}, 1], "string"),
        ([[{"a": [True]}]], "array<struct<a:array<boolean>>>"),
    ],
)
def test_types_of_json_values(values: list[Any], expected: str) -> None:
    # Given a file with these values of one column / When looked at / Then that is its type
    assert types(json_lines(*({"x": value} for value in values))) == {"x": expected}


def test_json_columns_are_in_order_of_appearance_and_in_lower_case() -> None:
    # Given rows with different keys
    data = json_lines({"b": 1, "UserId": "x"}, {"a": 1, "b": 2})
    # When looked at, plain or gzipped / Then the columns are those of all rows
    assert list(types(data)) == ["b", "userid", "a"]
    assert types(gz(data), "part.json.gz") == types(data)


def test_a_name_may_change_its_case_between_rows() -> None:
    # Given rows that spell a name differently / When looked at / Then it is one column, no fault
    found = look(json_lines({"c": 1}, {"C": 2.5}))
    assert isinstance(found, FileSchema)
    assert found.problem is None
    assert types(json_lines({"c": 1}, {"C": 2.5})) == {"c": "double"}


def test_rows_are_counted_and_estimated_where_only_the_start_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a file of which a tenth is read
    data = json_lines(*({"a": number} for number in range(1000, 6000)))
    monkeypatch.setattr(files, "SAMPLE_BYTES", len(data) // 10)
    # When looked at
    found = look(data)
    # Then the rest is estimated, and the line that was cut is no fault
    assert isinstance(found, FileSchema)
    assert found.problem is None
    assert found.rows == pytest.approx(5000, rel=0.01)


def test_a_compressed_file_is_unpacked_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a small file that unfolds to a large one
    monkeypatch.setattr(files, "UNPACKED_BYTES", 10_000)
    data = gz(json_lines(*[{"a": 1}] * 50_000))
    # When looked at / Then it is neither read whole nor called truncated
    found = look(data, "a.json.gz")
    assert isinstance(found, FileSchema)
    assert found.problem is None


@pytest.mark.parametrize(
    ("key", "data", "problem"),
    [
        ("a.json", b"", "empty"),
        ("a.json", b" \n\n", "no rows"),
        ("a.json.gz", gz(b""), "no rows"),
        ("a.json", b'[{"a": 1}, {"a": 2}]', "JSON array"),
        ("a.json", b"\x00\x01\x02\xff" * 100, "neither text"),
        ("a.json", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "neither text"),
        ("a.json", "é".encode("latin-1") * 9, "neither text"),
        ("a.json", b"{'a': 1}\n{'a': 2}\n", "no JSON object"),
        ("a.json", b'{"a": 1', "half a JSON object"),
        ("a.txt", b"hello world\nthis is prose\n", "neither JSON lines nor CSV"),
        ("a.json.gz", b'{"a": 1}\n', "not compressed"),
        ("a.json", gz(b'{"a": 1}\n'), "not named .gz"),
        ("a.json.gz", gz(b'{"a": 1}\n')[:8], "truncated"),
        ("a.json.gz", gz(b'{"a": 1}\n')[:3] + b"\xff" * 40, "damaged"),
        ("a.parquet", b"PAR1" + b"x" * 100, "truncated"),
        ("a.parquet", b"PAR1" + b"x" * 50 + b"\x10\x00\x00\x00PAR1", "damaged"),
    ],
)
def test_a_file_without_a_row_says_why(key: str, data: bytes, problem: str) -> None:
    # Given a file that nothing can be read from / When looked at / Then one line says why
    found = look(data, key)
    assert isinstance(found, Unreadable)
    assert problem in found.problem
    assert "\n" not in found.problem


@pytest.mark.parametrize(
    ("key", "data", "problem"),
    [
        ("a.json", b'{"a": 1}\n{"a": 2}\n{"a": ', "line 3 ends in half a JSON object"),
        ("a.json", b'{"a": 1}\nhello\n{"a": 2}\n', "line 2 is no JSON object"),
        ("a.json", b'{"a": 1}\nx\ny\nz\n', "line 2 is no JSON object (nor are 2 more)"),
        ("a.json", b'{"a": 1}\n{"a": NaN}\n', "line 2 is no JSON object"),
        ("a.json", b'{"a": 1, "A": 2}\n', "the same name twice but for case: a"),
        ("a.csv", b"id,name\n1,a\n2,b,c\n3,d\n4,e\n", "row 3 has 3 fields where the first"),
        ("a.csv", b"id,name\n", "a header and no rows"),
    ],
)
def test_a_file_that_is_bad_in_part_says_where(key: str, data: bytes, problem: str) -> None:
    # Given a file with good rows and a bad place / When looked at / Then both are told
    found = look(data, key)
    assert isinstance(found, FileSchema)
    assert found.problem is not None
    assert problem in found.problem


def test_a_truncated_gzip_still_tells_its_columns() -> None:
    # Given a gzip file that lost its end
    data = gz(json_lines(*({"a": number, "b": f"{number * 7919}"} for number in range(5000))))
    # When looked at
    found = look(data[: len(data) // 2], "a.json.gz")
    # Then the rows before it are known, and the fault too
    assert isinstance(found, FileSchema)
    assert [name for name, _ in found.columns] == ["a", "b"]
    assert found.problem == "the gzip file is truncated"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("id,price,name\n1,2.5,a\n2,3,b\n", {"id": "bigint", "price": "double", "name": "string"}),
        ("id;ok\n1;true\n2;FALSE\n", {"id": "bigint", "ok": "boolean"}),
        ("id\tcode\n1\t007\n2\t010\n", {"id": "bigint", "code": "string"}),
        ("a|b\n1|\n2|\n", {"a": "bigint", "b": "string"}),
        ("1,2\n3,4\n", {"col0": "bigint", "col1": "bigint"}),
        ("User,Phone\nu1,+819012345678\nu2,+15551234567\n", {"user": "string", "phone": "string"}),
        ("user,city\nu1,Oslo\nu2,Kyoto\n", {"user": "string", "city": "string"}),
        ("x,y\ny,x\nx,y\n", {"col0": "string", "col1": "string"}),
        ("day,n\n2024-01-01,1\n2024-01-02,2\n", {"day": "string", "n": "bigint"}),
        ("n,m\n9223372036854775808,1\n1,1e3\n", {"n": "string", "m": "double"}),
        ('id,text\n1,"a, b"\n2,"c"\n', {"id": "string", "text": "string"}),
        ("\ufeffid,a\n1,x\n", {"id": "bigint", "a": "string"}),
        ("id,a\r\n1,x\r\n2,y\r\n", {"id": "bigint", "a": "string"}),
    ],
)
def test_types_and_headers_of_csv(text: str, columns: dict[str, str]) -> None:
    # Given a CSV file / When looked at / Then a person would have said the same
    assert types(text.encode(), "a.csv") == columns
    assert types(gz(text.encode()), "a.csv.gz") == columns


def test_one_column_is_csv_only_by_name() -> None:
    assert types(b"id\n1\n2\n", "a.csv") == {"id": "bigint"}
    assert isinstance(look(b"id\n1\n2\n", "a.txt"), Unreadable)
