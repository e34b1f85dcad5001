"""Pausing, resuming, cancelling, retrying, and changing how many jobs run at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dayfold.errors import BadRequestError
from tests.unit.cli.backfill.fakes import RUNNING, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.backfill.fakes import FakeBackfills, FakeMappings
    from tests.unit.cli.conftest import Result


@pytest.mark.parametrize(
    ("action", "answer", "said", "hint"),
    [
        ("pause", ("paused", 0), "may is paused; jobs that run already end", "resume may"),
        ("resume", ("running", 3), "may goes on: 3 jobs sent", "watch may"),
        ("cancel", ("cancelled", 0), "may is cancelled; what it has published stays", ""),
        ("retry", ("running", 1), "may builds what is not built: 1 job sent", "watch may"),
    ],
)
def test_a_backfill_is_steered(
    dayfold: Callable[..., Result],
    asked: dict[str, Any],
    action: str,
    answer: tuple[str, int],
    said: str,
    hint: str,
) -> None:
    # Given
    status, sent = answer
    asked["answers"]["steer"] = {"name": "may", "status": status, "jobs_sent": sent}
    # When
    result = dayfold("backfill", action, "may")
    # Then
    assert asked["steer"] == [{"name": "may", "action": action, "max_cost_usd": None}]
    assert (result.code, result.out) == (0, f"{said}\n")
    assert result.err == (f"next: dayfold backfill {hint}\n" if hint else "")


@pytest.mark.parametrize("action", ["resume", "retry"])
def test_the_cost_limit_can_be_raised_on_the_way(
    dayfold: Callable[..., Result], asked: dict[str, Any], action: str
) -> None:
    # Given
    asked["answers"]["steer"] = {"name": "may", "status": "running", "jobs_sent": 1}
    # When
    result = dayfold("backfill", action, "may", "--max-cost", "2.5")
    refused = dayfold("backfill", action, "may", "--max-cost", "0")
    # Then
    assert result.code == 0
    assert asked["steer"] == [{"name": "may", "action": action, "max_cost_usd": 2.5}]
    assert refused.code == 2
    assert "0: give dollars, more than 0" in refused.err


@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "retry"])
def test_what_the_function_refuses_is_shown_as_it_is(
    dayfold: Callable[..., Result], asked: dict[str, Any], action: str
) -> None:
    # Given
    asked["answers"]["steer"] = BadRequestError("backfill 'may' has ended")
    # When
    result = dayfold("backfill", action, "may")
    # Then
    assert (result.code, result.out) == (1, "")
    assert result.err == "dayfold: backfill 'may' has ended\n"


def test_a_retry_can_be_waited_for(
    dayfold: Callable[..., Result], asked: dict[str, Any], store: FakeBackfills
) -> None:
    # Given
    asked["answers"]["steer"] = {"name": "may", "status": "running", "jobs_sent": 1}
    store.states = [RUNNING, SUCCEEDED]
    # When
    result = dayfold("backfill", "retry", "may", "--wait")
    # Then
    assert result.code == 0
    assert "may builds what is not built: 1 job sent\n" in result.err
    assert "may succeeded" in result.out


def test_concurrency_is_said_and_changed(
    dayfold: Callable[..., Result], mapping: FakeMappings
) -> None:
    # When / Then
    assert dayfold("backfill", "concurrency").out == "20 jobs at once\n"
    assert dayfold("backfill", "concurrency", "100").out.startswith("100 jobs at once from now on")
    assert mapping.concurrency == 100
    refused = dayfold("backfill", "concurrency", "1")
    assert refused.code == 2
    assert "1 is not in the range 2<=x<=1000" in refused.err
