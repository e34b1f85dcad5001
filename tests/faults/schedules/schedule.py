"""One schedule, from its seed: the trouble, the quiet after it, and what must hold then."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import itertools
import logging
import os
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

from dayfold.releasing import steer_backfill
from tests.faults.schedules.athena import Weather
from tests.faults.schedules.housekeeping import (
    check_no_leak,
    check_whole_days,
    collect,
    roll_back_days,
    sweep_once,
)
from tests.faults.schedules.invariants import (
    check_all,
    check_built_once,
    check_pointers,
    check_publish,
    check_yields,
    partitions,
    require,
)
from tests.faults.schedules.lambdas import InvocationError
from tests.faults.schedules.scenario import PROFILES, Profile, begin
from tests.faults.schedules.tables import DAYS, tables
from tests.faults.schedules.wire import Fault
from tests.faults.schedules.world import PAGE, World, make_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_ENVIRONMENT = {"POWERTOOLS_METRICS_DISABLED": "true", "POWERTOOLS_METRICS_NAMESPACE": "Dayfold"}
_SWEEPS = 3  # an hour apart, after which nothing may stand still
_MONTH = 30 * 86_400.0
_OFTEN = 0.5
_COLLECTION = 3.0  # seconds that a collection takes at least
_ROUNDS = 8  # of a person who resumes and retries backfills when all faults are over


@dataclasses.dataclass
class Result:
    """How a schedule went."""

    seed: int
    profile: str
    story: list[str]
    faults: list[Fault]
    calls: int
    reads: int
    seen: dict[str, set[tuple[str, str]]]  # by the name of the process
    failure: BaseException | None = None

    def told(self) -> str:
        """The schedule and what went wrong, to read and to replay."""
        lines = [f"seed {self.seed}: replay it with DAYFOLD_SEED={self.seed}", *self.story]
        lines += [str(fault) for fault in self.faults]
        return "\n".join([*lines, f"{type(self.failure).__name__}: {self.failure}"])


class InlinePool:
    """A thread pool without threads: what is side by side in the pipeline is in turn here."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, call: Callable[..., Any], *items: Any) -> Iterator[Any]:
        return iter([call(*one) for one in zip(*items, strict=False)])

    def submit(
        self, call: Callable[..., Any], *given: Any, **named: Any
    ) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(call(*given, **named))
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without threads of the pipeline's own, and without its log."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    with (
        mock.patch.object(concurrent.futures, "ThreadPoolExecutor", InlinePool),
        mock.patch.dict(os.environ, _ENVIRONMENT),
    ):
        yield
    logging.disable(before)


def run_schedule(
    seed: int,
    only: frozenset[int] | None = None,
    prepare: Callable[[World], None] | None = None,
    page: int = PAGE,
) -> Result:
    """Run one schedule.

    Args:
        seed: everything is drawn from it.
        only: numbers of the calls that may go wrong, to find those that matter; None is all.
        prepare: does something with the world before anything happens in it.
        page: how many entries a list answers at once.
    """
    profile = PROFILES[seed % len(PROFILES)]
    world = make_world(seed, page)
    world.wire.faults.only = only
    if prepare is not None:
        prepare(world)
    if profile.name == "calm":
        world.wire.on_call = functools.partial(check_yields, world)
    if profile.fenced:
        world.reader.on_publish = functools.partial(check_publish, world)
    result = Result(seed, profile.name, [], world.wire.faults.drawn, 0, 0, world.wire.seen)
    try:
        with quietly():
            result.story = begin(world, profile)
            world.scheduler.run()
            odds = world.wire.faults.odds
            calm_down(world)
            check(world, profile)
            grow_old(world, profile, odds)
            check_all(world)
            check_no_leak(world)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        result.failure = error
    result.calls, result.reads = world.wire.count, world.reader.reads
    return result


def calm_down(world: World) -> None:
    """No fault any more: the sweeps see to what stands still, a person to what was paused."""
    _calm(world)
    for _ in range(_SWEEPS):
        world.scheduler.spawn("clock", functools.partial(sweep_once, world))
        world.workers.poll(2)
        world.scheduler.run()
        world.scheduler.time += 3_600
    for backfill in world.dynamodb.rows("BACKFILL#", "BACKFILL"):
        require(backfill["status"] != "running", f"no sweep wakes {backfill}")
    check_pointers(world)
    for _ in range(_ROUNDS):
        actions = {"running": "resume", "paused": "resume", "failed": "retry"}
        todo = [
            (str(one["name"]), actions[one["status"]])
            for one in world.dynamodb.rows("BACKFILL#", "BACKFILL")
            if one["status"] in actions
        ]
        for name, action in todo:
            world.scheduler.spawn("person", functools.partial(_steer, world, name, action))
        world.workers.poll(2)
        world.scheduler.run()
        if not todo:
            break
    bring_up_to_date(world, "last")


def _calm(world: World) -> None:
    world.wire.faults.odds = 0.0
    world.workers.handed_out_twice = world.workers.not_deleted = 0.0
    world.athena.weather = Weather()


def bring_up_to_date(world: World, name: str) -> None:
    """One run over all days; what somebody rolled back stays so unless all is asked for."""
    rolled_back = any(state.get("pinned") for state in partitions(world).values())
    days = [str(day) for day in DAYS]
    request = {"days": days, "policy": "all" if rolled_back else "stale"}
    world.start_run(name, {"request": request})
    world.scheduler.run()


def grow_old(world: World, profile: Profile, odds: float) -> None:
    """A month later: a collection beside a rebuild and rollbacks, then one in peace."""
    world.scheduler.time += _MONTH
    world.wire.faults.odds = odds
    rng, spawn = world.rng, world.scheduler.spawn
    if profile.changes and rng.random() < _OFTEN:
        spawn("clock", functools.partial(collect, world))
        days = [str(day) for day in DAYS]
        again = {"request": {"days": days, "policy": "all", "tables": ["kpi.daily"]}}
        spawn("trigger", functools.partial(world.start_run, "again", again), rng.random())
        # Side by side, so that some choose a build just before it is marked and claim it after.
        for number, (table, day) in enumerate(itertools.product(tables(), DAYS)):
            back = functools.partial(roll_back_days, world, table, day, day, f"late-{number}")
            spawn("person", back, rng.random() * _COLLECTION)
        world.scheduler.run()
        _calm(world)
        world.scheduler.time += 3_600  # leases of the dead are over
        bring_up_to_date(world, "last-again")
        check_all(world)
        world.scheduler.time += _MONTH
    _calm(world)
    spawn("clock", functools.partial(sweep_once, world))
    world.scheduler.run()
    spawn("clock", functools.partial(collect, world))
    world.scheduler.run()


def _steer(world: World, name: str, action: str) -> None:
    limit = 100.0 if action == "resume" else None
    call = functools.partial(
        steer_backfill, world.pipeline, name=name, action=action, max_cost_usd=limit
    )
    with contextlib.suppress(InvocationError):  # it has ended by itself meanwhile
        world.ask("steer_backfill", call)


def check(world: World, profile: Profile) -> None:
    """What must hold now."""
    check_all(world)
    check_whole_days(world)
    if profile.builds_once:
        check_built_once(world)


def culprits(seed: int) -> list[Fault]:
    """The fewest faults found under which a schedule still fails, by leaving out one at a time."""
    failed = run_schedule(seed)
    kept = {fault.number for fault in failed.faults}
    for number in sorted(kept, reverse=True):
        fewer = frozenset(kept - {number})
        if run_schedule(seed, fewer).failure is not None:
            kept = set(fewer)
    return [fault for fault in failed.faults if fault.number in kept]
