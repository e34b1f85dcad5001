"""What must hold when a schedule is over, and what must hold at every publish."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from typing import TYPE_CHECKING, Any

from dayfold.domain.days import day_range, zone
from dayfold.domain.planning import needed_days
from tests.faults.schedules.athena import PARTS
from tests.faults.schedules.queue import QUEUE
from tests.faults.schedules.tables import DAYS, TIME_ZONE, tables

if TYPE_CHECKING:
    from tests.faults.schedules.world import World

_PLANNING_SECONDS = 3.0  # from a plan's facts to its note in the ledger, if nothing goes wrong


class ViolationError(AssertionError):
    """Raised when a guarantee did not hold."""


def require(holds: object, said: str) -> None:
    """Hold a schedule to a guarantee.

    Raises:
        ViolationError: it did not hold.
    """
    if not holds:
        raise ViolationError(said)


@functools.cache
def wanted() -> dict[str, list[dt.date]]:
    """The partitions that are there in the end."""
    needed = needed_days(tables(), list(tables()), DAYS, zone(TIME_ZONE))
    return {name: sorted(days) for name, days in needed.items() if name in tables()}


def check_all(world: World) -> None:
    """Everything that must hold when all is quiet."""
    check_tables(world)
    check_ledger(world)
    check_runs(world)
    check_backfills(world)


# --- Tables -------------------------------------------------------------------------------


def check_tables(world: World) -> None:
    """Each table equals the undisturbed run's, and readers see what the ledger says."""
    states = partitions(world)
    for name, days in wanted().items():
        database, _, short = name.partition(".")
        for day in days:
            location = world.glue.location(database, short, str(day))
            state = states.get((name, str(day)))
            require(state is not None, f"{name} {day} was never built")
            assert state is not None
            require(state["status"] == "published", f"{name} {day} is {state}")
            require(location == state["location"], f"{name} {day}: catalog {location}, {state}")
            seen = [world.s3.objects[key] for key in world.s3.under(_place(str(location)))]
            should = expected_files(world, name, day)
            require(seen == should, f"{name} {day} holds {seen}, undisturbed {should}")


def expected_files(world: World, name: str, day: dt.date) -> list[bytes]:
    """The files of a day as an undisturbed run makes them of what has landed."""
    known: dict[tuple[str, dt.date], list[bytes]] = {}
    return _expected(world, name, day, known)


def _expected(
    world: World, name: str, day: dt.date, known: dict[tuple[str, dt.date], list[bytes]]
) -> list[bytes]:
    if (name, day) in known:
        return known[name, day]
    found, bad = [], False
    for one in world.queries.load()[name].inputs:
        for input_day in day_range(*one.window.days_for(day, zone(TIME_ZONE))):
            if one.is_raw:
                bodies = _landed(world, one.table, input_day)
                bad = bad or any(b"bad" in body for body in bodies)
            else:
                bodies = _expected(world, one.table, input_day, known)
            found += [f"{one.table} {input_day} {body.decode()}" for body in bodies]
    content = {}
    if found:
        version = str(world.queries.version(name))
        text = "\n".join([name, str(day), version, *sorted(found)])
        digest = hashlib.sha256(text.encode()).hexdigest()[:20]
        content = {"day": str(day), "digest": digest, "bad": bad}
    files = [json.dumps({"part": part, **content}, sort_keys=True).encode() for part in PARTS]
    known[name, day] = files if content else []
    return known[name, day]


def _landed(world: World, table: str, day: dt.date) -> list[bytes]:
    prefix = f"raw/{table.partition('.')[2]}/dt={day}/"
    return [world.s3.objects[key] for key in world.s3.under(prefix)]


def check_pointers(world: World) -> None:
    """Where nobody is at work, readers see what the ledger says."""
    for (name, day), state in partitions(world).items():
        if state["status"] == "published":
            database, _, short = name.partition(".")
            location = world.glue.location(database, short, day)
            require(location == state["location"], f"{name} {day}: catalog {location}, {state}")


# --- Ledger -------------------------------------------------------------------------------


def partitions(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """The ledger's partitions by table and day."""
    return {
        (item["pk"].removeprefix("TABLE#"), item["sk"].removeprefix("DAY#")): item
        for item in world.dynamodb.rows("TABLE#", "DAY#")
    }


def check_ledger(world: World) -> None:
    """No lease is left, and every attempt is one build of one query."""
    for (name, day), state in partitions(world).items():
        require(state["status"] != "building", f"{name} {day} is building for ever: {state}")
    builds: dict[str, set[str]] = {}
    for record in world.dynamodb.rows("TABLE#", "BUILD#"):
        if record.get("query_id"):
            builds.setdefault(record["build_id"], set()).add(record["query_id"])
    for build, queries in builds.items():
        require(len(queries) == 1, f"build {build} has queries {queries}")


def check_built_once(world: World) -> None:
    """Where nothing but repetition happened, nothing was built twice and nothing failed."""
    for (name, day), state in partitions(world).items():
        require(state["attempt"] == 1, f"{name} {day} was built {state['attempt']} times")
    failed = {name: one for name, one in world.machine.ended.items() if one["status"] == "failed"}
    require(not failed, f"runs failed: {failed}")


# --- Runs and backfills -------------------------------------------------------------------


def check_runs(world: World) -> None:
    """Every run has ended, as its last step said."""
    for run in world.dynamodb.rows("RUN#"):
        name = run["run_id"]
        require(run["status"] != "running", f"{name} runs for ever")
        ended = world.machine.ended.get(name)
        if ended is not None:
            require(run["status"] == ended["status"], f"{name} ended {ended}, the ledger: {run}")


def check_backfills(world: World) -> None:
    """Every backfill has ended, its counts add up, and no message is left or lost."""
    require(not world.sqs.messages[QUEUE], f"messages left: {world.sqs.messages[QUEUE]}")
    for backfill in world.dynamodb.rows("BACKFILL#", "BACKFILL"):
        name, pk = backfill["name"], backfill["pk"]
        ended = {"succeeded", "cancelled"}
        require(backfill["status"] in ended, f"{name} did not end: {backfill}")
        jobs = [one for one in world.dynamodb.rows(pk, "JOB#") if one["pk"] == pk]
        waves = [one for one in world.dynamodb.rows(pk, "WAVE#") if one["pk"] == pk]
        counted = [job for job in jobs if job["status"] != "running"]
        require(backfill["jobs_done"] == len(counted), f"{name} counts {backfill}, jobs {jobs}")
        for count in ("published", "failed"):
            total = sum(job[count] for job in counted)
            require(backfill[count] == total, f"{name}: {count} is {backfill[count]}, not {total}")
        for wave in waves:
            done = sum(job["wave"] == wave["number"] for job in counted)
            require(wave["left"] == wave["jobs"] - done, f"{name} counts {wave}, {done} are done")
        if backfill["status"] == "succeeded":
            require(len(counted) == backfill["jobs"], f"{name} lost jobs: {jobs}")


# --- At every publish ---------------------------------------------------------------------


def check_publish(world: World, name: str, day: str, location: str) -> None:
    """What a reader begins to see belongs to the holder of the lease, or is the ledger's."""
    state = partitions_item(world, name, day)
    build = location.rstrip("/").rsplit("/", 2)[1]
    holder = state["status"] == "building" and state["build_id"] == build
    ledgers = state.get("published_build_id") == build
    require(holder or ledgers, f"{name} {day}: {build} was published without the lease: {state}")


def check_yields(world: World, service: str, operation: str) -> None:
    """A job of a backfill starts no query if a daily run was building when the job began."""
    actor = world.scheduler.current
    if (service, operation) != ("athena", "start_query_execution") or actor is None:
        return
    if not actor.name.startswith("job"):
        return
    for run in world.dynamodb.rows("RUN#"):
        alive = world.executions.status.get(run["run_id"]) == "RUNNING" and run["planned"]
        before = dt.datetime.fromisoformat(run["started_at"]).timestamp() + _PLANNING_SECONDS
        waits = run["status"] == "running" and alive and before < actor.born
        require(not waits, f"{actor.name} starts a query while {run['run_id']} builds")


def partitions_item(world: World, name: str, day: str) -> dict[str, Any]:
    """One partition of the ledger."""
    return next(
        item
        for item in world.dynamodb.rows(f"TABLE#{name}", f"DAY#{day}")
        if item["pk"] == f"TABLE#{name}"
    )


def _place(location: str) -> str:
    return location.partition("//")[2].partition("/")[2]
