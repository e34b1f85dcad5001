"""The harness itself: a test that should fail does, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold.domain.query_file import load_tables
from dayfold.errors import ConfigurationError, DayfoldError
from dayfold_local.query_tests.cases import read_cases
from dayfold_local.query_tests.engine import LocalEngine
from dayfold_local.query_tests.rows import read_rows
from dayfold_local.query_tests.run import run_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUERY = """\
-- People who posted.
--
-- owner: team
-- grain: dt, user_id
-- inputs:
--   raw.posts: [0, 0]
-- checks:
--   not_null: [user_id]
WITH read AS (
    SELECT dt, user_id, posts
    FROM raw.posts
    WHERE dt BETWEEN :from AND :to
)

SELECT
    CAST(user_id AS varchar) AS user_id, -- who
    CAST(sum(posts) AS bigint) AS posts, -- how many
    dt
FROM read
GROUP BY dt, user_id
"""
CASE = """\
- case: sums
  given:
    raw.posts: |
      dt          user_id  posts:bigint
      2004-05-20  ann      1
      2004-05-20  ann      2
      2004-05-21  bob      3
  expect: |
    dt          user_id  posts
    2004-05-20  ann      3
    2004-05-21  bob      3
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    engine = LocalEngine(tmp_path_factory.mktemp("engine"))
    yield engine
    engine.close()


def outcome(case: str, engine: LocalEngine, folder: Path, query: str = QUERY) -> str:
    tables = load_tables({"queries/staging/people.sql": query})
    file = folder / "people.yaml"
    file.write_text(case)
    cases = read_cases(tables["staging.people"], file)
    return "\n".join(line for case in cases for line in run_case(case, tables, engine))


def test_a_case_that_holds_says_nothing(engine: LocalEngine, tmp_path: Path) -> None:
    assert outcome(CASE, engine, tmp_path) == ""


def test_rows_may_be_mappings(engine: LocalEngine, tmp_path: Path) -> None:
    # Given
    case = """\
- case: sums
  given:
    raw.posts: [{dt: 2004-05-20, user_id: ann, posts: 1}, {dt: 2004-05-20, user_id: ann, posts: 2}]
  expect: [{dt: 2004-05-20, user_id: ann, posts: 3}]
  expect_with:
    read: [{posts: 1}, {posts: 2}]
"""
    # When
    said = outcome(case, engine, tmp_path)
    # Then
    assert said == ""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("ann      3", "ann      4", "all days at once: missing\ndt          user_id  posts"),
        ("bob      3\n  expect_with", "bob      4\n  expect_with", "2004-05-21  bob      3"),
        ("  expect: |", "  breaks: [not_null(user_id)]\n  expect: |", "were to break the check"),
        ("  expect: |", "  expect_error: too bad\n  expect: |", "was to fail with 'too bad'"),
        ("ann      2", "-        2", "the rows break the check not_null(user_id)"),
        ("expect_with: {}", "expect_with: {read: []}", "WITH read: not expected"),
    ],
)
def test_what_differs_is_shown(
    old: str, new: str, says: str, engine: LocalEngine, tmp_path: Path
) -> None:
    # Given
    case = CASE + "  expect_with: {}\n"
    assert old in case
    # When
    said = outcome(case.replace(old, new), engine, tmp_path)
    # Then
    assert says in said, said


def test_a_query_that_knows_its_range_is_caught(engine: LocalEngine, tmp_path: Path) -> None:
    # Given
    ranked = QUERY.replace("sum(posts)", "row_number() OVER (ORDER BY dt, user_id)")
    ranked = ranked.replace("GROUP BY dt, user_id\n", "")
    # When
    said = outcome(CASE.replace("ann      2", "zoe      2"), engine, tmp_path, ranked)
    # Then
    assert "day by day, against all days at once: missing" in said


def test_a_query_that_fails_says_what_athena_says(engine: LocalEngine, tmp_path: Path) -> None:
    # When
    said = outcome(CASE, engine, tmp_path, QUERY.replace("sum(posts)", "sum(nothing)"))
    # Then
    assert "the query failed: COLUMN_NOT_FOUND" in said


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("", "a list of cases"),
        ("- case: [", "is not YAML"),
        ("- given: {}", "start it with `- case"),
        ("- case: a\n  expects: []", "unknown key 'expects'"),
        ("- case: a", "give `expect`"),
        ("- case: a\n  expect: []", "say which days are built"),
        ("- case: a\n  build: 2004-02-30\n  expect: []", "is not a day"),
        ("- case: a\n  build: 2004-05-20\n  expect: 5", "a text table or a list"),
        (CASE.replace("raw.posts: |", "raw.users: |"), "raw.users is no input"),
        (CASE.replace("ann      1", "ann 1"), "two spaces or more apart"),
        (CASE.replace("ann      1", "ann      x"), "is a bigint, and 'x' is none"),
        (CASE.replace("user_id  posts\n", "user_id  sum\n"), "has no column 'sum'"),
        (CASE + "  expect_with: {wrong: []}\n", "no WITH query called wrong"),
        (CASE.replace("dt          user_id  posts:", "day         user_id  posts:"), "has no dt"),
    ],
)
def test_a_wrong_test_file_is_one_clear_line(
    case: str, says: str, engine: LocalEngine, tmp_path: Path
) -> None:
    # When
    with pytest.raises(DayfoldError) as caught:
        outcome(case, engine, tmp_path)
    # Then
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_without_a_test_is_told_where_to_write_it(tmp_path: Path) -> None:
    # Given
    tables = load_tables({"queries/staging/people.sql": QUERY})
    # When
    with pytest.raises(ConfigurationError, match=r"staging\.people has no test: write"):
        read_cases(tables["staging.people"], tmp_path / "people.yaml")


def test_null_and_the_empty_text_differ() -> None:
    assert read_rows("a  b\n-  ''", "here").rows == ({"a": None, "b": ""},)


def test_a_change_is_held_against_the_rows_said_to_be_published(
    engine: LocalEngine, tmp_path: Path
) -> None:
    # Given a day of three posts, after two of one post each
    query = QUERY.replace(
        "not_null: [user_id]", "change: {sum(posts): {ratio: [0.5, 2], at_least: 2}}"
    )
    published = """\
  published: |
    dt          user_id  posts
    2004-05-18  ann      1
    2004-05-19  bob      1
"""
    breaks = "  breaks: ['change(sum(posts), [0.5, 2])']\n"
    # When / Then
    assert outcome(CASE, engine, tmp_path, query) == ""
    said = outcome(CASE + published, engine, tmp_path, query)
    assert said.startswith("the rows break the check change(sum(posts), [0.5, 2])")
    assert outcome(CASE + published + breaks, engine, tmp_path, query) == ""
