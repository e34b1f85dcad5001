"""JSON: what expressions answer, with their Trino types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold_local.athena.errors import QueryFailure
from tests.local_athena.evaluation import evaluate

if TYPE_CHECKING:
    from dayfold_local.athena.execution.engine import DuckDbEngine

EXPRESSIONS = [
    (
        'json_parse(\'{"b": 1, "a": {"z":[{"y":1,"x":2}], "k":null}}\')',
        '{"a":{"k":null,"z":[{"x":2,"y":1}]},"b":1}',
        "json",
    ),
    ('json_format(json_parse(\'[3, {"b":1,"a":"ü"}]\'))', '[3,{"a":"ü","b":1}]', "varchar"),
    ('json_extract(\'{"b": 1, "a": {"z": 5, "y":2}}\', \'$.a\')', '{"z":5,"y":2}', "json"),
    ('json_size(\'{"x": {"a": 1, "b": 2}}\', \'$.x\')', "2", "bigint"),
    ("json_size('{\"x\": [1,2,3]}', '$.x')", "3", "bigint"),
    ("json_size('{\"x\": 1}', '$.x')", "0", "bigint"),
    ("json_size('{\"x\": 1}', '$.y')", None, "bigint"),
    ("json_array_length('[1,2]')", "2", "bigint"),
    ('json_array_get(\'["a", [3, 9], "c"]\', 1)', "[3,9]", "json"),
    ('json_array_get(\'["a", null, "c"]\', -1)', "c", "json"),
    ("json_array_contains('[1,\"2\",true]', 2)", "false", "boolean"),
    ("json_array_contains('[1,\"2\",true]', '2')", "true", "boolean"),
    ("json_array_contains('[1.5,2]', 1.5e0)", "true", "boolean"),
    ("is_json_scalar('[1]')", "false", "boolean"),
    ("is_json_scalar('1')", "true", "boolean"),
    ('JSON \'{"b":1,"a":2}\'', '{"a":2,"b":1}', "json"),
    ("json_parse('1.50')", "1.5", "json"),
    ("json_parse(' \"x\" ')", '"x"', "json"),
    ("CAST(json_parse('{\"a\":1}') AS map(varchar, integer))", "{a=1}", "map(varchar, integer)"),
    ("CAST(json_parse('[1,null]') AS array(bigint))", "[1, null]", "array(bigint)"),
    (
        'CAST(json_parse(\'{"x":1,"y":"b"}\') AS row(x bigint, y varchar))',
        "{x=1, y=b}",
        "row(x bigint, y varchar)",
    ),
    ("CAST(json_parse('\"x\"') AS varchar)", "x", "varchar"),
    ("CAST(1.5e10 AS json)", "1.5E10", "json"),
    ("CAST(ARRAY[1.5e0, NULL] AS json)", "[1.5,null]", "json"),
    (
        "CAST(map(ARRAY['b','a'], ARRAY[map(ARRAY[2,1], ARRAY['x','y']), NULL]) AS json)",
        '{"a":null,"b":{"1":"y","2":"x"}}',
        "json",
    ),
    ("CAST(timestamp '2020-01-01 00:00:00.5' AS json)", '"2020-01-01 00:00:00.5"', "json"),
    ("CAST(NULL AS json)", None, "json"),
    ("CAST(DATE '2020-01-01' AS json)", '"2020-01-01"', "json"),
    ("CAST(CAST(ROW(1,'a') AS ROW(b integer, a varchar)) AS json)", '{"b":1,"a":"a"}', "json"),
    ("CAST(JSON 'null' AS varchar)", None, "varchar"),
    ("CAST(JSON '1.5' AS double)", "1.5", "double"),
    ("CAST(JSON '\"1.5\"' AS double)", "1.5", "double"),
    ("CAST(JSON 'true' AS boolean)", "true", "boolean"),
    ("CAST(JSON '1.5' AS varchar)", "1.5E0", "varchar"),
    ("CAST(JSON '1.5' AS bigint)", "2", "bigint"),
    ("CAST(JSON '\"7\"' AS bigint)", "7", "bigint"),
    ("CAST(JSON 'true' AS bigint)", "1", "bigint"),
    ("CAST(JSON '1.50' AS decimal(5,2))", "1.50", "decimal(5,2)"),
    ("CAST(1.5e0 AS varchar)", "1.5E0", "varchar"),
    ("CAST(0e0 AS varchar)", "0E0", "varchar"),
    ("CAST(1e100 AS varchar)", "1.0E100", "varchar"),
    ("CAST(REAL '1.5' AS varchar)", "1.5E0", "varchar"),
    ("json_format(JSON '{\"a\":[]}')", '{"a":[]}', "varchar"),
    ('json_format(JSON \'{"b":[{}], "a":{}}\')', '{"a":{},"b":[{}]}', "varchar"),
]


@pytest.mark.parametrize(("sql", "value", "kind"), EXPRESSIONS)
def test_expression(engine: DuckDbEngine, sql: str, value: str | None, kind: str) -> None:
    # Given an expression of Athena's dialect
    # When it is translated and run
    rows, kinds = evaluate(engine, f"SELECT {sql}")

    # Then value and type are Trino's
    assert rows == [(value,)]
    assert kinds == [kind]


FAILURES = [
    ("SELECT json_parse('{')", "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{'"),
    (
        'SELECT json_extract_scalar(json_parse(\'{"a b":[{"c-d":1}]}\'), \'$["a b"][0].c-d\')',
        "INVALID_FUNCTION_ARGUMENT: line 1:8: Invalid JSON path: '$[\"a b\"][0].c-d'",
    ),
    (
        "SELECT json_extract_scalar('{\"a\":1}', '$.*')",
        "NOT_SUPPORTED: line 1:8: the JSON path '$.*'",
    ),
    ("SELECT CAST(JSON '[1]' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast '[1]' to bigint"),
    ("SELECT CAST(JSON '\"x\"' AS boolean)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to BOOLEAN"),
    (
        "SELECT CAST(100e0 AS varchar(2))",
        "INVALID_CAST_ARGUMENT: Value 1.0E2 cannot be represented as varchar(2)",
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
