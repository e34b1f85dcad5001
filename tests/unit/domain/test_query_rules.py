from __future__ import annotations

from pathlib import Path

import pytest

from dayfold.domain.query_rules import check_sources

GOOD = """\
-- People who posted, per company.
--
-- owner: people-analytics
-- grain: dt, company_id
-- inputs:
--   staging.posts: [-6, 0]
-- checks:
--   not_null: [company_id]
WITH read AS (
    SELECT company_id, dt
    FROM staging.posts AS p
    WHERE p.dt BETWEEN CAST(date_add('day', -6, DATE :from) AS varchar) AND :to
)

SELECT
    CAST(company_id AS varchar) AS company_id, -- the company
    CAST(count(*) AS bigint) AS posts, -- how many
    dt
FROM read
WHERE dt >= :from
GROUP BY dt, company_id
"""
POSTS = """\
-- Posts.
--
-- owner: people-analytics
-- grain: dt
-- inputs:
--   raw.events: business-day
SELECT
    CAST(company_id AS varchar) AS company_id, -- the company
    dt
FROM raw.events
WHERE dt BETWEEN :files_from AND :files_to
"""
FILTER = "p.dt BETWEEN CAST(date_add('day', -6, DATE :from) AS varchar) AND :to"
PROJECT = Path(__file__).parents[3]


def problems(text: str, **others: str) -> list[str]:
    sources = {"queries/kpi/k.sql": text, "queries/staging/posts.sql": POSTS}
    for name, other in others.items():
        sources[f"queries/kpi/{name}.sql"] = other
    return [str(problem) for problem in check_sources(sources)]


def test_the_shipped_queries_break_no_rule() -> None:
    # Given
    paths = sorted((PROJECT / "queries").glob("*/*.sql"))
    sources = {str(path.relative_to(PROJECT)): path.read_text() for path in paths}
    # When
    found = check_sources(sources)
    # Then
    assert len(sources) >= 12
    assert found == []


def test_a_good_query_has_no_problem() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        # the header
        ("-- People who posted, per company.\n", "", 1, "no description"),
        ("-- owner: people-analytics\n", "", 1, "no owner"),
        ("-- grain: dt, company_id\n", "", 1, "no grain"),
        ("grain: dt, company_id", "grain: dt, firm", 4, "'firm'"),
        ("-- inputs:\n--   staging.posts: [-6, 0]\n", "", 1, "no inputs"),
        ("[-6, 0]", "[-6, zero]", 6, "give [first, last]"),
        ("[-6, 0]", "[0, -6]", 6, "give [first, last]"),
        ("[-6, 0]", "business-day", 6, "no raw table"),
        ("[-6, 0]", "[-6, 0", 7, "not YAML"),
        ("-- checks:", "-- cheks:", 7, "unknown key 'cheks'"),
        ("not_null: [company_id]", "notnull: [company_id]", 8, "unknown check 'notnull'"),
        ("not_null: [company_id]", "not_null: [company]", 8, "no output column"),
        ("not_null: [company_id]", "between: {posts: 1}", 8, "unusable arguments"),
        ("not_null: [company_id]", "reference: {company_id: staging.posts}", 8, "unusable"),
        ("not_null: [company_id]", "reference: {company_id: 'staging.posts(a, b)'}", 8, "unusable"),
        ("not_null: [company_id]", "reference: {company_id: 'this(posts) [-1, 0]'}", 8, "unusable"),
        ("not_null: [company_id]", "reference: {firm: 'this(posts)'}", 8, "names 'firm'"),
        ("not_null: [company_id]", "reference: {company_id: 'staging.firms(company_id)'}", 8,
         "looks into staging.firms, which is no input: declare staging.firms: [0, 0]"),
        ("not_null: [company_id]", "reference: {company_id: 'staging.posts(firm)'}", 8,
         "staging.posts has no column 'firm'"),
        ("not_null: [company_id]", "reference: {company_id: 'staging.posts(company_id) [-7, 0]'}",
         8, "days that the input's window leaves out: declare staging.posts: [-7, 0]"),
        ("not_null: [company_id]", "reference: {posts: 'staging.posts(company_id)'}", 8,
         "posts is bigint and staging.posts's company_id is varchar: cast one"),
        ("not_null: [company_id]", "change: {rows: 2}", 8, "unusable"),
        ("not_null: [company_id]", "change: {median(posts): [1, 2]}", 8, "unusable"),
        ("not_null: [company_id]", "change: {rows: [-1, 2]}", 8, "unusable"),
        ("not_null: [company_id]", "change: {rows: {ratio: [1, 2], days: 101}}", 8, "unusable"),
        ("not_null: [company_id]", "change: {rows: {ratio: [1, 2], days: 3, at_least: 4}}", 8,
         "unusable"),
        ("not_null: [company_id]", "change: {sum(firm): [1, 2]}", 8, "names 'firm'"),
        ("not_null: [company_id]", "change: {sum(company_id): [1, 2]}", 8,
         "company_id is varchar, no number"),
        ("not_null: [company_id]", "freshness: {posts: 6 hours}", 8, "unusable"),
        ("not_null: [company_id]", "freshness: {posts: 6h}", 8,
         "posts is bigint: give a timestamp"),
        ("not_null: [company_id]", "freshness: {dt: 6h}", 8, "dt is the day itself"),
        ("not_null: [company_id]", "warn: {freshness: {ts: 6h}}", 8, "names 'ts'"),
        ("not_null: [company_id]", "sql: {loops: SELECT dt FROM kpi.x}", 8, "reads kpi.x"),
        ("not_null: [company_id]", "sql: {few: SELECT posts FROM this}", 8, "must select dt"),
        ("not_null: [company_id]", "sql: {few: SELECT FROM FROM}", 8, "check few: not Athena SQL"),
        # inputs
        ("staging.posts: [-6, 0]", "staging.post: [-6, 0]", 6, "does not read"),
        ("FROM staging.posts AS p", "FROM staging.users AS p", 11, "does not declare"),
        ("FROM staging.posts AS p", "FROM posts AS p", 11, "without its database"),
        ("FROM staging.posts AS p", "FROM kpi.k AS p", 11, "does not declare"),
        # windows
        (f"    WHERE {FILTER}\n", "", 11, "no filter on dt"),
        (FILTER, "p.dt >= :from", 11, "one end"),
        ("[-6, 0]", "[0, 0]", 12, "declare staging.posts: [-6, 0]"),
        ("[-6, 0]", "[-5, 0]", 12, "from :from -6 days to :to"),
        ("AND :to\n", "AND CAST(DATE :to + INTERVAL '1' DAY AS varchar)\n", 12, "to :to +1 days"),
        (FILTER, "p.dt BETWEEN :from AND :from", 12, "last day of staging.posts must follow"),
        (FILTER, "p.dt = :to", 12, "first day of staging.posts must follow"),
        (FILTER, "substr(p.dt, 1, 7) = substr(:from, 1, 7)", 12, "cannot be understood"),
        (FILTER, "(p.dt >= :from OR p.dt <= :to)", 12, "cannot be understood"),
        (FILTER, "p.dt IN (:from, :to)", 12, "cannot be understood"),
        (FILTER, "p.dt BETWEEN '2004-01-01' AND :to", 12, "cannot be understood"),
        (FILTER, "dt BETWEEN :files_from AND :files_to", 12, ":files_from has a value only"),
        # output
        ("CAST(count(*) AS bigint) AS posts", "count(*) AS posts", 17, "no outermost CAST"),
        ("CAST(count(*) AS bigint) AS posts", "CAST(1 AS bigint) + 1 AS posts", 17, "CAST"),
        ("CAST(count(*) AS bigint) AS posts", "CAST(1 AS json) AS posts", 17, "cannot store"),
        ("AS posts, ", 'AS "Posts", ', 17, "needs quotes"),
        ("AS posts, ", "AS order, ", 17, "reserved word"),
        ("AS posts, ", "AS company_id, ", 17, "two output columns"),
        ("    dt\nFROM read", "    dt,\n    CAST(1 AS bigint) AS n\nFROM read", 19, "last output"),
        ("    dt\nFROM read", "    dt,\nFROM read", 18, "a comma before"),
        ("SELECT company_id, dt", "SELECT *", 11, "SELECT *"),
        ("SELECT company_id, dt", "SELECT p.*", 11, "SELECT *"),
        ("SELECT company_id, dt", "SELECT compny_id, dt", 10, "compny_id"),
        ("GROUP BY dt, company_id\n", "GROUP BY 1 LIMIT 5\n", 21, "LIMIT"),
        # what differs from run to run, and what cannot be
        ("count(*)", "count_if(random() < 1)", 17, "random gives other rows"),
        ("WHERE dt >= :from", "WHERE dt >= CAST(current_date AS varchar)", 20, "current_date"),
        ("WHERE dt >= :from", "WHERE dt >= :start", 20, "unknown parameter :start"),
        ("WHERE dt >= :from", "WHERE dt >= 'at :to'", 20, "text of a parameter"),
        ("count(*)", "count(\u00a0*)", 17, "the character '\\xa0'"),
        ("count(*)", "cuont(*)", 17, "did you mean count?"),
        ("WHERE dt >= :from", "WHRE dt >= :from", 20, "not Athena SQL at column"),
        ("WHERE dt >= :from", "WHERE dt >= ':from", 20, "never closed"),
        ("GROUP BY dt, company_id\n", "UNION SELECT 1\n", 21, "second SELECT"),
        ("GROUP BY dt, company_id\n", "; DELETE FROM staging.posts\n", 21, "one SELECT"),
    ],
)  # fmt: skip
def test_a_broken_rule_names_the_line_and_the_cure(
    old: str, new: str, line: int, says: str
) -> None:
    # Given
    assert old in GOOD
    # When
    found = problems(GOOD.replace(old, new))
    # Then
    assert any(p.startswith(f"queries/kpi/k.sql:{line}: ") and says in p for p in found), found


@pytest.mark.parametrize(
    "condition",
    [
        "dt BETWEEN CAST(DATE :from - INTERVAL '6' DAY AS varchar) AND :to",
        "dt >= date_format(date_add('day', -6, DATE :from), '%Y-%m-%d') AND dt <= :to",
        "CAST(p.dt AS date) > date_add('week', -1, DATE :from) AND :to >= p.dt",
        "DATE(dt) BETWEEN DATE :from - 6 * INTERVAL '1' DAY AND DATE :to AND company_id <> 'x'",
        "(dt >= :from AND (dt < CAST(DATE :to + INTERVAL '1' DAY AS varchar)))",
        "dt >= format_datetime(DATE :from, 'yyyy-MM-dd') AND dt <= to_iso8601(DATE :to)",
    ],
)
def test_day_arithmetic_on_parameters_is_understood(condition: str) -> None:
    assert problems(GOOD.replace(FILTER, condition)) == []


def test_the_filter_of_a_join_counts_where_it_filters() -> None:
    # Given
    on_input = GOOD.replace(
        "FROM staging.posts AS p\n    WHERE",
        "FROM (SELECT 1 AS one) AS o {join} JOIN staging.posts AS p\n    ON",
    )
    # When
    left = problems(on_input.format(join="LEFT"))
    right = problems(on_input.format(join="RIGHT"))
    # Then
    assert left == []
    assert "no filter on dt" in right[0]


def test_hours_reach_a_day_further_where_clocks_change() -> None:
    # Given
    text = GOOD.replace("[-6, 0]", "[0, 24h]")
    two_days = "dt BETWEEN :from AND CAST(date_add('day', {n}, DATE :to) AS varchar)"
    # When
    enough = problems(text.replace(FILTER, two_days.format(n=2)))
    too_much = problems(text.replace(FILTER, two_days.format(n=3)))
    # Then
    assert enough == []
    assert "more than its declared window" in too_much[0]


def test_a_raw_input_by_files_is_filtered_by_files() -> None:
    # Given
    by_days = POSTS.replace(":files_from", ":from").replace(":files_to", ":to")
    # When
    found = [str(p) for p in check_sources({"queries/staging/posts.sql": by_days})]
    # Then
    assert "must follow from :files_from" in found[0]


def test_columns_are_followed_through_with_queries() -> None:
    # Given
    text = POSTS.replace(
        "SELECT\n    CAST(company_id",
        "WITH r AS (\n    SELECT company_id, dt FROM raw.events\n"
        "    WHERE dt BETWEEN :files_from AND :files_to\n)\n\nSELECT\n    CAST(firm_id",
    ).replace("FROM raw.events\nWHERE dt BETWEEN :files_from AND :files_to\n", "FROM r\n")
    # When
    found = [str(p) for p in check_sources({"queries/staging/posts.sql": text})]
    # Then
    (line,) = found
    assert line.startswith("queries/staging/posts.sql:13: Column 'firm_id' could not be resolved")


def test_a_kpi_reads_no_raw_table() -> None:
    assert "queries/kpi/second.sql:6: a KPI reads raw.events" in problems(GOOD, second=POSTS)[0]


def test_circles_unknown_inputs_and_double_names_are_found() -> None:
    # Given
    reads_b = GOOD.replace("staging.posts", "kpi.b")
    reads_a = GOOD.replace("staging.posts", "kpi.a")
    # When
    circle = problems(GOOD, a=reads_b, b=reads_a)
    unknown = problems(GOOD.replace("staging.posts", "staging.nothing"))
    double = check_sources({"queries/staging/posts.sql": POSTS, "old/staging/posts.sql": POSTS})
    # Then
    (line,) = circle
    assert line.startswith("queries/kpi/a.sql:6: ")
    assert "kpi.a <- kpi.b <- kpi.a; one of them must not read the other" in line
    assert unknown[0].startswith("queries/kpi/k.sql:6: no query builds staging.nothing")
    assert "rename one" in double[0].message


@pytest.mark.parametrize(
    "check",
    [
        "reference: {company_id: 'staging.posts(company_id) [-6, 0]'}",
        "reference: {'company_id, dt': 'this(company_id, dt)'}",
        "change: {rows: [0.5, 2], sum(posts): {ratio: [null, 3], days: 7}}",
        "change: {distinct(company_id): [0.9, null]}",
    ],
)
def test_checks_that_look_further_than_a_row_are_taken(check: str) -> None:
    assert problems(GOOD.replace("not_null: [company_id]", check)) == []


def test_an_input_may_be_there_for_a_check_alone() -> None:
    # Given a KPI that refers to a table which its SQL does not read
    other = POSTS.replace("raw.events: business-day", "staging.posts: [0, 0]")
    other = other.replace("raw.events", "staging.posts").replace("files_", "")
    text = GOOD.replace("[-6, 0]\n", "[-6, 0]\n--   kpi.firms: [0, 0]\n", 1)
    # When / Then
    assert "which the SQL does not read" in problems(text, firms=other)[0]
    referring = text.replace(
        "not_null: [company_id]", "reference: {company_id: kpi.firms(company_id)}"
    )
    assert problems(referring, firms=other) == []
