"""What happens in a schedule: who asks for what, when, and in which weather; all from the seed."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from dayfold.backfill_plans import start_backfill
from dayfold.releasing import steer_backfill
from tests.faults.schedules.athena import Weather
from tests.faults.schedules.housekeeping import roll_back_days, sweep_once
from tests.faults.schedules.lambdas import InvocationError
from tests.faults.schedules.tables import DAYS, RAW_DAYS, tables

if TYPE_CHECKING:
    from tests.faults.schedules.world import World

_ALL = ("refuse", "break", "lose", "repeat", "part", "slow", "kill")
_LONGEST = (0.5, 2.0, 2.0, 5.0, 5.0, 20.0, 60.0, 400.0)  # seconds that a query may take
_SOMETIMES = 0.3
_POLICIES = ("stale", "stale", "missing", "all")


@dataclasses.dataclass(frozen=True)
class Profile:
    """A kind of trouble, and with it what a schedule may be held to."""

    name: str
    kinds: tuple[str, ...] = ()
    odds: tuple[float, ...] = (0.0,)
    twice: float = 0.0  # messages handed out twice, or not deleted
    changes: bool = False  # late files, edited queries, failing queries, aborted executions
    builds_once: bool = False  # nothing may be built twice, and no run may fail
    fenced: bool = True  # a writer without its lease may not change what readers see


PROFILES = (
    Profile("calm", builds_once=True),
    Profile("repeats", ("repeat",), (0.05, 0.2), twice=0.2, builds_once=True),
    Profile("throttled", ("refuse",), (0.01, 0.02), builds_once=True),
    Profile("changes", twice=0.05, changes=True),
    Profile("storm", _ALL, (0.01, 0.03, 0.06), twice=0.05),
    Profile("kills", ("kill",), (0.01, 0.03, 0.06)),
    Profile("slow", ("slow", "refuse", "lose"), (0.02, 0.05), twice=0.1),
    Profile("all at once", _ALL, (0.01, 0.03), twice=0.05, changes=True),
    Profile("frozen", (*_ALL, "freeze", "freeze"), (0.02, 0.04), changes=True, fenced=False),
)


def begin(world: World, profile: Profile) -> list[str]:
    """Set a schedule going; returns what it is about, a line each."""
    rng, story = world.rng, [f"profile {profile.name}"]
    world.scheduler.time += 1.0  # after the last crawl
    uncrawled = RAW_DAYS[-1] if profile.changes and rng.random() < _SOMETIMES else None
    for day in RAW_DAYS:
        world.land(str(day), crawled=day != uncrawled)
    if uncrawled:
        story.append(f"{uncrawled} has landed and is not crawled")
    faults = world.wire.faults
    faults.kinds, faults.odds = profile.kinds, rng.choice(profile.odds)
    world.workers.handed_out_twice = world.workers.not_deleted = profile.twice
    # Messages that repeat while they wait for a long run would grow in number without end.
    longest = rng.choice(_LONGEST[: -2 if profile.twice or profile.builds_once else None])
    quota = 50 if profile.builds_once else rng.choice((2, 4, 50))
    world.athena.weather = Weather(longest=longest, quota=quota)
    story.append(f"{faults.odds:.0%} of calls go wrong, queries take up to {longest:.0f} s")
    _start_runs(world, story)
    _start_backfills(world, story, steered=not profile.builds_once)
    if profile.changes:
        _change(world, story)
        _housekeep(world, story)
    return story


def _start_runs(world: World, story: list[str]) -> None:
    """One to three executions, of the same trigger or of different ones."""
    rng = world.rng
    for number in range(rng.randint(1, 3)):
        event: dict[str, Any] = {
            "detail-type": "Glue Crawler State Change",
            "detail": {"crawlerName": "crawler"},
        }
        if rng.random() < 0.6:
            request: dict[str, Any] = {"days": [str(day) for day in DAYS]}
            request["days_per_job"] = rng.choice((None, 1, 2))
            event = {"request": {key: one for key, one in request.items() if one}}
        after = rng.choice((0.0, 1.0, 30.0, 400.0))
        name = f"run-{number}"
        story.append(f"{name} after {after:.0f} s: {event.get('request', 'crawler')}")
        world.scheduler.spawn("trigger", functools.partial(world.start_run, name, event), after)


def _start_backfills(world: World, story: list[str], *, steered: bool) -> None:
    """None to two backfills over the same days, and somebody who steers them."""
    rng = world.rng
    count = rng.choice((0, 1, 1, 2))
    for number in range(count):
        first = rng.randrange(len(DAYS))
        event = {
            "name": f"b{number}",
            "first": str(DAYS[first]),
            "last": str(DAYS[rng.randrange(first, len(DAYS))]),
            "policy": "stale" if not steered else rng.choice(_POLICIES),
            "days_per_job": rng.choice((None, 1, 2)),
            "order": rng.choice(("newest", "oldest")),
            "max_cost_usd": rng.choice((None, None, 0.0005)) if steered else None,
        }
        given = {key: one for key, one in event.items() if one is not None}
        after = rng.choice((0.0, 1.0, 60.0))
        story.append(f"backfill after {after:.0f} s: {given}")
        world.scheduler.spawn("person", functools.partial(_backfill, world, given), after)
        for _ in range(rng.choice((0, 0, 1, 3)) if steered else 0):
            action = rng.choice(("pause", "resume", "resume", "cancel", "retry"))
            moment = after + rng.random() * rng.choice((5.0, 200.0))
            story.append(f"  {action} after {moment:.0f} s")
            steer = functools.partial(_steer, world, str(event["name"]), action)
            world.scheduler.spawn("person", steer, moment)
    if count:
        world.workers.poll(rng.randint(1, 3))


def _backfill(world: World, event: dict[str, Any]) -> None:
    call = functools.partial(start_backfill, world.pipeline, event=event)
    _try(world, "start_backfill", call)


def _steer(world: World, name: str, action: str) -> None:
    call = functools.partial(steer_backfill, world.pipeline, name=name, action=action)
    _try(world, "steer_backfill", call)


def _try(world: World, function: str, call: functools.partial[dict[str, Any]]) -> None:
    try:
        world.ask(function, call)
    except InvocationError:
        return  # a person reads it and, at the latest when all is over, asks again


def _change(world: World, story: list[str]) -> None:
    """Late and broken files, edited queries, failing queries, executions that are stopped."""
    rng = world.rng
    world.athena.weather.failing = rng.choice((0.0, 0.1))
    world.athena.weather.wide_failing = rng.choice((0.0, 0.5))
    for number in range(rng.randint(0, 3)):
        day = str(rng.choice(RAW_DAYS[2:]))
        text = rng.choice(("{}", "{}", "bad"))
        after = rng.random() * rng.choice((3.0, 60.0))
        story.append(f"a late file for {day} after {after:.1f} s: {text}")
        name = f"late-{number}"
        world.scheduler.spawn("source", functools.partial(world.land, day, name, text), after)
        if text == "bad":
            mended = functools.partial(world.land, day, name, "{mended}")
            world.scheduler.spawn("source", mended, after + rng.random() * 100)
    if rng.random() < 0.4:
        name = rng.choice(sorted(tables()))
        after = rng.random() * 30
        story.append(f"{name} is edited after {after:.1f} s")
        world.scheduler.spawn("person", functools.partial(world.queries.edit, name), after)
    if rng.random() < 0.4:
        after = rng.random() * 30
        story.append(f"run-0 is stopped after {after:.1f} s")
        world.scheduler.spawn("person", functools.partial(world.machine.abort, "run-0"), after)


def _housekeep(world: World, story: list[str]) -> None:
    """Sweeps and rollbacks in the midst of it."""
    rng = world.rng
    for number in range(rng.choice((0, 0, 1, 2))):
        table, after = rng.choice(sorted(tables())), rng.random() * rng.choice((20.0, 600.0))
        first = rng.randrange(len(DAYS))
        days = DAYS[first], DAYS[rng.randrange(first, len(DAYS))]
        story.append(f"{table} {days[0]}..{days[1]} is rolled back after {after:.0f} s")
        rolled = functools.partial(roll_back_days, world, table, *days, str(number))
        world.scheduler.spawn("person", rolled, after)
    for _ in range(rng.choice((0, 0, 1, 2))):
        after = rng.random() * rng.choice((20.0, 600.0))
        story.append(f"a sweep after {after:.0f} s")
        world.scheduler.spawn("clock", functools.partial(sweep_once, world), after)
