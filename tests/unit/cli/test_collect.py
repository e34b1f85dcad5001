"""`dayfold collect`: what the function is asked, and what a person is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Result

DONE = {
    "builds": 2,
    "days": 3,
    "files": 3,
    "bytes": 1_500,
    "build_tables": 1,
    "plans": 0,
    "results": 0,
    "spared": 0,
    "cut_off": False,
    "items": [
        {"what": "build", "name": "kpi.users B1", "reason": "superseded", "files": 3, "bytes": 9}
    ],
}


@pytest.fixture
def asked(functions: dict[str, Callable[[Any], Any]]) -> list[Any]:
    """What the function is asked; it answers `DONE`."""
    events: list[Any] = []

    def collect(event: Any) -> Any:
        events.append(event)
        return {**DONE, **event}

    functions["dayfold-collect-garbage"] = collect
    return events


def test_a_collection_says_what_it_deleted_and_why(
    dayfold: Callable[..., Result], asked: list[Any]
) -> None:
    # When
    result = dayfold("collect")
    # Then
    assert asked == [{"dry_run": False}]
    assert result.code == 0
    assert "kpi.users B1" in result.out
    assert "superseded" in result.out
    assert "deleted 3 files, 1.5 kB: 2 builds, 1 temporary table, 0 plans, 0 results" in result.err


def test_a_dry_run_says_would_and_gives_its_data_as_json(
    dayfold: Callable[..., Result], asked: list[Any]
) -> None:
    # When
    result = dayfold("collect", "--dry-run", "--format", "json")
    # Then
    assert asked == [{"dry_run": True}]
    assert json.loads(result.out)["builds"] == 2
    assert "would delete 3 files" in result.err
