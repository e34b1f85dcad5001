"""A statement that is recalled as another's template is translated as if it had been the first."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import pytest

from dayfold.adapters.athena import render
from dayfold.adapters.query_files import QueryFiles
from dayfold.domain.check_rows import Span
from dayfold.domain.checks import report_statement
from dayfold.domain.statements import (
    build_location,
    build_table_name,
    create_table_as,
    query_parameters,
)
from dayfold_local.athena.catalog.ports import World
from dayfold_local.athena.catalog.tables import StoredColumn, TableInfo
from dayfold_local.athena.errors import AccessDeniedError, QueryFailure
from dayfold_local.athena.execution import ctas, pruning, select
from dayfold_local.athena.sql_types import parse_type
from dayfold_local.athena.translation import templates
from dayfold_local.athena.translation.parse import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from dayfold.domain.table import Table
    from dayfold_local.athena.execution.engine import DuckDbEngine
    from dayfold_local.athena.translation.queries import Translated

TABLES = QueryFiles(Path(__file__).resolve().parents[2] / "queries").load()
TZ = ZoneInfo("Asia/Tokyo")
RAW = {
    "raw.users": ("user_id", "company_id", "group_id"),
    "raw.events": (
        *("event_id", "ts", "company_id", "group_id", "user_id", "event_type", "target_user_id"),
    ),
}
SPANS = [
    (dt.date(2024, 2, 29), dt.date(2024, 2, 29)),
    (dt.date(2025, 1, 1), dt.date(2025, 1, 1)),
    (dt.date(2025, 12, 30), dt.date(2026, 1, 2)),
    (dt.date(1999, 12, 31), dt.date(2000, 1, 3)),
]


def stored(name: str, columns: dict[str, str]) -> TableInfo:
    """A table of the catalog, partitioned by `dt`."""
    database, _, short = name.partition(".")
    held = tuple(StoredColumn(one, parse_type(kind)) for one, kind in columns.items())
    key = StoredColumn("dt", parse_type("varchar"))
    return TableInfo(database, short, held, (key,), "s3://b/x/", "parquet", {}, {}, None, {})


class FakeCatalog:
    """The tables that ship, and any in `build` that a test adds; one may not be looked at."""

    def __init__(self) -> None:
        self.tables = {name: stored(name, dict.fromkeys(RAW[name], "varchar")) for name in RAW}
        for name, table in TABLES.items():
            self.tables[name] = stored(name, {one.name: one.type for one in table.columns})

    def table(self, database: str, name: str) -> TableInfo | None:
        if (database, name) == ("secret", "plans"):
            raise AccessDeniedError("somebody", "glue:GetTable", name, explicit=False)
        return self.tables.get(f"{database}.{name}")

    def database(self, name: str) -> dict[str, Any]:
        return {"Name": name}


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def world(catalog: FakeCatalog) -> World:
    return World(cast("Any", catalog), cast("Any", None), cast("Any", None))


def facts(made: Translated) -> dict[str, Any]:
    """A translation, but for what its own tables are called inside."""
    inner = [scan.table.name for scan in made.scans]
    scans = [
        (one.table.full_name, one.slot, one.columns, one.conditions, one.equals)
        for one in made.scans
    ]
    sql = made.sql
    for number in range(9):
        sql = sql.replace(f"template${number}", "TABLE")
    for name in inner:
        sql = sql.replace(name, "TABLE") if "_a1_" in name else sql
    return {"sql": sql, "names": made.names, "types": made.types, "scans": scans}


def as_first(
    text: str, tree: Callable[[str], exp.Expr], world: World, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """The translation by a cache that knows no templates."""
    with monkeypatch.context() as patched:
        patched.setattr(templates, "of", templates.Template)
        return facts(select.TranslationCache().translated(text, tree, "default", world))


def statements(table: Table, first: dt.date, last: dt.date, catalog: FakeCatalog) -> list[str]:
    """The CTAS of some days, and the query of its checks; its temporary table is there."""
    build = f"{first}-a1-{first:%j}{last:%y}"
    name = build_table_name(table, build)
    columns = {one.name: one.type for one in table.columns}
    catalog.tables[f"build.{name}"] = stored(f"build.{name}", columns)
    sql = render(table.sql, query_parameters(table, first, last, TZ))
    return [
        create_table_as(name, build_location("bucket", table.name, build), sql),
        report_statement(table, f'"build"."{name}"', Span(first, last, TZ)),
    ]


@pytest.mark.parametrize("name", TABLES)
def test_every_query_and_its_checks_of_other_days_are_recalled_as_they_would_be_translated(
    name: str, catalog: FakeCatalog, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a cache that has seen the statements of one day, and of a few days at once
    cache = select.TranslationCache()
    for span in SPANS:
        for text, tree in zip(
            statements(TABLES[name], *span, catalog), (ctas.query_of, parse), strict=True
        ):
            # When those of other days are asked for
            recalled = facts(cache.translated(text, tree, "default", world))
            # Then they are what a translation of their own makes
            assert recalled == as_first(text, tree, world, monkeypatch)
    # And days that are asked for one by one share their translations
    held = len(cache._held)
    for text, tree in zip(
        statements(TABLES[name], dt.date(2031, 5, 6), dt.date(2031, 5, 6), catalog),
        (ctas.query_of, parse),
        strict=True,
    ):
        cache.translated(text, tree, "default", world)
    assert len(cache._held) == held


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT regexp_like(event_id, '2025-01-01') FROM staging.events",
        "SELECT split(ts, '2025-01-01') FROM raw.events WHERE dt IN ('2025-01-01', '2025-01-02')",
        "SELECT DATE '2025-01-01' - INTERVAL '1' DAY, 'it''s' || '2025-01-01''s'",
        "SELECT count(*) FROM raw.events WHERE dt = '2025-01-01' -- not '2025-01-02'",
        "SELECT date_diff('day', DATE '2025-02-28', DATE '2025-03-01'), TIMESTAMP '2025-01-01'",
        "SELECT TIMESTAMP '2025-01-01 10:20:30.123', TIMESTAMP '2025-01-01 10:20 Asia/Tokyo'",
        'SELECT "u"."user_id" FROM raw.users AS "u" WHERE "u"."dt" = \'2025-01-01\'',
        'SELECT "secret"."plans" FROM (SELECT 1 AS plans) AS "secret"',
        "SELECT 1 FROM (SELECT 's3://a' AS external_location) AS t WHERE external_location = 's3://a'",
        "SELECT '2025-02-30' AS no_day, json_extract('{}', '$') AS \"2025-01-01\"",
    ],
)
def test_whatever_a_day_is_used_for_it_comes_out_as_itself(
    sql: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a cache that has seen the same statement of another day
    cache = select.TranslationCache()
    other = sql.replace("2025-01-01", "2019-07-31")
    assert facts(cache.translated(other, parse, "default", world)) == as_first(
        other, parse, world, monkeypatch
    )
    # When the statement is asked for, twice
    for _ in range(2):
        recalled = facts(cache.translated(sql, parse, "default", world))
        # Then it is what a translation of its own makes
        assert recalled == as_first(sql, parse, world, monkeypatch)


def test_a_refusal_names_the_statements_own_words(world: World) -> None:
    # Given a query of a table that is not there, by its quoted name
    sql = 'SELECT * FROM "build"."gone" WHERE dt = \'2025-01-01\''
    # When it is asked for
    with pytest.raises(QueryFailure) as refused:
        select.TranslationCache().translated(sql, parse, "default", world)
    # Then the answer names it
    assert "awsdatacatalog.build.gone" in refused.value.reason


def test_a_table_of_the_same_form_and_other_columns_is_translated_anew(
    catalog: FakeCatalog, world: World
) -> None:
    # Given two temporary tables, of which one has a number where the other has a text
    for name, kind in (("one", "bigint"), ("two", "varchar")):
        catalog.tables[f"build.{name}"] = stored(f"build.{name}", {"amount": kind})
    cache = select.TranslationCache()
    # When both are asked for by the same words
    types = [
        str(cache.translated(f'SELECT amount FROM "build"."{one}"', parse, "x", world).types[0])
        for one in ("one", "two", "one")
    ]
    # Then each has its own type
    assert types == ["bigint", "varchar", "bigint"]


def test_a_name_that_stands_elsewhere_too_has_no_stand_in() -> None:
    # Given a table's name that also is another relation's
    sql = (
        'SELECT 1 FROM x AS orders WHERE EXISTS (SELECT 1 FROM "lake"."orders" WHERE orders.a = 1)'
    )
    # When its template is asked for
    # Then it is the statement as it is: what the name means depends on where it stands
    assert templates.of(sql) == templates.Template(sql)


@pytest.mark.parametrize(
    ("made", "holds"),
    [
        ("dt BETWEEN '0100-11-29' AND '0101-11-29'", True),
        ('FROM "build"."template$0"', True),
        (r"regexp_matches(x, '0100\-11\-29')", False),
        ("CAST('0100-11-29 00:00:00' AS TIMESTAMP)", True),
        ("CAST('0100-11-29T00:00:00' AS TIMESTAMP)", False),
        ("make_date(0100, 11, 29)", False),
    ],
)
def test_a_stand_in_that_the_translation_has_changed_is_noticed(made: str, *, holds: bool) -> None:
    # Given what a translation made of stand-ins
    # When it is looked at
    # Then days that are no longer as they were put there are seen
    assert templates.holds_only_stand_ins(made) is holds


@pytest.mark.parametrize("low", ["2025-01-01", "2025-01-02", "", "2025"])
@pytest.mark.parametrize("high", ["2025-01-02", "2025-01-01x", "é", "2024"])
def test_a_range_of_texts_keeps_the_partitions_that_the_engine_would_keep(
    engine: DuckDbEngine, low: str, high: str
) -> None:
    # Given partitions with all kinds of values, and a range
    rows = [(day,) for day in ("2025-01-01", "2025-01-02", "2025-1-1", "é", "", "2025-01-01é")]
    rows.append((pruning.NULL_PARTITION,))
    keys = [StoredColumn("dt", parse_type("varchar"))]
    plain = f"((p.\"dt\" >= '{low}') AND (p.\"dt\" <= '{high}'))"
    session = engine.session()
    # When they are kept by Python, and, with a condition that it does not know, by the engine
    by_python = pruning.kept(rows, keys, [plain], session)
    by_engine = pruning.kept(rows, keys, [f"({plain} AND TRUE)"], session)
    session.close()
    # Then both keep the same
    assert by_python == by_engine
