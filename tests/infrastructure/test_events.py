"""The events: a good, a duplicate and a malformed case per function, as the state machine sends."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from pydantic import BaseModel

from dayfold.backfill_jobs import read_message
from dayfold.backfill_messages import JobEvent
from dayfold.domain.backfill import read_backfill
from dayfold.domain.jobs import Group
from dayfold.domain.requests import read_request
from dayfold.errors import BadRequestError
from dayfold.handling import read_event
from tests.infrastructure.project import (
    ALL_FUNCTIONS,
    ROOT,
    Function,
    all_states,
    resources,
    state_machine,
    template,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CASES = ("good", "duplicate", "malformed")
KNOWN_TABLES = ("kpi.active_users", "staging.events", "staging.posts")
EVENT_FILES = sorted((ROOT / "events").glob("*/*.json"))
BAD = {"malformed", "poison", "unknown_table"}
GOOD_FILES = [path for path in EVENT_FILES if path.stem not in BAD]
TODAY = dt.date(2004, 6, 1)


def _load(path: Path) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return event


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _model(folder: str) -> type[BaseModel] | None:
    """The model a handler reads its event with; a schedule's event is not read at all."""
    app = importlib.import_module(f"{folder}.app")
    models = [
        one
        for name, one in vars(app).items()
        if name.endswith("Event") and isinstance(one, type) and issubclass(one, BaseModel)
    ]
    return models[0] if models else None


def _read_jobs(event: dict[str, Any]) -> None:
    for record in SQSEvent(event).records:
        job = read_event(JobEvent, read_message(record.body))
        group = Group.from_json(job.group)
        assert group.wave == job.wave


# What a handler does with its event beyond reading its fields.
READERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "plan_run": lambda event: read_request(event["event"], KNOWN_TABLES),
    "run_backfill_job": _read_jobs,
    "start_backfill": lambda event: read_backfill(event, KNOWN_TABLES, TODAY, "0000"),
}


def _is_read(path: Path) -> bool:
    """Whether the event can be wrong at all."""
    return path.parent.name in READERS or _model(path.parent.name) is not None


def _read(path: Path) -> None:
    """Read an event as its handler does, and what is in it as the pipeline does."""
    function, event = path.parent.name, _load(path)
    model = _model(function)
    if model is not None:
        read_event(model, event)
    if function in READERS:
        READERS[function](event)


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_every_function_has_its_cases(function: Function) -> None:
    # Given / When
    cases = {path.stem for path in EVENT_FILES if path.parent.name == function.folder}

    # Then
    assert cases >= set(CASES)


def test_every_case_belongs_to_a_function() -> None:
    # Given / When
    folders = {path.parent.name for path in EVENT_FILES}

    # Then
    assert folders == {function.folder for function in ALL_FUNCTIONS}


@pytest.mark.parametrize("path", GOOD_FILES, ids=_name)
def test_a_good_event_is_read(path: Path) -> None:
    # Given / When / Then it raises nothing
    _read(path)


@pytest.mark.parametrize(
    "path",
    [path for path in EVENT_FILES if path not in GOOD_FILES and _is_read(path)],
    ids=_name,
)
def test_a_bad_event_is_refused_in_one_line(path: Path) -> None:
    # Given / When
    with pytest.raises(BadRequestError) as refused:
        _read(path)

    # Then
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_an_event_has_the_fields_that_the_state_machine_sends(function: Function) -> None:
    # Given
    state = dict(all_states(state_machine())).get(function.state)
    if state is None:
        pytest.skip("not called by the state machine")

    # When
    event = _load(ROOT / "events" / function.folder / "good.json")

    # Then
    assert set(event) == set(state["Arguments"]["Payload"])


@pytest.mark.parametrize(
    "path", [path for path in EVENT_FILES if path.parent.name == "run_backfill_job"], ids=_name
)
def test_a_message_comes_from_the_backfill_s_queue_and_unharmed(path: Path) -> None:
    # Given
    queue = resources("AWS::SQS::Queue")["BackfillQueue"]["QueueName"]["Fn::Sub"]
    batch = resources("AWS::Lambda::EventSourceMapping")["BackfillMapping"]["BatchSize"]

    # When
    records = _load(path)["Records"]

    # Then
    assert len(records) <= batch
    for record in records:
        digest = hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        assert record["md5OfBody"] == digest
        assert record["eventSourceARN"].endswith(queue.replace("${AWS::StackName}", ":dayfold"))


def test_sam_local_can_override_what_env_json_names() -> None:
    # Given the SAM CLI drops a variable that the template does not declare, without a word
    declared = template()["Globals"]["Function"]["Environment"]["Variables"]

    # When
    overridden = _load(ROOT / "env.json")

    # Then
    assert set(overridden) == {"Parameters"}
    assert set(overridden["Parameters"]) <= set(declared)
    assert "AWS_ENDPOINT_URL" in overridden["Parameters"]
