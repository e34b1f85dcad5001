"""Running, planning and looking at the grid, over functions and a ledger in memory."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.partition import BuildRecord, PartitionState, RunRecord
from dayfold.errors import BadRequestError
from dayfold_cli.grid import judge
from tests.unit.cli.conftest import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_cli.deployment import Deployment
    from tests.unit.cli.conftest import Result

DAY = dt.date(2004, 5, 20)
PUBLISHED = PartitionState(
    status="published",
    attempt=2,
    run_id="run-1",
    build_id="b2",
    query_id="q-2",
    published_build_id="b2",
    published_at="2004-05-21T00:00:00+00:00",
    location="s3://extracts/builds/kpi.active_users/b2/dt=2004-05-20/",
    inputs={"staging.posts": "abc"},
    rows=3,
    bytes_scanned=1_234_567,
    seconds=1.25,
    cost_usd=0.00005,
)
PLAN: dict[str, Any] = {
    "run_id": "dry-1",
    "policy": "stale",
    "days": ["2004-05-19", "2004-05-20", "2004-05-21"],
    "waves": [
        {
            "number": 1,
            "jobs": [
                {
                    "table": "staging.posts",
                    "first": "2004-05-19",
                    "last": "2004-05-20",
                    "reasons": {
                        "2004-05-19": "stale: raw.events changed",
                        "2004-05-20": "missing",
                    },
                    "expected_bytes": 12_000_000,
                }
            ],
        }
    ],
    "waiting": [
        {
            "table": "kpi.active_users",
            "day": "2004-05-21",
            "reason": "raw.events dt=2004-05-21 has not landed",
        }
    ],
    "warnings": ["raw.users dt=2004-05-20 never landed: it counts as empty"],
    "up_to_date": 4,
    "expected_bytes": 12_000_000,
    "expected_usd": 0.00012,
}


class FakeLedger:
    """The reading half of the ledger, over dictionaries."""

    def __init__(self) -> None:
        self.states: dict[str, dict[dt.date, PartitionState]] = {}
        self.history: dict[tuple[str, dt.date], list[BuildRecord]] = {}
        self.runs: dict[str, RunRecord] = {}

    def partitions(self, table: str, first: dt.date, last: dt.date) -> dict[dt.date, Any]:
        return {d: s for d, s in self.states.get(table, {}).items() if first <= d <= last}

    def builds(self, table: str, day: dt.date) -> list[BuildRecord]:
        return self.history.get((table, day), [])

    def run(self, run_id: str) -> RunRecord | None:
        return self.runs.get(run_id)

    def recent_runs(self, limit: int = 20) -> list[RunRecord]:
        return list(self.runs.values())[:limit]


class FakeStepFunctions:
    """One execution that runs for two looks and ends as told."""

    def __init__(self, ledger: FakeLedger, status: str) -> None:
        self.ledger = ledger
        self.status = status
        self.started: dict[str, Any] = {}
        self.looks = 0

    def start_execution(self, **arguments: Any) -> dict[str, Any]:
        self.started = arguments
        return {"executionArn": "arn:execution"}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        assert executionArn == "arn:execution"
        self.looks += 1
        start = dt.datetime(2004, 5, 21, tzinfo=dt.UTC)
        if self.looks < 3:
            return {"status": "RUNNING", "startDate": start}
        cause = json.dumps({"errorType": "BadRequestError", "errorMessage": "no such\ntable"})
        end = start + dt.timedelta(seconds=3)
        return {"status": self.status, "startDate": start, "stopDate": end, "cause": cause}


@pytest.fixture
def ledger(deployment: Deployment) -> FakeLedger:
    fake = FakeLedger()
    vars(deployment)["ledger"] = fake
    return fake


@pytest.fixture
def machine(
    deployment: Deployment, ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> FakeStepFunctions:
    fake = FakeStepFunctions(ledger, "SUCCEEDED")
    monkeypatch.setitem(deployment._clients, "stepfunctions", fake)
    monkeypatch.setattr("dayfold_cli.runs.time.sleep", lambda _seconds: None)
    return fake


def record(machine: FakeStepFunctions, **facts: Any) -> None:
    """Have the run that is going to be started in the ledger."""

    class AnyRun(dict[str, RunRecord]):
        def get(self, key: str, default: Any = None) -> Any:
            del default
            start = "2004-05-21T00:00:00+00:00"
            return RunRecord(
                run_id=key, status="running", trigger="request", started_at=start, **facts
            )

    machine.ledger.runs = AnyRun()


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


def test_a_failed_run_lists_what_failed_and_exits_1(
    dayfold: Callable[..., Result], machine: FakeStepFunctions
) -> None:
    # Given
    machine.status = "FAILED"
    failures = (
        "kpi.a 2004-05-19: not_null(x) broken",
        "kpi.a 2004-05-20: not_null(x) broken",
        "kpi.b 2004-05-20: not built, kpi.a 2004-05-20 failed",
    )
    record(machine, planned=5, published=2, failed=3, failures=failures)
    # When
    result = dayfold("run", "--wait")
    # Then
    assert result.code == 1
    assert "failed: kpi.a 2004-05-19..2004-05-20: not_null(x) broken\n" in result.err
    assert "failed: kpi.b 2004-05-20: not built, for an input failed\n" in result.err
    assert "3 partitions of 5 not built; 2 published" in result.err
    assert "--policy failed" in result.err


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


def test_the_grid_joins_what_is_planned_with_what_the_ledger_knows(
    dayfold: Callable[..., Result],
    functions: dict[str, Callable[[Any], Any]],
    ledger: FakeLedger,
) -> None:
    # Given
    functions[OUTPUTS["PlanRunFunction"]] = lambda _event: PLAN
    yesterday = DAY - dt.timedelta(days=1)
    ledger.states["staging.posts"] = {yesterday: PUBLISHED}
    ledger.states["kpi.active_users"] = {yesterday: PUBLISHED, DAY: PUBLISHED}
    start, end = "2004-05-21T00:00:00.000+00:00", "2004-05-21T00:01:30.000+00:00"
    ledger.runs["run-7"] = RunRecord(
        "run-7", "failed", "request", start, ended_at=end, planned=4, published=3, failed=1
    )
    # When
    result = dayfold("status")
    # Then plain words in a pipe
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[0] == ["day", "staging.posts", "kpi.active_users"]
    assert lines[1] == ["2004-05-19", "stale", "published"]
    assert lines[2] == ["2004-05-20", "missing", "published"]
    assert lines[3] == ["2004-05-21", "missing", "waiting"]
    assert "stale: staging.posts, 2004-05-19: raw.events changed" in result.out
    assert "2004-05-21 00:00:00 UTC  failed after 90 s: 3 of 4 published, 1 failed" in result.out


@pytest.mark.parametrize(
    ("state", "planned", "expected"),
    [
        (None, None, "missing"),
        (None, ("build", "missing"), "missing"),
        (None, ("wait", "the day is not over"), "waiting"),
        ({}, None, "published"),
        ({}, ("build", "stale: the query changed"), "stale"),
        ({}, ("wait", "not crawled"), "waiting"),
        ({"status": "failed", "error": "boom"}, ("build", "failed"), "failed"),
        ({"status": "building", "lease_until": 2_000}, ("build", "missing"), "building"),
        ({"status": "building", "lease_until": 10}, ("build", "stale: x"), "stale"),
    ],
)
def test_the_state_of_a_partition(
    state: dict[str, Any] | None, planned: tuple[str, str] | None, expected: str
) -> None:
    # Given
    import dataclasses

    known = None if state is None else dataclasses.replace(PUBLISHED, **state)
    # When / Then
    assert judge(known, planned, now=1_000.0)[0] == expected


def test_show_tells_builds_inputs_and_cost(
    dayfold: Callable[..., Result], ledger: FakeLedger
) -> None:
    # Given
    ledger.states["kpi.active_users"] = {DAY: PUBLISHED}
    ledger.history["kpi.active_users", DAY] = [
        BuildRecord(
            "2004-05-20", 1, "b1", "run-0", "failed", "2004-05-20T01:00:00+00:00", error="bad SQL"
        ),
        BuildRecord(
            "2004-05-20", 2, "b2", "run-1", "published", "2004-05-21T01:00:00+00:00", "q-2", rows=3
        ),
    ]
    # When
    result = dayfold("show", "active_users", "2004-05-20")
    as_json = dayfold("show", "active_users", "2004-05-20", "--format", "json")
    # Then
    assert result.code == 0
    for said in ("published, attempt 2", "1.23 MB", "$0.00005", "staging.posts", "q-2", "bad SQL"):
        assert said in result.out
    assert json.loads(as_json.out)["builds"][0]["error"] == "bad SQL"


def test_show_of_what_was_never_built_says_how_to_build_it(
    dayfold: Callable[..., Result], ledger: FakeLedger
) -> None:
    # When
    result = dayfold("show", "kpi.active_users", "2004-05-20")
    # Then
    assert result.code == 1
    assert "`dayfold run --table kpi.active_users --day 2004-05-20` builds it" in result.err
