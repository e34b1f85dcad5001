# ruff: noqa: E501 - an expression a line
"""Arrays and maps: what expressions answer, with their Trino types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold_local.athena.errors import QueryFailure
from tests.local_athena.evaluation import evaluate

if TYPE_CHECKING:
    from dayfold_local.athena.execution.engine import DuckDbEngine

EXPRESSIONS = [
    ("array_distinct(ARRAY[3,1,3,NULL,NULL,1])", "[3, 1, null]", "array(integer)"),
    ("array_union(ARRAY[3,1,NULL], ARRAY[1,2,NULL])", "[3, 1, null, 2]", "array(integer)"),
    ("array_intersect(ARRAY[3,1,NULL,3], ARRAY[1,NULL,3])", "[3, 1, null]", "array(integer)"),
    ("array_except(ARRAY[3,1,NULL,3], ARRAY[1])", "[3, null]", "array(integer)"),
    ("arrays_overlap(ARRAY[1,NULL], ARRAY[2])", None, "boolean"),
    ("arrays_overlap(ARRAY[1,NULL], ARRAY[1])", "true", "boolean"),
    ("arrays_overlap(ARRAY[1], ARRAY[2])", "false", "boolean"),
    ("array_remove(ARRAY[1,NULL,2,1], 1)", "[null, 2]", "array(integer)"),
    ("array_sort(ARRAY[3,1,2], (x,y) -> IF(x<y,1,IF(x=y,0,-1)))", "[3, 2, 1]", "array(integer)"),
    (
        (
            "array_sort(ARRAY[3,NULL,1,2], (x, y) -> CASE WHEN x IS NULL THEN -1 WHEN y IS NULL THEN 1 WHEN x < y THEN 1 WHEN x = y THEN 0 ELSE -1 END)"
        ),
        "[null, 3, 2, 1]",
        "array(integer)",
    ),
    (
        "zip(ARRAY[1,2], ARRAY['a'])",
        "[{field0=1, field1=a}, {field0=2, field1=null}]",
        "array(row(integer, varchar(1)))",
    ),
    (
        "zip_with(ARRAY[1,3,5], ARRAY['a','b','c'], (x, y) -> (y, x))",
        "[{field0=a, field1=1}, {field0=b, field1=3}, {field0=c, field1=5}]",
        "array(row(varchar(1), integer))",
    ),
    ("zip_with(ARRAY[1,2], ARRAY[3,4], (x, y) -> x + y)", "[4, 6]", "array(integer)"),
    (
        "zip_with(ARRAY['a','b'], ARRAY['d',null], (x, y) -> concat(x, y))",
        "[ad, null]",
        "array(varchar)",
    ),
    ("reduce(ARRAY[5, 20, 50], 0.0e0, (s, x) -> s + x, s -> s)", "75.0", "double"),
    (
        (
            "reduce(ARRAY[5, 20, 50], CAST(ROW(0.0, 0) AS ROW(sum double, count integer)), (s, x) -> CAST(ROW(x + s.sum, s.count + 1) AS ROW(sum double, count integer)), s -> IF(s.count = 0, NULL, s.sum / s.count))"
        ),
        "25.0",
        "double",
    ),
    ("reduce(ARRAY['a','b'], '', (s,x) -> s || x, s -> length(s))", "2", "bigint"),
    ("reduce(ARRAY[2147483647, 1], BIGINT '0', (s, x) -> s + x, s -> s)", "2147483648", "bigint"),
    ("reduce(ARRAY[5, NULL], 0, (s, x) -> s + COALESCE(x, 0), s -> s)", "5", "integer"),
    (
        "ngrams(ARRAY['foo','bar','baz','foo'], 2)",
        "[[foo, bar], [bar, baz], [baz, foo]]",
        "array(array(varchar(3)))",
    ),
    ("ngrams(ARRAY['foo'], 4)", "[[foo]]", "array(array(varchar(3)))"),
    (
        "combinations(ARRAY['foo','bar','baz'], 2)",
        "[[foo, bar], [foo, baz], [bar, baz]]",
        "array(array(varchar(3)))",
    ),
    (
        "combinations(ARRAY[1,2,3,4], 3)",
        "[[1, 2, 3], [1, 2, 4], [1, 3, 4], [2, 3, 4]]",
        "array(array(integer))",
    ),
    ("trim_array(ARRAY[1,2,3], 2)", "[1]", "array(integer)"),
    ("contains_sequence(ARRAY[1,2,3], ARRAY[2,3])", "true", "boolean"),
    (
        "map_filter(map(ARRAY[1,2], ARRAY['a','b']), (k, v) -> v = 'b')",
        "{2=b}",
        "map(integer, varchar(1))",
    ),
    ("map_filter(map(), (k, v) -> true)", "{}", "map(unknown, unknown)"),
    (
        "transform_values(map(ARRAY[1,2], ARRAY['a','b']), (k, v) -> v || CAST(k AS varchar))",
        "{1=a1, 2=b2}",
        "map(integer, varchar)",
    ),
    (
        "transform_keys(map(ARRAY['a','b'], ARRAY[1,2]), (k, v) -> k || 'x')",
        "{ax=1, bx=2}",
        "map(varchar, integer)",
    ),
    (
        "map_concat(map(ARRAY['a'], ARRAY[1]), map(ARRAY['a','b'], ARRAY[2,3]))",
        "{a=2, b=3}",
        "map(varchar(1), integer)",
    ),
    (
        (
            "map_zip_with(map(ARRAY['a','b'], ARRAY[1,8]), map(ARRAY['b','c'], ARRAY[5,6]), (k, v1, v2) -> concat(k, CAST(v1 AS varchar), CAST(v2 AS varchar)))"
        ),
        "{a=null, b=b85, c=null}",
        "map(varchar(1), varchar)",
    ),
    (
        (
            "map_zip_with(map(ARRAY['a','b'], ARRAY[1,2]), map(ARRAY['b'], ARRAY[5]), (k, v1, v2) -> (v1, v2))"
        ),
        "{a={field0=1, field1=null}, b={field0=2, field1=5}}",
        "map(varchar(1), row(integer, integer))",
    ),
    ("split_to_map('a=1,b=2', ',', '=')", "{a=1, b=2}", "map(varchar, varchar)"),
    (
        "split_to_multimap('a=1,b=2,a=3', ',', '=')",
        "{a=[1, 3], b=[2]}",
        "map(varchar, array(varchar))",
    ),
    (
        "map_entries(map(ARRAY[1], ARRAY['x']))",
        "[{field0=1, field1=x}]",
        "array(row(integer, varchar(1)))",
    ),
    ("map_from_entries(ARRAY[(1,'x'),(2,'y')])", "{1=x, 2=y}", "map(integer, varchar(1))"),
    (
        "multimap_from_entries(ARRAY[(1,'x'),(2,'y'),(1,'z')])",
        "{1=[x, z], 2=[y]}",
        "map(integer, array(varchar(1)))",
    ),
    ("bit_count(7, 64)", "3", "bigint"),
    ("bit_count(-7, 8)", "6", "bigint"),
    (
        "transform(ARRAY[ARRAY[1,2]], a -> transform(a, x -> x + cardinality(a)))",
        "[[3, 4]]",
        "array(array(bigint))",
    ),
    ("any_match(ARRAY[1,NULL], x -> x > 1)", None, "boolean"),
    ("array_max(ARRAY[1,NULL])", None, "integer"),
    ("flatten(ARRAY[ARRAY[1],NULL])", "[1]", "array(integer)"),
]


@pytest.mark.parametrize(("sql", "value", "kind"), EXPRESSIONS)
def test_expression(engine: DuckDbEngine, sql: str, value: str | None, kind: str) -> None:
    # Given an expression of Athena's dialect
    # When it is translated and run
    rows, kinds = evaluate(engine, f"SELECT {sql}")

    # Then value and type are Trino's
    assert rows == [(value,)]
    assert kinds == [kind]


QUERIES: list[tuple[str, list[tuple[str | None, ...]]]] = [
    ("SELECT transform(a, x -> x + b) FROM (VALUES (ARRAY[1,2], 5)) t(a, b)", [("[6, 7]",)]),
    (
        (
            "SELECT zip_with(a, a, (x, y) -> reduce(a, x, (s, z) -> s + z, s -> s * y)) FROM (VALUES (ARRAY[1,2])) t(a)"
        ),
        [("[4, 10]",)],
    ),
]


@pytest.mark.parametrize(("sql", "expected"), QUERIES)
def test_query(engine: DuckDbEngine, sql: str, expected: list[tuple[str | None, ...]]) -> None:
    # Given a query without tables
    # When it is translated and run
    rows, _ = evaluate(engine, sql)

    # Then its rows are Trino's
    assert rows == expected


FAILURES = [
    (
        "SELECT transform_keys(map(ARRAY['a','b'], ARRAY[1,2]), (k, v) -> 'x')",
        "INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed",
    ),
    (
        "SELECT split_to_map('a1', ',', '=')",
        "INVALID_FUNCTION_ARGUMENT: Key-value delimiter must appear exactly once in each ",
    ),
]


@pytest.mark.parametrize(("sql", "reason"), FAILURES)
def test_failure(engine: DuckDbEngine, sql: str, reason: str) -> None:
    # Given an expression that Trino fails, or that we do not know to answer as it does
    # When it is run
    with pytest.raises(QueryFailure) as failed:
        evaluate(engine, sql)

    # Then it fails, in Athena's words
    assert failed.value.reason.startswith(reason)
