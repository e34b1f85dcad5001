"""Other columns: new ones come by themselves, lost and changed ones only when asked for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dayfold.domain.days import day_range
from dayfold.finishing import finish_build
from dayfold.starting import Build, start_build
from dayfold.waves import plan_wave
from tests.unit.pipeline.world import client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

DAYS = ["2004-05-20", "2004-05-21", "2004-05-22"]
LANDED = [str(day) for day in day_range(dt.date(2004, 5, 10), dt.date(2004, 5, 25))]
USERS = "    CAST(count(*) AS bigint) AS users, -- how many\n"
POSTS = "    CAST(count(*) AS bigint) AS posts, -- how many\n"


def test_a_new_column_comes_by_itself(world: World) -> None:
    # Given
    _publish(world)
    # When the query makes one more column
    _edit(world, USERS, USERS + POSTS)
    ended = world.run("run-2", days=DAYS[:1], tables=["kpi.weekly"])
    # Then the table has it, and a day built before keeps the columns it was built with
    assert ended["published"] == 1
    assert _columns(world) == {"users": "bigint", "posts": "bigint"}
    assert _columns(world, DAYS[0]) == {"users": "bigint", "posts": "bigint"}
    assert _columns(world, DAYS[1]) == {"users": "bigint"}


def test_a_dropped_column_waits_until_a_rebuild_is_asked_for(world: World) -> None:
    # Given a table of two columns
    _edit(world, USERS, USERS + POSTS)
    _publish(world)
    # When the query drops one
    _edit(world, POSTS, "")
    plan = world.plan("dry", days=DAYS, tables=["kpi.weekly"], dry_run=True)
    by_itself = world.run("run-2", days=DAYS, tables=["kpi.weekly"])
    kept = _columns(world)
    asked_for = world.run("run-3", days=DAYS[:1], tables=["kpi.weekly"], policy="all")
    after = world.run("run-4", days=DAYS, tables=["kpi.weekly"])
    # Then it waits, saying which column and what to do; once asked for, the rest follows
    said = (
        "queries/kpi/weekly.sql drops column posts (bigint): "
        "`dayfold backfill start --table kpi.weekly --from 2004-05-20 --to 2004-05-22 --policy all`"
        " rebuilds it so"
    )
    assert plan["waves"] == []
    assert {one["reason"] for one in plan["waiting"]} == {said}
    assert (by_itself["published"], by_itself["waiting"]) == (0, 3)
    assert kept == {"users": "bigint", "posts": "bigint"}
    assert (asked_for["published"], after["published"]) == (1, 2)
    assert _columns(world) == {"users": "bigint"}


def test_a_wider_type_waits_to_be_asked_for_on_any_day(world: World) -> None:
    # Given
    _edit(world, "AS bigint) AS users", "AS integer) AS users")
    _publish(world)
    # When
    _edit(world, "AS integer) AS users", "AS bigint) AS users")
    by_itself = world.run("run-2", days=DAYS, tables=["kpi.weekly"])
    asked_for = world.run("run-3", days=DAYS[:1], tables=["kpi.weekly"], policy="all")
    # Then days before are read as the wider type
    assert (by_itself["published"], asked_for["published"]) == (0, 1)
    assert _columns(world) == {"users": "bigint"}
    assert _columns(world, DAYS[1]) == {"users": "int"}


def test_a_type_under_which_old_days_cannot_be_read_wants_all_of_them_rebuilt(
    world: World,
) -> None:
    # Given
    _publish(world)
    # When
    _edit(world, "AS bigint) AS users", "AS varchar) AS users")
    some = world.plan("dry", days=DAYS[:2], tables=["kpi.weekly"], policy="all", dry_run=True)
    all_of_them = world.run("run-2", days=DAYS, tables=["kpi.weekly"], policy="all")
    # Then
    (reason,) = {one["reason"] for one in some["waiting"]}
    assert "changes column users from bigint to string" in reason
    assert "give users a new name, or rebuild all that is published" in reason
    assert "--from 2004-05-20 --to 2004-05-22 --policy all" in reason
    assert all_of_them["published"] == 3


def test_a_table_that_declares_so_takes_any_change(world: World) -> None:
    # Given
    _edit(world, USERS, USERS + POSTS)
    _publish(world)
    # When
    _edit(world, POSTS, "")
    _edit(world, "-- inputs:", "-- schema_changes: any\n-- inputs:")
    ended = world.run("run-2", days=DAYS, tables=["kpi.weekly"])
    # Then
    assert ended["published"] == 3
    assert _columns(world) == {"users": "bigint"}


def test_what_reads_a_table_that_waits_goes_on_with_its_former_builds(world: World) -> None:
    # Given
    _publish(world)
    path = world.queries / "staging" / "posts.sql"
    # When what it reads changes a type, and a file it covers is late
    path.write_text(path.read_text().replace("AS varchar) AS user_id", "AS bigint) AS user_id"))
    plan = world.plan("dry", days=DAYS, dry_run=True)
    # Then
    assert plan["waves"] == []
    assert {one["table"] for one in plan["waiting"]} == {"staging.posts"}


def test_a_query_that_loses_a_column_while_it_is_built_publishes_nothing(world: World) -> None:
    # Given a build that was planned and started with two columns
    _edit(world, USERS, USERS + POSTS)
    _publish(world)
    world.land("2004-05-20", text="{} {}")
    world.plan("run-2", days=DAYS[:1])
    wave = plan_wave(world.pipeline, run_id="run-2", wave=1)
    for job in wave["jobs"]:
        world.build("run-2", wave["name"], job["index"])
    name = plan_wave(world.pipeline, run_id="run-2", wave=2)["name"]
    before = world.location("kpi.weekly", DAYS[0])
    # When the query is edited after the plan was made
    _edit(world, POSTS, "")
    started = start_build(world.pipeline, run_id="run-2", name=name, index=0)
    ended = finish_build(world.pipeline, build=Build(**started["build"]))
    # Then
    assert ended["status"] == "failed"
    assert "drops column posts (bigint)" in ended["error"]
    assert world.location("kpi.weekly", DAYS[0]) == before
    assert _columns(world) == {"users": "bigint", "posts": "bigint"}


def _publish(world: World) -> None:
    world.land(*LANDED)
    world.run("run-1", days=DAYS)


def _edit(world: World, old: str, new: str) -> None:
    path = world.queries / "kpi" / "weekly.sql"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _columns(world: World, day: str | None = None) -> dict[str, str]:
    """The columns of the table, or of one of its partitions, as the catalog has them."""
    del world
    glue: Any = client("glue")
    if day is None:
        found = glue.get_table(DatabaseName="kpi", Name="weekly")["Table"]
    else:
        found = glue.get_partition(DatabaseName="kpi", TableName="weekly", PartitionValues=[day])
        found = found["Partition"]
    return {one["Name"]: one["Type"] for one in found["StorageDescriptor"]["Columns"]}
