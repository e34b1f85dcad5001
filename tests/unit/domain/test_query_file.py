from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dayfold.domain.query_file import load_tables, parse_query
from dayfold.domain.table import BusinessDayWindow, Check, Column, HoursWindow, Input, Window
from dayfold.errors import QueryFileError

PROJECT = Path(__file__).parents[3]
QUERY = """\
-- What a row is.
-- In two lines.
--
-- owner: team
-- grain: dt, company_id
-- inputs:
--   staging.posts: [-6, 0]   # a week
--   staging.replies: [0, 24h]
-- checks:
--   not_null: [company_id]
--   row_count: [1, null]
--   warn:
--     sql: {few: SELECT * FROM this WHERE posts < 2}
SELECT
    CAST(company_id AS varchar) AS company_id, -- the company
    CAST(
        sum(posts)
        AS Decimal(10, 2)
    ) AS posts, -- a sum, with decimals
    CAST(array_agg(ROW(1, 'x')) AS array(row(a int, b varchar))) AS pairs,
    CAST(dt AS varchar) AS dt
FROM staging.posts
"""
RAW = """\
-- Posts.
--
-- owner: team
-- grain: dt
-- inputs:
--   {table}: {window}
SELECT CAST(a AS varchar) AS a, dt FROM {table}
"""


def test_a_query_file_says_what_it_builds() -> None:
    # When
    table = parse_query("queries/kpi/posts.sql", QUERY)
    # Then
    assert (table.name, table.owner, table.description) == (
        "kpi.posts", "team", "What a row is. In two lines.",
    )  # fmt: skip
    assert table.grain == ("dt", "company_id")
    assert table.inputs == (
        Input("staging.posts", Window(-6, 0)),
        Input("staging.replies", HoursWindow(0, 24)),
    )
    assert table.columns == (
        Column("company_id", "varchar", "the company"),
        Column("posts", "decimal(10,2)", "a sum, with decimals"),
        Column("pairs", "array(row(a integer,b varchar))", ""),
    )
    assert table.checks == (
        Check("not_null", "not_null(company_id)", ["company_id"]),
        Check("row_count", "row_count([1, null])", [1, None]),
        Check("sql", "sql(few)", "SELECT * FROM this WHERE posts < 2", "warn"),
    )


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("-- the company", "-- somebody", True),
        ("sum(posts)", "SUM( posts )", True),
        ("FROM staging.posts\n", "from\n  staging.posts;\n", True),
        ("[1, null]", "[2, null]", True),
        ("sum(posts)", "sum(posts + 1)", False),
        ("'x'", "'X'", False),
        ("Decimal(10, 2)", "decimal(10, 3)", False),
    ],
)
def test_the_hash_is_of_what_the_query_does(old: str, new: str, same: bool) -> None:
    # Given
    before = parse_query("queries/kpi/posts.sql", QUERY)
    # When
    after = parse_query("queries/kpi/posts.sql", QUERY.replace(old, new))
    # Then
    assert (before.sql_hash == after.sql_hash) is same


def test_tables_come_in_waves() -> None:
    # Given
    sources = {
        "queries/staging/a.sql": RAW.format(table="raw.a", window="business-day"),
        "queries/staging/b.sql": RAW.format(table="staging.a", window="[0, 0]"),
        "queries/kpi/c.sql": RAW.format(table="staging.b", window="[-1, 0]"),
        "queries/kpi/d.sql": RAW.format(table="staging.a", window="[0, 0]"),
    }
    # When
    tables = load_tables(sources)
    # Then
    assert tables.waves() == [["staging.a"], ["kpi.d", "staging.b"], ["kpi.c"]]
    assert list(tables) == ["staging.a", "kpi.d", "staging.b", "kpi.c"]
    assert tables.upstream("kpi.c") == ["staging.a", "staging.b"]
    assert tables.downstream("staging.a") == ["kpi.d", "staging.b", "kpi.c"]
    assert tables.downstream("raw.a") == list(tables)
    assert tables.raw_tables() == ["raw.a"]
    assert tables["staging.a"].inputs == (Input("raw.a", BusinessDayWindow()),)


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("queries/kpi/c.sql", "", "queries/kpi/c.sql:1: "),
        ("queries/kpi/c.sql", "SELECT", "queries/kpi/c.sql:1: "),
        ("queries/kpi/c.sql", QUERY.replace("sum(posts", "sum(posts("), "c.sql:16: output column"),
        ("queries/other/c.sql", QUERY, "queries/other/c.sql:1: not a query's place"),
        ("queries/kpi/C-1.sql", QUERY, "no table name"),
        ("queries/kpi/days.sql", QUERY, "kpi.days is the pipeline's own: name this another"),
        ("queries/kpi/c.sql", QUERY, "no query builds staging.posts"),
        ("queries/kpi/c.sql", RAW.format(table="kpi.c", window="[0, 0]"), "circle"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(path: str, text: str, says: str) -> None:
    # When
    with pytest.raises(QueryFileError) as caught:
        load_tables({path: text})
    # Then
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_files_are_an_error() -> None:
    with pytest.raises(QueryFileError, match="no query files"):
        load_tables({})


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2024-03-08", "2024-03-08", "2024-03-09"),
        ("2024-03-09", "2024-03-09", "2024-03-11"),  # the 10th has 23 hours in Los Angeles
        ("2024-11-02", "2024-11-02", "2024-11-03"),  # the 3rd has 25
    ],
)
def test_24_hours_end_when_the_clock_says(day: str, first: str, last: str) -> None:
    # When
    days = HoursWindow(0, 24).days_for(dt.date.fromisoformat(day), ZoneInfo("America/Los_Angeles"))
    # Then
    assert tuple(map(str, days)) == (first, last)


def test_the_pipeline_reads_queries_without_a_sql_parser() -> None:
    # Given
    code = (
        "import sys; import dayfold.domain.query_file, dayfold.domain.checks;"
        "assert 'sqlglot' not in sys.modules"
    )
    # When
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT / "functions", check=False, capture_output=True
    )
    # Then
    assert done.returncode == 0, done.stderr.decode()
