"""The events: a good, a duplicate and a malformed case per function, as the state machine sends."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from dayfold.domain.requests import read_request
from dayfold.errors import BadRequestError
from dayfold.handling import read_event
from tests.infrastructure.project import (
    ALL_FUNCTIONS,
    ROOT,
    Function,
    all_states,
    state_machine,
    template,
)

if TYPE_CHECKING:
    from pathlib import Path

CASES = ("good", "duplicate", "malformed")
KNOWN_TABLES = ("kpi.active_users", "staging.events", "staging.posts")
EVENT_FILES = sorted((ROOT / "events").glob("*/*.json"))
GOOD_FILES = [path for path in EVENT_FILES if path.stem not in {"malformed", "unknown_table"}]


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


def _read(path: Path) -> None:
    """Read an event as its handler does, and a run's input as the planner does."""
    model = _model(path.parent.name)
    if model is None:
        return
    event = read_event(model, _load(path))
    if path.parent.name == "plan_run":
        read_request(dict(event)["event"], KNOWN_TABLES)


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
    [path for path in EVENT_FILES if path not in GOOD_FILES and _model(path.parent.name)],
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
        pytest.skip("called by a schedule")

    # When
    event = _load(ROOT / "events" / function.folder / "good.json")

    # Then
    assert set(event) == set(state["Arguments"]["Payload"])


def test_sam_local_can_override_what_env_json_names() -> None:
    # Given the SAM CLI drops a variable that the template does not declare, without a word
    declared = template()["Globals"]["Function"]["Environment"]["Variables"]

    # When
    overridden = _load(ROOT / "env.json")

    # Then
    assert set(overridden) == {"Parameters"}
    assert set(overridden["Parameters"]) <= set(declared)
    assert "AWS_ENDPOINT_URL" in overridden["Parameters"]
