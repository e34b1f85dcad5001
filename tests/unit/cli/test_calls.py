"""Querying and invoking: calls, answers and refusals."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from dayfold_cli.athena import FINAL_STATES
from tests.unit.cli.conftest import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dayfold_cli.deployment import Deployment
    from tests.unit.cli.conftest import Result


class FakeAthena:
    """One query that ends as told, with rows in pages."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {"State": "SUCCEEDED"}
        self.sql = ""
        self.stopped = False

    def start_query_execution(self, QueryString: str, WorkGroup: str) -> dict[str, Any]:  # noqa: N803
        assert WorkGroup == OUTPUTS["Workgroup"]
        self.sql = QueryString
        return {"QueryExecutionId": "q-1"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        numbers = {"TotalExecutionTimeInMillis": 420, "DataScannedInBytes": 12_345_678}
        return {
            "QueryExecution": {
                "Status": self.status,
                "Statistics": numbers,
                "StatementType": "DML",
            }
        }

    def stop_query_execution(self, **_: Any) -> None:
        self.stopped = True

    def get_query_results(self, NextToken: str | None = None, **_: Any) -> dict[str, Any]:  # noqa: N803
        names = {"dt": "varchar", "active_users": "bigint", "ratio": "double"}
        info = [{"Name": name, "Type": kind} for name, kind in names.items()]
        pages: dict[str | None, list[tuple[str | None, ...]]] = {
            None: [("dt", "active_users", "ratio"), ("2004-05-20", "294", "0.5")],
        }
        rows = pages.get(NextToken, [("2004-05-21", None, "1.0E7")])
        cells = [
            {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]}
            for row in rows
        ]
        answer: dict[str, Any] = {
            "ResultSet": {"Rows": cells, "ResultSetMetadata": {"ColumnInfo": info}}
        }
        return answer if NextToken else {**answer, "NextToken": "more"}


@pytest.fixture
def athena(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> FakeAthena:
    fake = FakeAthena()
    monkeypatch.setitem(deployment._clients, "athena", fake)
    return fake


def test_a_query_prints_rows_and_what_they_cost(
    dayfold: Callable[..., Result], athena: FakeAthena
) -> None:
    # When
    result = dayfold("query", "SELECT 1;")
    # Then data on stdout, all else on stderr
    assert athena.sql == "SELECT 1"
    assert [line.split() for line in result.out.splitlines()] == [
        ["dt", "active_users", "ratio"],
        ["2004-05-20", "294", "0.5"],
        ["2004-05-21", "-", "10000000"],
    ]
    assert "2 rows, 0.4 s, 12.3 MB scanned, $0.000065, query q-1" in result.err


def test_query_results_keep_their_types_in_json_and_csv(
    dayfold: Callable[..., Result], athena: FakeAthena
) -> None:
    # When
    as_json = json.loads(dayfold("query", "SELECT 1", "--format", "json").out)
    as_csv = dayfold("query", "SELECT 1", "--format", "csv").out
    # Then
    assert as_json[0] == {"dt": "2004-05-20", "active_users": 294, "ratio": 0.5}
    assert as_json[1]["active_users"] is None
    assert as_csv.splitlines()[1:] == ["2004-05-20,294,0.5", "2004-05-21,,10000000.0"]


def test_a_limit_cuts_and_says_so(dayfold: Callable[..., Result], athena: FakeAthena) -> None:
    # When
    result = dayfold("query", "SELECT 1", "--limit", "1")
    # Then
    assert len(result.out.splitlines()) == 2
    assert "first 1 rows (--limit N for more)" in result.err


@pytest.mark.parametrize("state", [state for state in FINAL_STATES if state != "SUCCEEDED"])
def test_a_query_that_fails_is_athenas_reason_on_one_line(
    dayfold: Callable[..., Result], athena: FakeAthena, state: str
) -> None:
    # Given
    reason = "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"
    athena.status = {"State": state, "StateChangeReason": reason}
    # When
    result = dayfold("query", "SELECT x")
    # Then
    assert result.code == 1
    assert result.err == f"dayfold: Athena: {reason} (query q-1)\n"


def test_invoking_by_folder_or_logical_name_with_a_file_or_a_case(
    dayfold: Callable[..., Result],
    functions: dict[str, Callable[[Any], Any]],
    project: Path,
    tmp_path: Path,
) -> None:
    # Given
    functions[OUTPUTS["PlanRunFunction"]] = lambda event: {"got": event}
    cases = project / "events" / "plan_run"
    cases.mkdir(parents=True)
    (cases / "good.json").write_text('{"a": 1}', encoding="utf-8")
    # When
    by_case = dayfold("invoke", "plan_run", "good")
    by_file = dayfold("invoke", "PlanRunFunction", cases / "good.json")
    # Then
    assert json.loads(by_case.out) == {"got": {"a": 1}}
    assert by_case.out == by_file.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["plan_runs", "good"],
            "there is no function 'plan_runs': there are collect_garbage, plan",
        ),
        (["plan_run", "goood"], "goood: no such file, and events/plan_run/ has only bad, good"),
        (["plan_run", "bad"], "bad.json: cannot be read as JSON"),
        (["start_build", "nothing.json"], "nothing.json: no such file"),
    ],
)
def test_what_cannot_be_invoked_is_one_line(
    dayfold: Callable[..., Result],
    deployment: Deployment,
    project: Path,
    arguments: list[str],
    said: str,
) -> None:
    # Given
    for function in ("plan_run", "plan_runs"):
        cases = project / "events" / function
        cases.mkdir(parents=True)
        (cases / "good.json").write_text("{}", encoding="utf-8")
        (cases / "bad.json").write_text("{", encoding="utf-8")
    # When
    result = dayfold("invoke", *arguments)
    # Then
    assert result.code == 1
    assert said in result.err
    assert result.err.count("\n") == 1


def test_a_function_that_fails_is_one_line_and_exit_code_1(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]], tmp_path: Path
) -> None:
    # Given
    def fail(_event: Any) -> None:
        raise KeyError("run_id")

    functions[OUTPUTS["PlanRunFunction"]] = fail
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"at": str(dt.date(2004, 5, 20))}), encoding="utf-8")
    # When
    result = dayfold("invoke", "plan_run", event)
    # Then
    assert result.code == 1
    assert result.err == "dayfold: KeyError: 'run_id'\n"
