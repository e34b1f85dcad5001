"""What the tests of `dayfold backfill` stand on: functions, a ledger and a mapping in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.cli.backfill.fakes import FakeBackfills, FakeMappings

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_cli.deployment import Deployment

NAMES = {
    "StartBackfillFunction": "dayfold-start-backfill",
    "SteerBackfillFunction": "dayfold-steer-backfill",
    "BackfillMapping": "mapping-1",
}


@pytest.fixture
def mapping(
    deployment: Deployment,
    functions: dict[str, Callable[[Any], Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> FakeMappings:
    """Lambda, with the functions of `functions` and one event source mapping."""
    del functions
    deployment.outputs.update(NAMES)
    fake = FakeMappings(deployment._clients["lambda"])
    monkeypatch.setitem(deployment._clients, "lambda", fake)
    return fake


@pytest.fixture
def asked(
    mapping: FakeMappings, functions: dict[str, Callable[[Any], Any]]
) -> dict[str, list[dict[str, Any]]]:
    """What the two functions are asked; they answer with `answers`, or raise it."""
    del mapping
    calls: dict[str, Any] = {"start": [], "steer": [], "answers": {}}

    def answering(which: str) -> Callable[[Any], Any]:
        def answer(event: Any) -> Any:
            calls[which].append(event)
            found = calls["answers"][which]
            if isinstance(found, Exception):
                raise found
            return found

        return answer

    functions[NAMES["StartBackfillFunction"]] = answering("start")
    functions[NAMES["SteerBackfillFunction"]] = answering("steer")
    return calls


@pytest.fixture
def store(mapping: FakeMappings, monkeypatch: pytest.MonkeyPatch) -> FakeBackfills:
    """The ledger's backfills, and no waiting between two looks."""
    del mapping
    fake = FakeBackfills()
    for module in ("backfills", "backfill_view"):
        monkeypatch.setattr(f"dayfold_cli.{module}.store_of", lambda _deployment: fake)
    monkeypatch.setattr("dayfold_cli.backfill_view.time.sleep", lambda _seconds: None)
    return fake
