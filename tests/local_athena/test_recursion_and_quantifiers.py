# ruff: noqa: E501 - an expression a line
"""WITH RECURSIVE, comparisons with ANY and ALL, LATERAL; the answers are Trino's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold_local.athena.errors import QueryFailure
from tests.local_athena.evaluation import evaluate

if TYPE_CHECKING:
    from dayfold_local.athena.execution.engine import DuckDbEngine

QUERIES: list[tuple[str, list[tuple[str | None, ...]]]] = [
    (
        (
            "WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t"
        ),
        [("1",), ("2",), ("3",), ("4",), ("5",)],
    ),
    (
        "WITH RECURSIVE t(n) AS (VALUES 1 UNION SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
        [("2",), ("5",), ("1",), ("3",), ("4",)],
    ),
    (
        (
            "WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 11) SELECT max(n) FROM t"
        ),
        [("11",)],
    ),
    (
        (
            "WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT max(n) FROM t"
        ),
        [("10",)],
    ),
    (
        (
            "WITH RECURSIVE t(n) AS (VALUES BIGINT '1' UNION ALL SELECT CAST(n + 1 AS integer) FROM t WHERE n < 5) SELECT n FROM t"
        ),
        [("1",), ("2",), ("3",), ("4",), ("5",)],
    ),
    (
        (
            "WITH RECURSIVE t(n, p) AS (VALUES (1, CAST('a' AS varchar)) UNION ALL SELECT n + 1, p || 'b' FROM t WHERE n < 3) SELECT * FROM t"
        ),
        [("1", "a"), ("2", "ab"), ("3", "abb")],
    ),
    ("WITH RECURSIVE a(x) AS (SELECT 1) SELECT * FROM a", [("1",)]),
    (
        (
            "WITH RECURSIVE e(id, boss) AS (VALUES (1, NULL), (2, 1), (3, 2)), t(id, d) AS (SELECT id, 0 FROM e WHERE boss IS NULL UNION ALL SELECT e.id, t.d + 1 FROM e JOIN t ON e.boss = t.id) SELECT * FROM t"
        ),
        [("1", "0"), ("2", "1"), ("3", "2")],
    ),
    (
        (
            "WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT DISTINCT n + 1 FROM t WHERE n < 5) SELECT n FROM t"
        ),
        [("1",), ("2",), ("3",), ("4",), ("5",)],
    ),
    (
        "SELECT x FROM (VALUES 1, 2, 3) t(x) WHERE x >= ALL (SELECT y FROM (VALUES 2, 3) u(y))",
        [("3",)],
    ),
    (
        (
            "SELECT x FROM (VALUES 1, 2, NULL) t(x) WHERE x <> ALL (SELECT y FROM (VALUES 2, NULL) u(y))"
        ),
        [],
    ),
    ("SELECT x = ANY (VALUES 1, NULL) FROM (VALUES 1, 2) t(x)", [("true",), (None,)]),
    (
        "SELECT t.x, u.y FROM (VALUES 1, 2) t(x) CROSS JOIN LATERAL (SELECT t.x + 1 AS y) u",
        [("1", "2"), ("2", "3")],
    ),
    ("SELECT * FROM (VALUES 1, 2) t(x) INTERSECT ALL SELECT 1", [("1",)]),
]


@pytest.mark.parametrize(("sql", "expected"), QUERIES)
def test_query(engine: DuckDbEngine, sql: str, expected: list[tuple[str | None, ...]]) -> None:
    # Given a query without tables
    # When it is translated and run
    rows, _ = evaluate(engine, sql)

    # Then its rows are Trino's
    assert sorted(map(str, rows)) == sorted(map(str, expected))


FAILURES = [
    (
        (
            "WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 15) SELECT n FROM t"
        ),
        "NOT_SUPPORTED: Recursion depth limit exceeded (10). Use 'max_recursion_depth' se",
    ),
    (
        (
            "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t"
        ),
        "MISSING_COLUMN_ALIASES: line 1:16: missing column aliases in recursive WITH quer",
    ),
    (
        (
            "WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + BIGINT '1' FROM t WHERE n < 5) SELECT n FROM t"
        ),
        "TYPE_MISMATCH: line 1:1: recursion step relation output type (bigint) is not coe",
    ),
    (
        (
            "WITH RECURSIVE t(n, p) AS (VALUES (1, 'a') UNION ALL SELECT n + 1, p || 'b' FROM t WHERE n < 3) SELECT * FROM t"
        ),
        "TYPE_MISMATCH: line 1:1: recursion step relation output type (varchar) is not co",
    ),
    (
        (
            "WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT max(n) + 1 FROM t WHERE n < 5) SELECT n FROM t"
        ),
        "NOT_SUPPORTED: line 1:51: aggregation in the step of a recursive query",
    ),
    (
        "SELECT 1 = ANY (VALUES 'a')",
        "TYPE_MISMATCH: line 1:24: Value expression and result of subquery must be of the",
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
