"""What fails, in Athena's words, and what is refused because it would be answered differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.translation.parse import parse
from tests.local_athena.evaluation import evaluate

if TYPE_CHECKING:
    from dayfold_local.athena.execution.engine import DuckDbEngine


FAILURES = [
    ("SELECT x FROM (SELECT 1 y)", "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"),
    (
        "SELECT t.x FROM (VALUES 1) t(y)",
        "COLUMN_NOT_FOUND: line 1:8: Column 't.x' cannot be resolved",
    ),
    ("SELECT foo(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'foo' not registered"),
    (
        "SELECT upper(1)",
        "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (integer) for function upper",
    ),
    ("SELECT soundex('a')", "NOT_SUPPORTED: line 1:8: the local Athena does not have soundex"),
    ("SELECT 1 = 'a'", "TYPE_MISMATCH: line 1:8: Cannot apply operator: integer = varchar(1)"),
    ("SELECT 'a' + 1", "TYPE_MISMATCH: line 1:8: Cannot apply operator: varchar(1) + integer"),
    (
        "SELECT CASE WHEN 1 THEN 2 END",
        "TYPE_MISMATCH: line 1:18: Expression must evaluate to a boolean",
    ),
    ("SELECT 1/0", "DIVISION_BY_ZERO: Division by zero"),
    ("SELECT 5 % 0", "DIVISION_BY_ZERO: Division by zero"),
    ("SELECT CAST('abc' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast 'abc' to BIGINT"),
    ("SELECT CAST('x' AS date)", "INVALID_CAST_ARGUMENT: Value cannot be cast to date: x"),
    ("SELECT 9223372036854775807 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
    (
        "SELECT ARRAY[1][2]",
        (
            "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to "
            "array length: 2 > 1"
        ),
    ),
    ("SELECT max(x), x FROM (VALUES 1) t(x)", "EXPRESSION_NOT_AGGREGATE"),
    ("SELECT x FROM (VALUES 1) t(x) UNION SELECT 'a'", "TYPE_MISMATCH: line 1:"),
    ("SELECT 1 UNION SELECT 1, 2", "SYNTAX_ERROR: line 1:"),
    ("SELECT (SELECT x FROM (VALUES 1, 2) t(x))", "SUBQUERY_MULTIPLE_ROWS"),
    ("SELECT row_number()", "MISSING_OVER"),
    ("SELECT *", "SYNTAX_ERROR: line 1:8: SELECT * not allowed in queries without FROM clause"),
    (
        "SELECT a.x FROM (VALUES 1) a(x) JOIN (VALUES 1) b(x) ON x = 1",
        "AMBIGUOUS_NAME: line 1:57: Column 'x' is ambiguous",
    ),
    (
        "SELECT from_iso8601_timestamp('garbage')",
        'INVALID_FUNCTION_ARGUMENT: Invalid format: "garbage"',
    ),
    # what would be answered differently is refused
    (
        "SELECT from_iso8601_timestamp('2020-01-01T00:00:00+09:00')",
        "NOT_SUPPORTED: the local Athena does not keep the offset",
    ),
    ("SELECT format_datetime(now(), 'yyyy-QQ')", "NOT_SUPPORTED: line 1:8: the format 'QQ'"),
]


@pytest.mark.parametrize(("sql", "reason"), FAILURES)
def test_failure(engine: DuckDbEngine, sql: str, reason: str) -> None:
    # Given a query that Athena refuses, or that we do not know to answer as it does
    # When it is translated and run
    with pytest.raises(QueryFailure) as failed:
        evaluate(engine, sql)

    # Then it fails, in Athena's words
    assert failed.value.reason.startswith(reason)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", "line 1:"),
        ("SELECT FROM WHERE", "line 1:"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed."),
    ],
)
def test_syntax_error(sql: str, message: str) -> None:
    # Given a text that is no statement
    # When it is parsed
    with pytest.raises(QueryFailure) as failed:
        parse(sql)

    # Then the message says where
    assert failed.value.reason.startswith(message)
