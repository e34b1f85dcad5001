"""The SQL/JSON path functions: what is refused, and in which words; answers are in the suite.

`tests/conformance/statements/*json_paths.sql` hold what they find, with Trino's answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.json_path import syntax
from tests.local_athena.evaluation import evaluate

if TYPE_CHECKING:
    from dayfold_local.athena.execution.engine import DuckDbEngine

DOCUMENT = """'{"a": [1, {"b": "x"}]}'"""


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            f"json_value({DOCUMENT}, '$.a')",
            "line 1:8: the JSON path '$.a': it begins",
        ),
        (f"json_value({DOCUMENT}, 'lax $.')", "a key is expected where its end is"),
        (f"json_value({DOCUMENT}, 'lax $.a ? (@.b)')", "a comparison is expected where ) is"),
        (f"json_value({DOCUMENT}, 'lax $.a.b()')", "there is no method b()"),
        (f"json_value({DOCUMENT}, 'lax $.é')", "'é' cannot be read"),
        (
            f"json_value({DOCUMENT}, 'lax $y' PASSING 1 AS \"x\")",
            "INVALID_PATH: line 1:8:",
        ),
        (f"json_value({DOCUMENT}, 'lax $.a.datetime()')", "NOT_SUPPORTED: line 1:8: datetime"),
        (f"json_value({DOCUMENT}, 'lax $' FOO)", "mismatched input 'FOO'"),
        (f"json_value({DOCUMENT}, 'lax $' NULL ON EMPTY NULL ON EMPTY)", "mismatched input"),
        (f"json_value({DOCUMENT}, 'lax $.a' WITH WRAPPER)", "mismatched input 'WRAPPER"),
        (f"json_query({DOCUMENT}, 'lax $.a' WITH WRAPPER OMIT QUOTES)", "OMIT QUOTES behavior"),
        (f"json_query({DOCUMENT}, 'lax $.a' RETURNING bigint)", "TYPE_MISMATCH: line 1:8: Cannot"),
        (f"json_exists({DOCUMENT}, 'lax $.a' NULL ON ERROR)", "mismatched input 'NULL'"),
        (f"json_value({DOCUMENT}, a)", "mismatched input 'a'"),
        (f"json_value({DOCUMENT})", "mismatched input"),
        ("json_value(1, 'lax $')", "Cannot read input of type integer as JSON"),
        (f"json_value({DOCUMENT}, 'lax $.z' DEFAULT (SELECT 'x') ON EMPTY)", "a subquery as"),
    ],
)
def test_what_is_refused_and_how(engine: DuckDbEngine, call: str, said: str) -> None:
    # When it is asked
    with pytest.raises(QueryFailure) as failed:
        evaluate(engine, f"SELECT {call}")

    # Then the failure names it
    assert said in f"{failed.value.code}: {failed.value.message}"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("json_value('{', 'lax $.a' ERROR ON ERROR)", "JSON_INPUT_CONVERSION_ERROR"),
        ("json_value('{}', 'strict $.a' ERROR ON ERROR)", "PATH_EVALUATION_ERROR"),
        ("json_value('{}', 'lax $.a' ERROR ON EMPTY)", "JSON_VALUE_RESULT_ERROR"),
        ("json_value('\"x\"', 'lax $' RETURNING bigint ERROR ON ERROR)", "JSON_VALUE_RESULT_ERROR"),
        ("json_query('{}', 'lax $.a' ERROR ON EMPTY)", "JSON_OUTPUT_CONVERSION_ERROR"),
        ("json_exists('{}', 'strict $.a' ERROR ON ERROR)", "PATH_EVALUATION_ERROR"),
    ],
)
def test_errors_that_are_asked_for(engine: DuckDbEngine, call: str, code: str) -> None:
    # When a call fails that says ERROR
    with pytest.raises(QueryFailure) as failed:
        evaluate(engine, f"SELECT {call}")

    # Then the query does, with Trino's code
    assert failed.value.code == code


def test_calls_in_calls_and_names_that_only_look_like_them(engine: DuckDbEngine) -> None:
    # Given a call within a call and within a default, and columns of the functions' names
    sql = (
        """SELECT json_value(json_query('{"a": {"b": [7]}}', 'lax $.a'), 'lax $.b[0]'), """
        """json_value('{}', 'lax $.a' DEFAULT json_value('["x"]', 'lax $[0]') ON EMPTY), """
        "json_value, 'json_value(' FROM (VALUES 1) AS t (json_value)"
    )

    # When it is asked
    rows, types = evaluate(engine, sql)

    # Then each is what it is
    assert rows == [("7", "x", "1", "json_value(")]
    assert types[:3] == ["varchar", "varchar", "integer"]


def test_brackets_hold_conditions_or_values() -> None:
    # Given a filter whose brackets hold a condition, and one whose brackets hold a sum
    condition = syntax.parse("lax $ ? ((@.a > 1) && !(@.b == 2))")
    value = syntax.parse("lax $ ? ((@.a + 1) * 2 > 4)")

    # Then both are read as what they are
    assert condition.root.parts[1].kind == "and"
    assert value.root.parts[1].kind == "compare"
