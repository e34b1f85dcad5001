"""Which types old partitions can be read as, and how a refusal reads."""

from __future__ import annotations

import pytest

from dayfold.domain.query_file import parse_query, read_query
from dayfold.domain.schema_changes import change_of, refusal, widens

QUERY = """-- Users.
-- owner: tests
-- grain: dt
-- inputs:
--   raw.events: [0, 0]
SELECT CAST(a AS bigint) AS a, CAST(b AS varchar) AS b, dt FROM raw.events
WHERE dt BETWEEN :from AND :to
"""
PATH = "queries/kpi/users.sql"


@pytest.mark.parametrize(
    ("old", "new", "readable"),
    [
        ("int", "bigint", True),
        ("bigint", "int", False),
        ("float", "double", True),
        ("double", "float", False),
        ("decimal(10,2)", "decimal(12,2)", True),
        ("decimal(10,2)", "decimal(12,3)", False),
        ("varchar(10)", "string", True),
        ("string", "varchar(10)", False),
        ("bigint", "string", False),
        ("date", "timestamp", False),
    ],
)
def test_old_files_are_read_as_a_wider_type_only(old: str, new: str, readable: bool) -> None:
    # Given / When / Then
    assert widens(old, new) is readable


def test_a_change_is_told_apart_by_what_it_does_to_readers() -> None:
    # Given
    table = parse_query(PATH, QUERY)
    # When
    change = change_of({"a": "int", "c": "double"}, table)
    # Then
    assert change.added == ("b",)
    assert change.dropped == (("c", "double"),)
    assert change.retyped == (("a", "int", "bigint"),)
    assert change.unreadable == ()
    assert change.refused


def test_a_table_that_nobody_sees_yet_and_one_with_a_column_more_are_not_refused() -> None:
    # Given
    table = parse_query(PATH, QUERY)
    # When / Then
    assert refusal(table, None) is None
    assert refusal(table, {"a": "bigint"}) is None


def test_the_header_declares_the_policy_and_a_wrong_one_is_named() -> None:
    # Given
    declared = QUERY.replace("-- inputs:", "-- schema_changes: any\n-- inputs:")
    # When
    table = parse_query(PATH, declared)
    _, problems = read_query(PATH, declared.replace(": any", ": never"))
    # Then
    assert table.schema_changes == "any"
    assert parse_query(PATH, QUERY).schema_changes == "add"
    (problem,) = problems
    assert str(problem) == (
        "queries/kpi/users.sql:4: schema_changes is 'never': "
        "give add (new columns by themselves, the default) or any"
    )
