"""What each kind of check finds, on the local Athena."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.check_rows import Span
from dayfold.domain.checks import check_statement
from dayfold.domain.days import zone
from dayfold.domain.query_file import parse_query
from dayfold_local.query_tests.engine import LocalEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold.domain.table import Table
    from dayfold_local.query_tests.rows import Row

FIRST, LAST = dt.date(2004, 5, 20), dt.date(2004, 5, 22)
QUERY = """\
-- Rows.
--
-- owner: team
-- grain: dt, kind
-- inputs:
--   staging.posts: [0, 0]{more}
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


def query(check: str) -> Table:
    """The table with one check; what a reference looks into is an input, on the days around."""
    more = "\n--   staging.kinds: [-1, 1]" if "staging.kinds" in check else ""
    return parse_query("queries/kpi/k.sql", QUERY.format(check=check, more=more))


def broken(check: str, engine: LocalEngine) -> list[tuple[Any, ...]]:
    table = query(check)
    statement = check_statement(table, "build.b", Span(FIRST, LAST))
    assert statement is not None
    return [
        (row["dt"], row["broken"], json.loads(row["sample"])) for row in engine.query(statement)
    ]


def report(check: str, engine: LocalEngine, span: Span) -> list[Row]:
    table = query(check)
    statement = check_statement(table, "build.b", span)
    assert statement is not None
    return engine.query(statement)


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
    table = query("warn: {not_null: [kind]}")
    statement = check_statement(table, "build.b", Span(FIRST, LAST))
    assert statement is not None
    # When
    (row,) = engine.query(statement)
    # Then
    assert (row["check_name"], row["severity"]) == ("not_null(kind)", "warn")


# --- reference ------------------------------------------------------------------------------


@pytest.fixture
def known(engine: LocalEngine) -> LocalEngine:
    """Kinds known on some days: `a` on the 19th and 20th, `b` on the 19th."""
    days = [("2004-05-19", "a"), ("2004-05-19", "b"), ("2004-05-20", "a"), ("2004-05-20", "a")]
    rows = [{"dt": day, "kind": kind, "posts": 1} for day, kind in days]
    engine.create("staging.kinds", {"kind": "varchar", "posts": "bigint", "dt": "varchar"}, rows)
    return engine


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("staging.kinds(kind)", [("2004-05-20", 1)]),  # b is not known on the 20th
        ("staging.kinds(kind) [-1, 0]", []),
        ("staging.kinds(kind) [1, 1]", [("2004-05-20", 3)]),
        ("this(kind)", []),
    ],
)
def test_a_reference_is_looked_for_on_its_days(
    known: LocalEngine, key: str, expected: list[tuple[str, int]]
) -> None:
    # Then a kind that is NULL refers to nothing
    assert days_and_counts(f"reference: {{kind: '{key}'}}", known) == expected


def test_a_reference_of_two_columns_is_one_key(known: LocalEngine) -> None:
    # When
    ((day, count, sample),) = broken(
        "reference: {'kind, posts': 'staging.kinds(kind, posts)'}", known
    )
    # Then only a with 1 post is there, and a row without posts refers to nothing
    assert (day, count) == ("2004-05-20", 1)
    assert sample == [{"dt": "2004-05-20", "kind": "a", "posts": "2"}]


# --- change ---------------------------------------------------------------------------------


def published(engine: LocalEngine, rows: dict[str, int]) -> tuple[dt.date, ...]:
    """Publish earlier days of kpi.k, with so many rows each, of 10 posts a row."""
    given = [
        {"dt": day, "kind": "a", "posts": 10} for day, count in rows.items() for _ in range(count)
    ]
    engine.create("kpi.k", {"kind": "varchar", "posts": "bigint", "dt": "varchar"}, given)
    return tuple(dt.date.fromisoformat(day) for day in rows)


@pytest.mark.parametrize(
    ("before", "ratio", "expected"),
    [
        ([2, 3, 100], "[0.5, 1.2]", ["2004-05-21", "2004-05-22"]),  # medians 3, 3, 3.5
        ([1, 2], "[1, null]", ["2004-05-22"]),  # medians 1.5, 2, 2.5: the 22nd has no rows
        ([2, 4], "[null, 1]", ["2004-05-21"]),  # medians 3, 3, 3.5: it has 4
        ([0, 0, 0], "[0.5, 2]", ["2004-05-20", "2004-05-21"]),  # anything is more than nothing
        ([0, 0, 0], "[0.5, null]", []),
        ([3, 3, 3], "[0, 1.4]", []),
    ],
)
def test_a_day_is_held_against_the_median_of_those_before(
    engine: LocalEngine, before: list[int], ratio: str, expected: list[str]
) -> None:
    # Given days before a build of 3, 4 and 0 rows
    days = {f"2004-05-{10 + n}": count for n, count in enumerate(before)}
    span = Span(FIRST, LAST, published=published(engine, days))
    # When
    rows = report(f"change: {{rows: {{ratio: {ratio}, at_least: 2}}}}", engine, span)
    # Then
    assert [row["dt"] for row in rows if row["severity"] == "error"] == expected


def test_only_the_last_days_count(engine: LocalEngine) -> None:
    # Given busy days long ago
    days = {"2004-05-01": 90, "2004-05-02": 90, "2004-05-10": 3, "2004-05-11": 3}
    span = Span(FIRST, FIRST, published=published(engine, days))
    check = "change: {{rows: {{ratio: [1, 1], days: {days}, at_least: 2}}}}"
    # When / Then
    assert report(check.format(days=2), engine, span) == []
    (row,) = report(check.format(days=4), engine, span)
    (sample,) = json.loads(row["sample"])
    assert sample == {"value": "3.0", "median": "46.5", "days_before": "4"}


def test_a_sum_is_compared_on_days_that_have_one(engine: LocalEngine) -> None:
    # Given 10 posts a day; the build has 3, 18 and none
    span = Span(FIRST, LAST, published=published(engine, {"2004-05-10": 1, "2004-05-11": 1}))
    check = "change: {sum(posts): {ratio: [0.2, 1.7], at_least: 2}}"
    # When
    rows = report(check, engine, span)
    # Then
    assert [row["dt"] for row in rows] == ["2004-05-21"]


def test_too_little_before_passes_and_says_so(engine: LocalEngine) -> None:
    # Given one day of history, and five asked for
    span = Span(FIRST, LAST, published=published(engine, {"2004-05-10": 1}))
    # When
    rows = report("change: {rows: {ratio: [9, 9], at_least: 3}}", engine, span)
    # Then the third day of the build has three days before it
    assert [(row["dt"], row["severity"], row["broken"]) for row in rows] == [
        ("2004-05-20", "info", 0),
        ("2004-05-21", "info", 0),
        ("2004-05-22", "error", 1),
    ]
    assert json.loads(rows[0]["sample"]) == [{"days_before": "1", "needed": "3"}]


def test_without_any_day_before_nothing_published_is_read(engine: LocalEngine) -> None:
    # Given no published table at all
    check = "change: {distinct(kind): [0.5, 2], rows: [0.5, 2]}"
    # When
    rows = report(check, engine, Span(FIRST, FIRST))
    # Then
    assert {row["severity"] for row in rows} == {"info"}


# --- freshness ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "zone_name", "expected"),
    [
        ("6h", "UTC", ["2004-05-21", "2004-05-22"]),  # nothing after 17:00; no rows
        ("7h", "UTC", ["2004-05-22"]),
        ("6h", "Asia/Tokyo", ["2004-05-22"]),  # the day ends at 15:00 UTC
    ],
)
def test_a_day_is_fresh_if_its_newest_value_is_near_its_end(
    engine: LocalEngine, age: str, zone_name: str, expected: list[str]
) -> None:
    # Given
    moments = ["2004-05-20 03:00:00", "2004-05-20 23:00:00", "2004-05-21 17:00:00"]
    rows = [{"dt": moment[:10], "ts": moment, "day": moment[:10]} for moment in moments]
    types = {"ts": "timestamp", "day": "date", "dt": "varchar"}
    engine.create("build.timed", types, rows)
    text = QUERY.replace("kind AS varchar) AS kind", "ts AS timestamp(3)) AS ts").replace(
        "posts AS bigint) AS posts", "day AS date) AS day"
    )
    checks = f"freshness: {{ts: {age}, day: 0d}}"
    table = parse_query(
        "queries/kpi/k.sql", text.replace("dt, kind", "dt").format(check=checks, more="")
    )
    # When
    statement = check_statement(table, "build.timed", Span(FIRST, LAST, zone(zone_name)))
    assert statement is not None
    found = engine.query(statement)
    # Then
    stale = [row["dt"] for row in found if row["check_name"] == f"freshness(ts, {age})"]
    assert stale == expected
    assert [row["dt"] for row in found if "day" in row["check_name"]] == ["2004-05-22"]
