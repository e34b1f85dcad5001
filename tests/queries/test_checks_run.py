"""What each kind of check finds, on the local Athena."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.checks import check_statement
from dayfold.domain.query_file import parse_query
from dayfold_local.query_tests.engine import LocalEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST, LAST = dt.date(2004, 5, 20), dt.date(2004, 5, 22)
QUERY = """\
-- Rows.
--
-- owner: team
-- grain: dt, kind
-- inputs:
--   staging.posts: [0, 0]
-- checks:
--   {check}
SELECT
    CAST(kind AS varchar) AS kind, -- one
    CAST(posts AS bigint) AS posts, -- many
    dt
FROM staging.posts
WHERE dt BETWEEN :from AND :to
"""
ROWS = [
    ("2004-05-19", None, 0),  # no day of the build
    ("2004-05-20", "a", 1),
    ("2004-05-20", "a", 2),
    ("2004-05-20", "b", None),
    ("2004-05-21", None, 3),
    ("2004-05-21", None, 4),
    ("2004-05-21", None, 5),
    ("2004-05-21", None, 6),
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    engine = LocalEngine(tmp_path_factory.mktemp("engine"))
    types = {"kind": "varchar", "posts": "bigint", "dt": "varchar"}
    engine.create("build.b", types, [{"dt": d, "kind": k, "posts": p} for d, k, p in ROWS])
    yield engine
    engine.close()


def broken(check: str, engine: LocalEngine) -> list[tuple[Any, ...]]:
    table = parse_query("queries/kpi/k.sql", QUERY.format(check=check))
    statement = check_statement(table, "build.b", FIRST, LAST)
    assert statement is not None
    return [
        (row["dt"], row["broken"], json.loads(row["sample"])) for row in engine.query(statement)
    ]


def days_and_counts(check: str, engine: LocalEngine) -> list[tuple[str, int]]:
    return [(day, count) for day, count, _ in broken(check, engine)]


def test_not_null_shows_three_rows_and_counts_all(engine: LocalEngine) -> None:
    # When
    ((day, count, sample),) = broken("not_null: [kind]", engine)
    # Then
    assert (day, count, len(sample)) == ("2004-05-21", 4, 3)
    assert sample[0] == {"dt": "2004-05-21", "kind": None}


def test_unique_counts_keys(engine: LocalEngine) -> None:
    # When
    found = broken("unique: [dt, kind]", engine)
    # Then
    assert found == [
        ("2004-05-20", 1, [{"dt": "2004-05-20", "kind": "a", "rows": "2"}]),
        ("2004-05-21", 1, [{"dt": "2004-05-21", "kind": None, "rows": "4"}]),
    ]


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("between: {posts: [2, null]}", [("2004-05-20", 1)]),
        ("between: {posts: [null, 4]}", [("2004-05-21", 2)]),
        ("between: {posts: [2, 4]}", [("2004-05-20", 1), ("2004-05-21", 2)]),
        ("between: {posts: [0, 9.5]}", []),
        ("accepted_values: {kind: [a]}", [("2004-05-20", 1)]),
        ("accepted_values: {posts: [1, 2, 3, 4, 5]}", [("2004-05-21", 1)]),
        ("accepted_values: {kind: [a, b]}", []),
        ("row_count: [1, null]", [("2004-05-22", 1)]),
        ("row_count: [null, 3]", [("2004-05-21", 1)]),
        ("row_count: [0, 4]", []),
        ("sql: {big: SELECT * FROM this WHERE posts > 5}", [("2004-05-21", 1)]),
        ("sql: {sum: 'SELECT dt, sum(posts) AS s FROM this GROUP BY dt'}",
         [("2004-05-20", 1), ("2004-05-21", 1)]),
    ],
)  # fmt: skip
def test_checks_find_what_breaks_them(
    check: str, expected: list[tuple[str, int]], engine: LocalEngine
) -> None:
    assert days_and_counts(check, engine) == expected


def test_a_day_without_rows_counts_as_zero(engine: LocalEngine) -> None:
    assert broken("row_count: [1, null]", engine) == [("2004-05-22", 1, [{"rows": "0"}])]


def test_severity_and_name_are_reported(engine: LocalEngine) -> None:
    # Given
    table = parse_query("queries/kpi/k.sql", QUERY.format(check="warn: {not_null: [kind]}"))
    statement = check_statement(table, "build.b", FIRST, LAST)
    assert statement is not None
    # When
    (row,) = engine.query(statement)
    # Then
    assert (row["check_name"], row["severity"]) == ("not_null(kind)", "warn")
