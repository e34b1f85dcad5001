"""Sweeps, rollbacks and collections in the schedules, and what must be left after a collection."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gzip
import json
from typing import TYPE_CHECKING, Any

from dayfold.collecting import collect_garbage
from dayfold.rolling_back import Request, roll_back
from dayfold.sweep import sweep
from tests.faults.schedules.invariants import partitions, require
from tests.faults.schedules.lambdas import InvocationError
from tests.faults.schedules.tables import DAYS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from tests.faults.schedules.world import World


def sweep_once(world: World) -> None:
    """One sweep, as the scheduler starts it: what it leaves, the next one finds."""
    _ask(world, "sweep", lambda _: dataclasses.asdict(sweep(world.pipeline)))


def roll_back_days(world: World, table: str, first: dt.date, last: dt.date, name: str) -> None:
    """A person rolls back some days; there may be nothing to roll back to."""
    request = Request(table, first, last)

    def call(deadline: float) -> Any:
        left = functools.partial(_left, world, deadline)
        run_id = f"rollback-{name}"
        return roll_back(
            world.pipeline, request=request, run_id=run_id, by="tests", seconds_left=left
        )

    _ask(world, "roll_back", call)


def collect(world: World) -> None:
    """One collection."""

    def call(deadline: float) -> Any:
        left = functools.partial(_left, world, deadline)
        return collect_garbage(world.pipeline, dry_run=False, seconds_left=left)

    _ask(world, "collect_garbage", call)


def _left(world: World, deadline: float) -> float:
    return max(deadline - world.scheduler.time, 0.0)


def _ask(world: World, function: str, call: Callable[[float], Any]) -> None:
    with contextlib.suppress(InvocationError):
        world.lambdas.invoke(function, function, call)


# --- What must hold -----------------------------------------------------------------------


def check_no_leak(world: World) -> None:
    """Every file of a build is one that the ledger calls alive, and all of those are there."""
    alive = _alive(world)
    found = {"/".join(key.split("/")[1:4]) for key in world.s3.under("builds/")}
    left = found - alive - _unclaimed(world, alive, found)
    require(not left, f"left after the collection: {sorted(left)}")
    for place in alive:
        wanted = world.athena.whole.get(f"builds/{place}/", {})
        there = world.s3.under(f"builds/{place}/")
        require(there == sorted(wanted), f"{place} is alive, and holds {there}")
    tables = world.glue.tables["build"]
    require(not tables, f"temporary tables are left: {sorted(tables)}")


def _alive(world: World) -> set[str]:
    """`table/build/dt=day` of what readers see, and of good builds that a rollback may want."""
    alive = {
        f"{name}/{state['published_build_id']}/dt={day}"
        for (name, day), state in partitions(world).items()
        if state.get("published_build_id")
    }
    for record in world.dynamodb.rows("TABLE#", "BUILD#"):
        if record["status"] == "published" and not record.get("collection"):
            name = record["pk"].removeprefix("TABLE#")
            alive.add(f"{name}/{record['build_id']}/dt={record['day']}")
    return alive


def _unclaimed(world: World, alive: set[str], found: set[str]) -> set[str]:
    """Days that a wide build wrote between those it had claimed; they go when all of it goes."""
    claimed = {
        f"{record['pk'].removeprefix('TABLE#')}/{record['build_id']}/dt={record['day']}"
        for record in world.dynamodb.rows("TABLE#", "BUILD#")
    }
    builds = {place.rpartition("/")[0] for place in alive}
    return {place for place in found - claimed if place.rpartition("/")[0] in builds}


def check_whole_days(world: World) -> None:
    """`kpi.days` says of every day that it is whole."""
    table = world.glue.tables["kpi"].get("days")
    require(table is not None, "there is no kpi.days")
    assert table is not None
    place = str(table["StorageDescriptor"]["Location"]).partition("//")[2].partition("/")[2]
    (key,) = world.s3.under(place)
    lines = gzip.decompress(world.s3.objects[key]).splitlines()
    rows = {row["dt"]: row for row in map(json.loads, lines)}
    for day in DAYS:
        require(rows.get(str(day), {}).get("complete"), f"kpi.days: {day} is {rows.get(str(day))}")
