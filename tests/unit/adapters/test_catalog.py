"""The catalog: publishing creates what is not there, updates what is, and says what failed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.adapters.catalog import Catalog, Place
from dayfold.errors import RetriableError
from tests.unit.pipeline.world import client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

DAY = dt.date(2004, 5, 20)


def test_a_day_is_created_then_moved(world: World) -> None:
    # Given
    table = world.pipeline.tables()["kpi.weekly"]
    # When
    world.pipeline.catalog.publish(table, {DAY: Place("s3://one/", "b1")})
    first = world.location("kpi.weekly", str(DAY))
    world.pipeline.catalog.publish(table, {DAY: Place("s3://two/", "b2")})
    # Then
    assert (first, world.location("kpi.weekly", str(DAY))) == ("s3://one/", "s3://two/")


def test_many_days_are_published_in_batches(world: World) -> None:
    # Given
    table = world.pipeline.tables()["kpi.weekly"]
    days = [DAY + dt.timedelta(days=n) for n in range(230)]
    # When
    world.pipeline.catalog.publish(table, {day: Place(f"s3://{day}/", "b1") for day in days})
    # Then
    assert world.location("kpi.weekly", str(days[-1])) == f"s3://{days[-1]}/"


def test_an_edited_query_changes_columns_and_comments(world: World) -> None:
    # Given
    world.pipeline.catalog.publish(
        world.pipeline.tables()["kpi.weekly"], {DAY: Place("s3://x/", "b1")}
    )
    path = world.queries / "kpi" / "weekly.sql"
    path.write_text(path.read_text().replace("-- how many", "-- how many people"))
    # When
    world.pipeline.catalog.ensure_table(world.pipeline.tables()["kpi.weekly"])
    # Then
    answer = client("glue").get_table(DatabaseName="kpi", Name="weekly")
    columns = answer["Table"]["StorageDescriptor"]["Columns"]
    assert columns == [{"Name": "users", "Type": "bigint", "Comment": "how many people"}]


def test_what_the_catalog_refuses_is_said(world: World) -> None:
    # Given a catalog that answers every batch with failures in its body
    class Refusing:
        def get_table(self, **_: Any) -> dict[str, Any]:
            return dict(client("glue").get_table(DatabaseName="kpi", Name="weekly"))

        def batch_update_partition(self, **_: Any) -> dict[str, Any]:
            return {"Errors": [{"PartitionValueList": [str(DAY)]}]}

        def batch_create_partition(self, **_: Any) -> dict[str, Any]:
            return {"Errors": [{"PartitionValues": [str(DAY)]}]}

    table = world.pipeline.tables()["kpi.weekly"]
    world.pipeline.catalog.ensure_table(table)
    # When / Then
    with pytest.raises(RetriableError, match=r"did not take kpi\.weekly 2004-05-20"):
        Catalog(Refusing(), "b").publish(table, {DAY: Place("s3://x/", "b1")})  # type: ignore[arg-type]


class Counting:
    """A Glue client that counts the calls it passes on, by name."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append(name)
            return getattr(client("glue"), name)(**arguments)

        return call


def test_days_of_one_table_ask_for_it_once_and_create_at_once(world: World) -> None:
    # Given a table that a process has published a new day of
    table, glue = world.pipeline.tables()["kpi.weekly"], Counting()
    catalog = Catalog(glue, "b")  # type: ignore[arg-type]
    catalog.publish(table, {DAY: Place("s3://one/", "b1")})
    glue.calls.clear()
    # When it publishes the next new day
    catalog.publish(table, {DAY + dt.timedelta(days=1): Place("s3://two/", "b2")})
    # Then one call does it
    assert glue.calls == ["batch_create_partition"]


def test_a_table_that_was_dropped_meanwhile_is_made_anew(world: World) -> None:
    # Given a process that has published to a table, which somebody drops
    table = world.pipeline.tables()["kpi.weekly"]
    catalog = Catalog(client("glue"), "b")
    catalog.publish(table, {DAY: Place("s3://one/", "b1")})
    client("glue").delete_table(DatabaseName="kpi", Name="weekly")
    # When it publishes again
    catalog.publish(table, {DAY: Place("s3://two/", "b2")})
    # Then the table is there again and the day points at the build
    assert world.location("kpi.weekly", str(DAY)) == "s3://two/"
