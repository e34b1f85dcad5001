"""Old partitions of a table whose query has got other columns: readable, as on Athena."""

from __future__ import annotations

import datetime as dt
import zlib
from typing import TYPE_CHECKING

import pytest

from dayfold.adapters.catalog import Catalog, Place
from dayfold.domain.query_file import parse_query
from dayfold.domain.schema_changes import made_columns, misfit
from dayfold.domain.statements import create_table_as

if TYPE_CHECKING:
    from dayfold.domain.table import Table
    from tests.local_athena.client import Client

OLD_DAY, NEW_DAY = dt.date(2004, 5, 20), dt.date(2004, 5, 21)


@pytest.fixture(scope="module")
def catalog(client: Client) -> Catalog:
    """The published tables' catalog on that server."""
    client.glue.create_database(DatabaseInput={"Name": "kpi"})
    return Catalog(client.glue, client.bucket)


def test_days_before_a_new_column_have_no_value_in_it(client: Client, catalog: Catalog) -> None:
    # Given
    old = _table("added", "CAST(7 AS bigint) AS a")
    new = _table("added", "CAST('x' AS varchar) AS b, CAST(8 AS bigint) AS a")
    # When
    _publish(client, catalog, old, OLD_DAY)
    _publish(client, catalog, new, NEW_DAY)
    ran = client.run("SELECT a, b FROM kpi.added ORDER BY dt")
    # Then
    assert ran.rows == [["7", None], ["8", "x"]]
    assert ran.types == ["bigint", "varchar"]


def test_days_before_a_column_was_dropped_are_read_without_it(
    client: Client, catalog: Catalog
) -> None:
    # Given
    old = _table("dropped", "CAST(7 AS bigint) AS a, CAST('x' AS varchar) AS b")
    new = _table("dropped", "CAST(8 AS bigint) AS a")
    # When
    _publish(client, catalog, old, OLD_DAY)
    _publish(client, catalog, new, NEW_DAY)
    ran = client.run("SELECT * FROM kpi.dropped ORDER BY dt")
    # Then
    assert ran.rows == [["7", "2004-05-20"], ["8", "2004-05-21"]]


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("CAST(7 AS integer)", "CAST(5000000000 AS bigint)", ["7", "5000000000"]),
        ("CAST(1.5 AS real)", "CAST(2.25 AS double)", ["1.5", "2.25"]),
        ("CAST(1.50 AS decimal(10,2))", "CAST(2.25 AS decimal(12,2))", ["1.50", "2.25"]),
        ("CAST('x' AS varchar(5))", "CAST('longer' AS varchar)", ["x", "longer"]),
    ],
)
def test_days_before_a_wider_type_are_read_as_it(
    client: Client, catalog: Catalog, old: str, new: str, shown: list[str]
) -> None:
    # Given
    name = f"widened_{zlib.crc32(new.encode())}"
    # When
    _publish(client, catalog, _table(name, f"{old} AS a"), OLD_DAY)
    _publish(client, catalog, _table(name, f"{new} AS a"), NEW_DAY)
    ran = client.run(f"SELECT a FROM kpi.{name} ORDER BY dt")
    # Then
    assert ran.state == "SUCCEEDED", ran.reason
    assert [row[0] for row in ran.rows] == shown


def test_days_before_another_type_cannot_be_read(client: Client, catalog: Catalog) -> None:
    # Given
    _publish(client, catalog, _table("retyped", "CAST('x' AS varchar) AS a"), OLD_DAY)
    _publish(client, catalog, _table("retyped", "CAST(7 AS bigint) AS a"), NEW_DAY)
    # When
    both = client.run("SELECT a FROM kpi.retyped ORDER BY dt")
    new = client.run("SELECT a FROM kpi.retyped WHERE dt = '2004-05-21'")
    # Then
    assert both.state == "FAILED"
    assert new.rows == [["7"]]


def test_an_earlier_build_is_read_under_the_wider_type_after_a_rollback(
    client: Client, catalog: Catalog
) -> None:
    # Given a day of integers that was rebuilt with the wider type
    old, new = (_table("undone", f"CAST(7 AS {kind}) AS a") for kind in ("integer", "bigint"))
    place = _publish(client, catalog, old, OLD_DAY)
    _publish(client, catalog, new, OLD_DAY)
    # When it is pointed back
    catalog.repoint(new, {OLD_DAY: place._replace(columns=made_columns(old))})
    ran = client.run("SELECT a + 5000000000 FROM kpi.undone")
    # Then
    assert ran.rows == [["5000000007"]], ran.reason
    assert misfit(made_columns(old), made_columns(new)) is None


@pytest.mark.parametrize("declared", ["as written", "as the table"])
def test_what_a_rollback_refuses_could_not_be_read(
    client: Client, catalog: Catalog, declared: str
) -> None:
    # Given a day that was rebuilt with a type that is no wider
    name = f"refused_{zlib.crc32(declared.encode())}"
    old = _table(name, "CAST('x' AS varchar) AS a")
    new = _table(name, "CAST(7 AS bigint) AS a")
    place = _publish(client, catalog, old, OLD_DAY)
    _publish(client, catalog, new, OLD_DAY)
    # When it is pointed back all the same
    written = made_columns(old if declared == "as written" else new)
    catalog.repoint(new, {OLD_DAY: place._replace(columns=written)})
    ran = client.run(f"SELECT a FROM kpi.{name}")
    # Then
    assert ran.state == "FAILED"
    assert misfit(made_columns(old), made_columns(new)) == ("a", "string", "bigint")


def _table(name: str, columns: str) -> Table:
    header = "-- A test.\n-- owner: tests\n-- grain: dt\n-- inputs:\n--   raw.x: [0, 0]\n"
    where = "FROM raw.x WHERE dt BETWEEN :from AND :to"
    return parse_query(f"queries/kpi/{name}.sql", f"{header}SELECT {columns}, dt {where}\n")


def _publish(client: Client, catalog: Catalog, table: Table, day: dt.date) -> Place:
    """Build a day with the table's columns, and point its partition at it, as the pipeline does."""
    build = f"{table.short_name}_{day:%Y%m%d}_{zlib.crc32(table.sql.encode())}"
    place = f"s3://{client.bucket}/builds/{table.name}/{build}/"
    select = table.sql.partition("SELECT")[2].partition(", dt FROM")[0]
    ran = client.run(create_table_as(build, place, f"SELECT {select}, '{day}' AS dt"))
    assert ran.state == "SUCCEEDED", ran.reason
    at = Place(f"{place}dt={day}/", build)
    catalog.publish(table, {day: at})
    return at
