"""Rolling back over a change of columns: allowed while Athena can read the earlier build."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.days import day_range
from dayfold.ending import point_back
from dayfold.errors import BadRequestError
from dayfold.finishing import finish_build
from dayfold.starting import Build, start_build
from dayfold.waves import plan_wave
from tests.unit.pipeline.rolling import DAY, back, build, state
from tests.unit.pipeline.world import LEDGER, client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

WEEKLY = "kpi.weekly"
LANDED = [str(day) for day in day_range(dt.date(2004, 5, 10), dt.date(2004, 5, 25))]
USERS = "    CAST(count(*) AS bigint) AS users, -- how many\n"
POSTS = "    CAST(count(*) AS bigint) AS posts, -- how many\n"
BIGINT, VARCHAR, INTEGER = (f"AS {kind}) AS users" for kind in ("bigint", "varchar", "integer"))


def test_a_build_records_the_columns_that_it_wrote(world: World) -> None:
    # Given / When
    _build_twice(world, USERS, USERS + POSTS)
    # Then each has its own
    first, second = world.pipeline.ledger.builds(WEEKLY, DAY)
    assert first.columns == {"users": "bigint"}
    assert second.columns == {"users": "bigint", "posts": "bigint"}


def test_a_build_under_another_type_is_refused_by_its_column(world: World) -> None:
    # Given a day that was rebuilt with a type as which its first build cannot be read
    _build_twice(world, BIGINT, VARCHAR)
    first, second = world.pipeline.ledger.builds(WEEKLY, DAY)
    # When
    with pytest.raises(BadRequestError) as refused:
        back(world, table=WEEKLY, first=DAY)
    # Then one line says which column and what to do, and nothing has moved
    assert str(refused.value) == (
        f"nothing to roll back: kpi.weekly {DAY} cannot show {first.build_id}: column users is "
        "bigint in it and string in the table now, as which Athena cannot read it; put the query "
        f"right if need be and build the day anew: `dayfold run --table kpi.weekly --day {DAY} "
        "--policy all`"
    )
    assert world.location(WEEKLY, str(DAY)) == second.location
    after = state(world, WEEKLY)
    assert (after.status, after.published_build_id) == ("published", second.build_id)


def test_of_a_range_only_the_days_that_cannot_be_read_are_left(world: World) -> None:
    # Given a day without a build before the retype, for it was rebuilt twice since
    _build_twice(world, BIGINT, VARCHAR)
    build(world, "run-3", str(DAY), tables=[WEEKLY])
    # When
    answer = back(world, table=WEEKLY, first=DAY, last=DAY + dt.timedelta(days=1))
    # Then
    assert [one["action"] for one in answer["partitions"]] == ["move", "leave"]
    assert "column users is bigint in it" in answer["partitions"][1]["reason"]


def test_a_build_that_was_narrower_is_declared_as_it_was_written(world: World) -> None:
    # Given
    _build_twice(world, INTEGER, BIGINT, before=(BIGINT, INTEGER))
    # When
    answer = back(world, table=WEEKLY, first=DAY)
    # Then Athena reads integers as the table's wider type
    assert answer["moved"] == 1
    assert _columns(DAY) == {"users": "int"}
    assert world.pipeline.catalog.columns_of(WEEKLY) == {"users": "bigint"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (USERS, USERS + POSTS, "has no column posts: readers see NULL there"),
        (USERS + POSTS, USERS, "has column posts (bigint), which readers do not see"),
    ],
)
def test_a_build_with_fewer_or_more_columns_is_shown_and_said(
    world: World, old: str, new: str, said: str
) -> None:
    # Given
    _build_twice(world, old, new, before=(USERS, old))
    first = world.pipeline.ledger.builds(WEEKLY, DAY)[0]
    # When
    answer = back(world, table=WEEKLY, first=DAY)
    # Then
    assert [one["reason"] for one in answer["partitions"]] == [said]
    assert _columns(DAY) == first.columns


def test_a_record_without_columns_is_rolled_back_to_as_before(world: World) -> None:
    # Given a build of the time before columns were recorded
    _build_twice(world, USERS, USERS + POSTS)
    client("dynamodb").update_item(
        TableName=LEDGER,
        Key={"pk": {"S": f"TABLE#{WEEKLY}"}, "sk": {"S": f"BUILD#{DAY}#000001"}},
        UpdateExpression="REMOVE #columns",
        ExpressionAttributeNames={"#columns": "columns"},
    )
    # When
    answer = back(world, table=WEEKLY, first=DAY)
    # Then its partition is declared with the table's columns
    assert answer["moved"] == 1
    assert _columns(DAY) == {"users": "bigint", "posts": "bigint"}


def test_a_query_edited_while_it_is_built_does_not_change_what_was_written(world: World) -> None:
    # Given a build that has started, and whose temporary table Athena has made
    world.land(*LANDED)
    world.run("run-1", days=[str(DAY)])
    world.plan("run-2", days=[str(DAY)], tables=[WEEKLY], policy="all")
    name = plan_wave(world.pipeline, run_id="run-2", wave=1)["name"]
    started = start_build(world.pipeline, run_id="run-2", name=name, index=0)
    short = f"kpi_weekly_{started['build']['build_id']}".replace("-", "_")
    columns: Any = [{"Name": "users", "Type": "bigint"}]
    client("glue").create_table(
        DatabaseName="build",
        TableInput={"Name": short, "StorageDescriptor": {"Columns": columns}},
    )
    # When
    _edit(world, USERS, USERS + POSTS)
    finish_build(world.pipeline, build=Build(**started["build"]))
    # Then record and partition have what is in the files; the table has the new column as well
    assert world.pipeline.ledger.builds(WEEKLY, DAY)[-1].columns == {"users": "bigint"}
    assert _columns(DAY) == {"users": "bigint"}
    assert world.pipeline.catalog.columns_of(WEEKLY) == {"users": "bigint", "posts": "bigint"}


def test_a_late_publish_is_undone_with_the_columns_of_what_is_shown(world: World) -> None:
    # Given a day that shows a build of integers, and a table that is wider by now
    _build_twice(world, INTEGER, BIGINT, before=(BIGINT, INTEGER))
    back(world, table=WEEKLY, first=DAY)
    # When a writer that lost its lease points readers back at it
    point_back(world.pipeline, world.pipeline.tables()[WEEKLY], [DAY])
    # Then
    assert _columns(DAY) == {"users": "int"}


def _build_twice(world: World, old: str, new: str, before: tuple[str, str] | None = None) -> None:
    """Build two days of kpi.weekly with the columns `old`, and once more with `new`."""
    days = [str(DAY), str(DAY + dt.timedelta(days=1))]
    world.land(*LANDED)
    if before is not None:
        _edit(world, *before)
    build(world, "run-1", *days)
    _edit(world, old, new)
    build(world, "run-2", *days, tables=[WEEKLY])


def _edit(world: World, old: str, new: str) -> None:
    path = world.queries / "kpi" / "weekly.sql"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _columns(day: dt.date) -> dict[str, str]:
    """The columns that a partition declares in the catalog."""
    glue: Any = client("glue")
    found = glue.get_partition(DatabaseName="kpi", TableName="weekly", PartitionValues=[str(day)])
    columns = found["Partition"]["StorageDescriptor"]["Columns"]
    return {one["Name"]: one["Type"] for one in columns}
