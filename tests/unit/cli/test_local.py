"""The commands that need no AWS: checking queries, and the local stack's four."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dayfold.domain.query_file import read_query
from dayfold.errors import ConfigurationError
from dayfold_local.query_tests.cases import read_cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Result

GOOD = """\
-- Events, as they are.
--
-- owner: people-analytics
-- grain: dt, event_id
-- inputs:
--   raw.events: [0, 0]
-- checks:
--   not_null: [event_id]
SELECT
    CAST(event_id AS varchar) AS event_id, -- the event
    dt
FROM raw.events
WHERE dt BETWEEN :from AND :to
"""


def test_check_says_nothing_wrong(dayfold: Callable[..., Result], project: Path) -> None:
    # Given one good query
    (project / "queries/kpi/active_users.sql").unlink()
    (project / "queries/staging/posts.sql").write_text(GOOD, encoding="utf-8")
    # When
    result = dayfold("check")
    # Then
    assert (result.code, result.out) == (0, "1 query: nothing wrong\n")


def test_check_names_file_and_line_and_exits_1(
    dayfold: Callable[..., Result], project: Path
) -> None:
    # Given a query with a mistyped input and another that is no query
    (project / "queries/staging/posts.sql").write_text(
        GOOD.replace("--   raw.events: [0, 0]", "--   raw.event: [0, 0]"), encoding="utf-8"
    )
    # When
    result = dayfold("check")
    as_csv = dayfold("check", "--format", "csv")
    # Then
    assert result.code == 1
    assert "queries/staging/posts.sql:" in result.out
    assert result.err.startswith("dayfold: ")
    assert result.err.count("\n") == 1
    assert as_csv.out.startswith("path,line,message\nqueries/")


def test_check_of_a_file_that_is_no_text(dayfold: Callable[..., Result], project: Path) -> None:
    # Given
    (project / "queries/staging/posts.sql").write_bytes(b"\xff\xfe")
    # When
    result = dayfold("check")
    # Then
    assert result.code == 1
    assert "queries/staging/posts.sql:1: is not UTF-8 text" in result.err


@dataclasses.dataclass
class Finding:
    level: str
    message: str


class FakeStack:
    """The local stack's module, remembering how it was called."""

    def __init__(self) -> None:
        self.ups: list[tuple[int | None, dict[str, str]]] = []
        self.refusal: Exception | None = None
        self.findings: list[Finding] = []

    def up(
        self, state: Path, port: int | None, parameters: dict[str, str], project: Path
    ) -> object:
        if self.refusal:
            raise self.refusal
        assert (project / "template.yaml").is_file()
        state.mkdir(exist_ok=True)
        self.ups.append((port, parameters))

        class Info:
            stack_name = "dayfold"
            endpoint_url = f"http://127.0.0.1:{port or 4566}"

        return Info

    def info(self, _state: Path) -> None:
        return None

    def down(self, _state: Path) -> bool:
        return False

    def reset(self, state: Path) -> None:
        for file in state.iterdir():
            file.unlink()
        state.rmdir()

    def doctor(self, _state: Path) -> list[Finding]:
        return self.findings


@pytest.fixture
def stack(project: Path, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    del project
    fake = FakeStack()
    monkeypatch.setattr("dayfold_cli.commands.stack.local_stack", lambda _target: fake)
    return fake


def test_up_remembers_its_parameters(dayfold: Callable[..., Result], stack: FakeStack) -> None:
    # When
    dayfold("up", "--time-zone", "Europe/Berlin", "--set", "RecentDays=14", "--port", "4700")
    result = dayfold("up", "--set", "RecentDays=3")
    # Then
    assert result.code == 0
    assert stack.ups == [
        (4700, {"RecentDays": "14", "BusinessTimeZone": "Europe/Berlin"}),
        (None, {"RecentDays": "3", "BusinessTimeZone": "Europe/Berlin"}),
    ]


def test_a_failed_up_is_one_line_and_remembers_nothing(
    dayfold: Callable[..., Result], stack: FakeStack, project: Path
) -> None:
    # Given
    stack.refusal = ConfigurationError("port 4566 is in use: give another with --port")
    # When
    result = dayfold("up", "--time-zone", "Europe/Berlin")
    wrong_zone = dayfold("up", "--time-zone", "Europe/Entenhausen")
    # Then
    assert result.code == 1
    assert result.err.endswith("dayfold: port 4566 is in use: give another with --port\n")
    assert "unknown time zone 'Europe/Entenhausen'" in wrong_zone.err
    assert not (project / ".dayfold").exists()


def test_reset_asks_first_and_not_where_nobody_can_answer(
    dayfold: Callable[..., Result], stack: FakeStack, project: Path
) -> None:
    # Given
    dayfold("up")
    # When
    refused = dayfold("reset")
    kept = (project / ".dayfold").exists()
    done = dayfold("reset", "--yes")
    # Then
    assert refused.code == 2
    assert "--yes" in refused.err
    assert kept
    assert done.code == 0
    assert not (project / ".dayfold").exists()


def test_doctor_exits_1_when_something_is_wrong(
    dayfold: Callable[..., Result], stack: FakeStack
) -> None:
    # Given
    stack.findings = [Finding("ok", "state folder"), Finding("error", "port 4566 is taken")]
    # When
    result = dayfold("doctor")
    # Then
    assert result.code == 1
    assert result.out == "ok: state folder\nerror: port 4566 is taken\n"
    assert "1 problem: port 4566 is taken" in result.err


@pytest.mark.parametrize("command", ["up", "down", "reset", "doctor", "demo"])
def test_the_local_stacks_commands_refuse_a_stack_on_aws(
    dayfold: Callable[..., Result], project: Path, command: str
) -> None:
    # When
    result = dayfold(command, "--stack", "prod")
    # Then
    assert result.code == 1
    assert "for the local stack" in result.err


def test_a_command_without_a_stack_says_how_to_start_one(
    dayfold: Callable[..., Result], project: Path
) -> None:
    # When
    result = dayfold("query", "SELECT 1")
    # Then
    assert result.code == 1
    assert "the local stack is not running" in result.err
    assert "`dayfold up` starts it" in result.err


def test_remembered_parameters_that_are_damaged_count_as_none(
    dayfold: Callable[..., Result], stack: FakeStack, project: Path
) -> None:
    # Given
    dayfold("up", "--set", "RecentDays=14")
    Path(project / ".dayfold/parameters.json").write_text("{", encoding="utf-8")
    # When
    dayfold("up")
    # Then
    assert stack.ups[-1] == (None, {})
    assert json.loads((project / ".dayfold/parameters.json").read_text(encoding="utf-8")) == {}


def test_new_writes_a_query_and_its_test_that_pass_as_they_are(
    dayfold: Callable[..., Result], project: Path
) -> None:
    # When
    result = dayfold("new", "kpi", "thanks_per_group")
    # Then
    assert result.code == 0
    sql = (project / "queries/kpi/thanks_per_group.sql").read_text(encoding="utf-8")
    table, problems = read_query("queries/kpi/thanks_per_group.sql", sql)
    assert problems == ()
    assert table is not None
    case = read_cases(table, project / "tests/queries/kpi/thanks_per_group.yaml")[0]
    assert case.expect is not None
    assert [row["thanks_per_group"] for row in case.expect.rows] == ["2", "1", "1"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("active_users", "kpi.active_users exists already"),
        ("Thanks", "'Thanks' is no name of a KPI"),
        ("staging.thanks", "is no name of a KPI"),
    ],
)
def test_new_refuses_a_name_that_is_taken_or_none(
    dayfold: Callable[..., Result], project: Path, name: str, said: str
) -> None:
    # When
    result = dayfold("new", "kpi", name)
    # Then
    assert result.code == 1
    assert said in result.err
    assert not (project / "tests").exists()
