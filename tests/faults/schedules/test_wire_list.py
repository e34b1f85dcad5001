"""The list of faulty calls is whole: what the code can call, what it sends, what schedules meet."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from tests.faults.schedules.scenario import PROFILES
from tests.faults.schedules.schedule import run_schedule
from tests.faults.schedules.wire import OPERATIONS
from tests.infrastructure.project import FUNCTIONS
from tests.unit.pipeline.backfilling import drain, start
from tests.unit.pipeline.conftest import world
from tests.unit.pipeline.world import client

if TYPE_CHECKING:
    import pytest

    from tests.unit.pipeline.world import World

__all__ = ["world"]
SERVICES = {"athena", "dynamodb", "glue", "s3", "sqs", "stepfunctions"}
DAYS = ["2004-05-16", "2004-05-17", "2004-05-18"]


def calls_of_adapters() -> set[tuple[str, str]]:
    """`self._glue.get_table(...)`, `dynamodb.batch_get_item(...)`; paginators name the call."""
    calls = set()
    for path in (FUNCTIONS / "dayfold" / "adapters").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner, name = node.func.value, node.func.attr
            called = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if called.lstrip("_") not in SERVICES:
                continue
            if name == "get_paginator" and isinstance(node.args[0], ast.Constant):
                name = str(node.args[0].value)
            calls.add((called.lstrip("_"), name))
    return calls


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


def test_the_schedules_meet_every_call_on_the_list() -> None:
    # Given the profiles in which everything happens
    busy = [n for n, one in enumerate(PROFILES) if one.changes]
    # When
    seen = set()
    for number in range(6):
        for place in busy:
            seen |= run_schedule(place + len(PROFILES) * number).seen
    # Then
    assert OPERATIONS - seen == set()
