"""The plan of a run that is not carried out: for people, as CSV, and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold.errors import BadRequestError
from dayfold_cli.reasons import gather_warnings
from tests.unit.cli.conftest import OUTPUTS
from tests.unit.cli.fakes import PLAN

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.unit.cli.conftest import Result


def test_a_dry_run_shows_the_plan_by_wave(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given
    asked: list[Any] = []

    def answer(event: Any) -> dict[str, Any]:
        asked.append(event)
        return PLAN

    functions[OUTPUTS["PlanRunFunction"]] = answer
    # When
    result = dayfold("run", "--from", "2004-05-19", "--to", "2004-05-21", "--dry-run")
    # Then
    assert asked[0]["event"]["request"]["dry_run"] is True
    assert asked[0]["event"]["request"]["first"] == "2004-05-19"
    lines = result.out.splitlines()
    assert lines[0].split() == ["wave", "table", "days", "expected", "why"]
    assert "missing; stale: raw.events changed" in lines[1]
    assert "has not landed" in result.out
    assert "would build 2 partitions" in lines[-1]
    assert "12 MB, $0.00012; 4 up to date, 1 partition waits" in lines[-1]


def test_a_plan_as_csv_has_a_row_per_partition(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given
    functions[OUTPUTS["PlanRunFunction"]] = lambda _event: PLAN
    # When
    result = dayfold("run", "--dry-run", "--format", "csv")
    # Then
    assert result.out.splitlines() == [
        "wave,table,day,action,reason",
        "1,staging.posts,2004-05-19,build,stale: raw.events changed",
        "1,staging.posts,2004-05-20,build,missing",
        ",kpi.active_users,2004-05-21,wait,raw.events dt=2004-05-21 has not landed",
    ]


def test_a_function_that_refuses_is_one_line(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given
    def refuse(_event: Any) -> None:
        raise BadRequestError("unknown table 'kpi.x'")

    functions[OUTPUTS["PlanRunFunction"]] = refuse
    # When
    result = dayfold("run", "--dry-run")
    # Then
    assert result.code == 1
    assert result.err == "dayfold: unknown table 'kpi.x'\n"


def test_a_narrow_terminal_leaves_the_reasons_room(
    dayfold: Callable[..., Result],
    functions: dict[str, Callable[[Any], Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    functions[OUTPUTS["PlanRunFunction"]] = lambda _event: PLAN
    monkeypatch.setattr("dayfold_cli.plans.is_terminal", lambda: True)
    # When
    monkeypatch.setenv("COLUMNS", "80")
    narrow = dayfold("run", "--dry-run").out
    monkeypatch.setenv("COLUMNS", "120")
    wide = dayfold("run", "--dry-run").out
    # Then
    assert narrow.splitlines()[0].split() == ["wave", "table", "days", "why"]
    assert wide.splitlines()[0].split() == ["wave", "table", "days", "expected", "why"]


def test_a_plan_without_a_day_says_that_nothing_has_landed(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given
    nothing: dict[str, Any] = {"days": [], "waves": [], "waiting": [], "up_to_date": 0}
    functions[OUTPUTS["PlanRunFunction"]] = lambda _event: nothing
    # When
    result = dayfold("run", "--dry-run")
    # Then
    assert result.out.startswith("no day to build: no extracts have landed")


def test_warnings_about_the_same_extract_are_one_line() -> None:
    # Given
    lines = [f"raw.a dt=2004-05-{day:02} never landed" for day in (1, 2, 3, 7)]
    # When / Then
    assert gather_warnings([*lines, "something else"]) == [
        "raw.a dt=2004-05-01..2004-05-03, 2004-05-07 never landed",
        "something else",
    ]
