"""Starting runs, following them, and saying how they ended, over a state machine in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.cli.conftest import OUTPUTS
from tests.unit.cli.fakes import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_cli.deployment import Deployment
    from tests.unit.cli.conftest import Result
    from tests.unit.cli.fakes import FakeStepFunctions


def test_a_run_is_started_with_what_was_asked(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # When
    result = dayfold("run", "--day", "2004-05-20", "--table", "active_users", "--policy", "all")
    # Then the answer is the run's id and nothing else
    assert result.code == 0
    assert result.out.strip() == machine.started["name"]
    assert machine.started["stateMachineArn"] == OUTPUTS["StateMachineArn"]
    assert json.loads(machine.started["input"]) == {
        "request": {
            "days": ["2004-05-20"],
            "first": None,
            "last": None,
            "tables": ["kpi.active_users"],
            "policy": "all",
        }
    }


def test_waiting_for_a_run_ends_with_what_it_did(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # Given
    record(machine, planned=5, published=5, warnings=("raw.users dt=2004-05-19 never landed",))
    # When
    result = dayfold("run", "--from", "2004-05-19", "--to", "2004-05-20", "--wait")
    # Then
    assert result.code == 0
    assert "succeeded in 3.0 s: 5 partitions published" in result.out
    assert "warning: raw.users dt=2004-05-19 never landed" in result.err


def test_a_run_asked_for_as_json_puts_nothing_else_on_stdout(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # Given
    record(machine, planned=5, published=5)
    # When
    result = dayfold("run", "--day", "2004-05-20", "--wait", "--format", "json")
    # Then
    assert result.code == 0
    assert json.loads(result.out)["status"] == "SUCCEEDED"
    assert "succeeded in 3.0 s" in result.err


def test_a_failed_run_lists_what_failed_and_exits_1(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # Given
    machine.status = "FAILED"
    failures = (
        "kpi.a 2004-05-19: not_null(x) broken",
        "kpi.a 2004-05-20: not_null(x) broken",
        "kpi.c 2004-05-20: bad SQL",
        "kpi.b 2004-05-20: not built, kpi.a 2004-05-20 failed",
    )
    record(machine, planned=6, published=2, failed=3, failures=failures)
    # When
    result = dayfold("run", "--wait")
    # Then
    assert result.code == 1
    assert "failed: kpi.a 2004-05-19..2004-05-20: not_null(x) broken\n" in result.err
    assert "failed: kpi.c 2004-05-20: bad SQL\n" in result.err
    assert "failed: kpi.b 2004-05-20: not built, for an input failed\n" in result.err
    assert "failed after 3.0 s, 2 of 6 partitions published, see above" in result.err


def test_a_single_cause_is_the_last_line_and_the_only_one(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # Given one failure, and what could not be built without it
    machine.status = "FAILED"
    failures = (
        "staging.a 2004-05-20: HIVE_BAD_DATA: x (build b, query q). Next: mend the extract",
        "kpi.b 2004-05-20: not built, staging.a 2004-05-20 failed",
    )
    record(machine, planned=5, published=3, failed=2, failures=failures)
    # When
    result = dayfold("run", "--wait")
    # Then
    assert "failed after 3.0 s, 3 of 5 partitions published: staging.a 2004-05-20: " in result.err
    assert result.err.endswith("Next: mend the extract\n")
    assert result.err.count("staging.a") == 1


def test_a_run_that_never_planned_says_why(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # Given a run that is not in the ledger
    machine.status = "FAILED"
    # When
    result = dayfold("run", "--wait")
    # Then Dayfold's own error is said in its own words, on one line
    assert result.code == 1
    assert result.err.splitlines()[-1].endswith("failed: no such table")


def test_an_unknown_table_is_found_before_anything_starts(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # When
    result = dayfold("run", "--table", "kpi.active_user")
    # Then
    assert result.code == 1
    assert "unknown table 'kpi.active_user': did you mean 'kpi.active_users'?" in result.err
    assert machine.started == {}


def test_a_run_that_was_cut_off_says_so_and_how_to_go_on(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # Given
    machine.status = "FAILED"
    failures = (
        "the run was cut off: Sandbox.Timedout: no answer after 60 s",
        "kpi.a 2004-05-20: not built, its input failed",
    )
    record(machine, planned=3, published=2, failed=1, failures=failures)
    # When
    result = dayfold("run", "--wait")
    # Then
    assert result.code == 1
    said = result.err.splitlines()[-1]
    assert "failed after 3.0 s, 2 of 3 partitions published; cut off: Sandbox.Timedout" in said
    assert said.endswith("; the same command again builds the rest")


def test_a_plan_that_could_not_be_made_is_its_own_error(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # Given
    machine.status = "FAILED"
    record(machine, failures=("the run was cut off: QueryFileError: kpi/a.sql:3: no grain",))
    # When
    result = dayfold("run", "--wait")
    # Then
    assert result.code == 1
    assert result.err.splitlines()[-1].endswith(" failed: kpi/a.sql:3: no grain")


@pytest.mark.parametrize(
    ("days", "waiting", "code", "said"),
    [
        ([], (), 1, "no extracts have landed; `dayfold land TABLE PATH`"),
        (["2004-05-20"], (), 0, "everything was up to date"),
        (["2004-05-20"], ("kpi.a 2004-05-20: the day is not over",), 1, "built nothing: kpi.a"),
    ],
)
def test_a_run_with_nothing_to_do_says_why(
    dayfold: Callable[..., Result],
    machine: FakeStepFunctions,
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    days: list[str],
    waiting: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    # Given
    record(machine, request={"days": days}, waiting=waiting)
    saved = {"days": days, "up_to_date": 0, "waves": []}
    monkeypatch.setattr("dayfold_cli.runs._load_plan", lambda *_: saved)
    # When
    result = dayfold("run", "--wait")
    # Then
    assert result.code == code
    assert said in result.out + result.err
