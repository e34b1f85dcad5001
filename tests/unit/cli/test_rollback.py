"""`dayfold rollback`: what it asks of the stack, what it says, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.cli.conftest import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Result

FUNCTION = OUTPUTS["RollBackFunction"]


def partition(day: str, action: str = "move", reason: str = "") -> dict[str, Any]:
    """One row of the function's answer."""
    return {
        "table": "kpi.active_users",
        "day": day,
        "action": action,
        "reason": reason,
        "build_id": "b1" if action == "move" else None,
        "undone_build_id": "b2" if action == "move" else None,
    }


def answer(*partitions: dict[str, Any], cut_off: bool = False) -> dict[str, Any]:
    """The function's answer."""
    actions = [one["action"] for one in partitions]
    return {
        "run_id": "rollback-1",
        "cut_off": cut_off,
        "moved": actions.count("move"),
        "done": actions.count("done"),
        "left": actions.count("leave"),
        "partitions": list(partitions),
    }


def test_a_day_is_asked_for_and_the_answer_said(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given
    asked: list[dict[str, Any]] = []

    def roll_back(event: dict[str, Any]) -> dict[str, Any]:
        asked.append(event)
        return answer(partition("2004-05-20"))

    functions[FUNCTION] = roll_back
    # When
    result = dayfold("rollback", "active_users", "2004-05-20", "--build", "b1")
    # Then
    assert result.code == 0
    (event,) = asked
    assert event["run_id"].startswith("rollback-")
    assert event["by"]
    days = {"first": "2004-05-20", "last": "2004-05-20", "build_id": "b1", "dry_run": False}
    assert {**event, **days, "table": "kpi.active_users"} == event
    assert result.out.splitlines()[1].split()[:5] == [
        *("kpi.active_users", "2004-05-20", "rolled", "back", "b1")
    ]
    assert "rolled back 1 day in" in result.err


def test_it_is_called_until_all_is_done(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given a function that runs out of time once
    answers = [
        answer(partition("2004-05-20"), partition("2004-05-21", "leave"), cut_off=True),
        answer(partition("2004-05-20", "done"), partition("2004-05-21")),
    ]
    functions[FUNCTION] = lambda _event: answers.pop(0)
    # When
    result = dayfold(
        *("rollback", "active_users", "--from", "2004-05-20", "--to", "2004-05-21"),
        *("--format", "json"),
    )
    # Then
    assert result.code == 0
    printed = json.loads(result.out)
    assert (printed["moved"], printed["done"], printed["left"]) == (2, 0, 0)


def test_what_is_left_is_said_and_makes_it_fail(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given
    left = partition("2004-05-21", "leave", "has no build before b1")
    functions[FUNCTION] = lambda _event: answer(partition("2004-05-20"), left)
    # When
    result = dayfold("rollback", "--backfill", "spring")
    # Then
    assert result.code == 1
    assert "has no build before b1" in result.out
    assert result.err.splitlines()[-1] == "dayfold: 1 day not rolled back: see above"


def test_many_days_are_said_in_a_row_a_table(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given
    days = [f"2004-05-{n:02}" for n in range(1, 31)]
    functions[FUNCTION] = lambda _event: answer(*map(partition, days))
    # When
    result = dayfold("rollback", "active_users", "--from", days[0], "--to", days[-1], "--dry-run")
    # Then
    assert result.out.splitlines()[1].split() == [
        *("kpi.active_users", "2004-05-01..2004-05-30", "rolled", "back", "30")
    ]
    assert "would roll back 30 days; nothing has moved" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say what to roll back"),
        (("active_users",), "say which days, once"),
        (("active_users", "2004-05-20", "--from", "2004-05-20"), "say which days, once"),
        (("active_users", "--from", "2004-05-20", "--to", "2004-05-01"), "the range is reversed"),
        (("active_users", "2004-02-30"), "is not a day"),
        (("active_users", "2004-05-20", "--backfill", "b"), "takes a whole backfill"),
    ],
)
def test_a_line_that_makes_no_sense_is_wrong_usage(
    dayfold: Callable[..., Result],
    functions: dict[str, Callable[[Any], Any]],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    # Given a stack that must not be asked
    del functions
    # When
    result = dayfold("rollback", *arguments)
    # Then
    assert result.code == 2
    assert said in result.err
    assert len(result.err.splitlines()) == 1
