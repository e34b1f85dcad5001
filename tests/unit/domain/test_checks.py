"""Checks as text; that Athena says what they mean is shown in tests/queries/test_checks_run.py."""

from __future__ import annotations

import datetime as dt

from dayfold.domain.check_rows import Span
from dayfold.domain.checks import check_statement
from dayfold.domain.query_file import parse_query

DAY = dt.date(2004, 5, 20)
QUERY = """\
-- Rows.
--
-- owner: team
-- grain: dt, kind
-- inputs:
--   staging.posts: [0, 0]
{checks}
SELECT
    CAST(kind AS varchar) AS kind, -- one
    CAST(posts AS bigint) AS posts, -- many
    CAST(tags AS array(varchar)) AS tags, -- some
    dt
FROM staging.posts
WHERE dt BETWEEN :from AND :to
"""


def statement(checks: str, built: str = "build.b") -> str | None:
    lines = "\n".join(f"-- {line}" for line in checks.splitlines())
    table = parse_query("queries/kpi/k.sql", QUERY.format(checks=lines or "--"))
    return check_statement(table, built, Span(DAY, DAY))


def test_no_checks_need_no_query() -> None:
    assert statement("") is None


def test_the_build_is_read_for_its_days_only() -> None:
    # When
    text = statement("checks:\n  not_null: [kind]", '"build"."b-1"')
    # Then
    assert text is not None
    assert text.startswith(
        'WITH this AS (SELECT * FROM "build"."b-1"'
        " WHERE dt BETWEEN '2004-05-20' AND '2004-05-20')"
    )


def test_values_are_quoted() -> None:
    # When
    text = statement('checks:\n  accepted_values: {kind: ["it\'s", null, 5]}')
    # Then
    assert text is not None
    assert "CAST(kind AS varchar) NOT IN ('it''s', '5')" in text


def test_a_check_can_be_asked_alone() -> None:
    # Given
    checks = "-- checks:\n--   not_null: [kind]\n--   unique: [dt, kind]"
    table = parse_query("queries/kpi/k.sql", QUERY.format(checks=checks))
    # When
    text = check_statement(table, "build.b", Span(DAY, DAY), table.checks[1:])
    # Then
    assert text is not None
    assert "not_null" not in text
    assert "'unique(dt, kind)' AS check_name" in text


def test_nested_columns_are_shown_as_json() -> None:
    # When
    text = statement("checks:\n  sql:\n    no_tags: SELECT dt, tags FROM this WHERE tags IS NULL")
    # Then
    assert text is not None
    assert 'json_format(CAST("tags" AS JSON))' in text
