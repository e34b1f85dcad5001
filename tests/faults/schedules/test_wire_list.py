"""The list of faulty calls is whole: what the code can call, what it sends, what schedules meet."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name

from tests.faults.schedules.lambdas import InvocationError
from tests.faults.schedules.scenario import PROFILES
from tests.faults.schedules.schedule import run_schedule
from tests.faults.schedules.wire import OPERATIONS
from tests.infrastructure.project import (
    ALL_FUNCTIONS,
    SERVICES,
    Function,
    as_list,
    calls_of_adapters,
    statements,
)
from tests.infrastructure.test_policies import right_of
from tests.unit.pipeline.backfilling import drain, start
from tests.unit.pipeline.conftest import world
from tests.unit.pipeline.world import client

if TYPE_CHECKING:
    from tests.faults.schedules.world import World as ScheduleWorld
    from tests.unit.pipeline.world import World

__all__ = ["world"]
DAYS = ["2004-05-16", "2004-05-17", "2004-05-18"]


def test_every_call_in_the_code_is_on_the_list_and_no_other() -> None:
    assert calls_of_adapters() == OPERATIONS


def test_what_a_run_and_a_backfill_put_on_the_wire_is_on_the_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given botocore's own clients, each call of which is noted as it goes out
    sent: set[tuple[str, str]] = set()

    def note(model: Any, **_: Any) -> None:
        sent.add((model.service_model.service_name, xform_name(model.name)))

    world.land(*DAYS)
    monkeypatch.setattr(type(world.pipeline.queue), "hold", lambda *_: None)
    for service in SERVICES - {"athena", "stepfunctions"}:
        client(service).meta.events.register("before-call", note)
    # When
    world.run("run-1", days=DAYS[1:])
    start(world, first=DAYS[1], last=DAYS[2], policy="all")
    drain(world)
    for service in SERVICES - {"athena", "stepfunctions"}:
        client(service).meta.events.unregister("before-call", note)
    # Then, but for the test's own takings out of the queue
    own = {("sqs", "receive_message"), ("sqs", "delete_message")}
    assert {("dynamodb", "transact_write_items"), ("glue", "batch_update_partition")} <= sent
    assert sent - own - OPERATIONS == set()


@functools.cache
def calls_of_processes() -> dict[str, set[tuple[str, str]]]:
    """By process, what is called in some schedules in which everything happens."""
    busy = [n for n, one in enumerate(PROFILES) if one.changes]
    seeds = [place + len(PROFILES) * number for number in range(6) for place in busy]
    results = [run_schedule(seed) for seed in seeds]
    results.append(run_schedule(0, prepare=finish_no_build))
    calls: dict[str, set[tuple[str, str]]] = {}
    for result in results:
        for process, some in result.seen.items():
            calls.setdefault(process, set()).update(some)
    return calls


def finish_no_build(schedule: ScheduleWorld) -> None:
    """Let every call of Finish build die, so that Fail build is called."""
    invoke = schedule.lambdas.invoke

    def dying(function: str, *given: Any, **named: Any) -> Any:
        if function == "finish_build":
            raise InvocationError("Runtime.ExitError", "the process died")
        return invoke(function, *given, **named)

    schedule.lambdas.invoke = dying  # type: ignore[method-assign]


def test_the_schedules_meet_every_call_on_the_list() -> None:
    # When
    seen = set().union(*calls_of_processes().values())
    # Then
    assert OPERATIONS - seen == set()


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_what_a_function_calls_in_trouble_it_may_call(function: Function) -> None:
    # Given what the template allows it; a function outside a run keeps its own name as a process
    allowed = {one for given in statements(function) for one in as_list(given["Action"])}
    # When
    called = {
        call
        for process, calls in calls_of_processes().items()
        if function.folder == function_of(process)
        for call in calls
    }
    # Then
    assert called or function.folder == "report_lateness"  # which no schedule needs
    # Then all of it; a transaction is allowed by the rights to what is in it
    if "dynamodb:PutItem" in allowed:
        called.discard(("dynamodb", "transact_write_items"))
    assert {right_of(*call) for call in called} - allowed == set()


def function_of(process: str) -> str:
    """The function that a process runs: `run-0/Finish build`, `job1.4`, `sweep`."""
    name = process.rpartition("/")[2].lower().replace(" ", "_")
    return "run_backfill_job" if name.startswith("job") else name
