"""The frame: help at once, one line per error, and exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from dayfold.errors import BadRequestError
from dayfold_cli.main import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Result

Run = "Callable[..., Result]"
HEAVY = ("boto3", "botocore", "duckdb", "ministack", "pandas", "pyarrow", "rich", "sqlglot", "yaml")


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    # Given a fresh interpreter
    code = (
        "import sys\nfrom dayfold_cli.main import main\nmain(['--help'])\n"
        f"print('heavy:', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    # When it prints the help
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # Then every command is there, and nothing slow was loaded for it
    for name in COMMANDS:
        assert f"  {name} " in done.stdout
    assert "heavy: []" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself_without_boto3(name: str) -> None:
    # Given a fresh interpreter
    code = (
        f"import sys\nfrom dayfold_cli.main import main\ncode = main([{name!r}, '--help'])\n"
        f"print('heavy:', code, sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    # When it prints a command's help
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # Then it names where the command works, and nothing slow was loaded
    assert "--stack NAME" in done.stdout
    assert "heavy: 0 []" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stauts"], "did you mean 'status'?"),
        (["frobnicate"], "`dayfold --help` lists them"),
        (["run", "--day", "2004-02-30"], "'2004-02-30' is not a day"),
        (["run", "--from", "2004-05-02", "--to", "2004-05-01"], "the range is reversed"),
        (["run", "--policy", "some"], "'some' is not one of"),
        (["status", "--frm", "2004-05-02"], "--from"),
        (["show", "kpi.active_users"], "Missing argument 'DAY'"),
        (["query"], "give the SQL in quotes"),
        (["up", "--set", "RecentDays"], "give NAME=VALUE"),
        (["land"], "Missing argument"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    dayfold: Callable[..., Result], arguments: list[str], said: str
) -> None:
    # When
    result = dayfold(*arguments)
    # Then
    assert result.code == 2
    assert result.err.startswith("dayfold: ")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""


REFUSED = {"Error": {"Code": "AccessDeniedException", "Message": "no glue:StartCrawler\nfor you"}}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BadRequestError("no such\nthing"), "dayfold: no such thing"),
        (ClientError(REFUSED, "StartCrawler"), "StartCrawler: no glue:StartCrawler for you (Acc"),  # type: ignore[arg-type]
        (NoCredentialsError(), "no AWS credentials"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "`dayfold up` starts"),
        (FileNotFoundError(2, "No such file or directory", "a.sql"), "a.sql: No such file"),
        (ZeroDivisionError("division by zero"), "unexpected ZeroDivisionError"),
    ],
)
def test_any_error_is_one_line_and_exit_code_1(
    dayfold: Callable[..., Result],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
) -> None:
    # Given a stack that cannot be opened
    def fail(_target: object) -> None:
        raise error

    monkeypatch.setattr("dayfold_cli.deployment.open_deployment", fail)
    # When
    result = dayfold("query", "SELECT 1")
    # Then
    assert result.code == 1
    assert said in result.err
    assert result.err.count("\n") == 1


def test_ctrl_c_is_quiet_and_exit_code_130(
    dayfold: Callable[..., Result], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    def interrupt(_target: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dayfold_cli.deployment.open_deployment", interrupt)
    # When
    result = dayfold("query", "SELECT 1")
    # Then
    assert result.code == 130
    assert result.err.strip() == ""


def test_debug_shows_where_an_error_came_from(
    dayfold: Callable[..., Result], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    def fail(_target: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("dayfold_cli.deployment.open_deployment", fail)
    # When
    result = dayfold("query", "SELECT 1", "--debug")
    # Then
    assert "Traceback" in result.err


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    # Given a reader that leaves after the first line
    script = f"{sys.executable} -m dayfold_cli.main --help | head -1"
    # When
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    # Then
    assert done.stdout.startswith("Usage: dayfold")
    assert done.stderr == ""


def test_no_project_is_one_line(
    dayfold: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a folder without a project
    monkeypatch.chdir(tmp_path)
    # When
    result = dayfold("check")
    # Then
    assert result.code == 1
    assert "no template.yaml and queries/" in result.err


def test_the_stack_may_be_named_before_and_after_the_command(
    dayfold: Callable[..., Result], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    seen: list[tuple[str | None, str | None]] = []

    def remember(target: object) -> None:
        seen.append((getattr(target, "stack", None), getattr(target, "region", None)))
        raise BadRequestError("enough")

    monkeypatch.setattr("dayfold_cli.deployment.open_deployment", remember)
    # When
    dayfold("--stack", "one", "--region", "eu-west-1", "query", "SELECT 1")
    dayfold("--stack", "one", "query", "SELECT 1", "--stack", "two")
    # Then the last word counts
    assert seen == [("one", "eu-west-1"), ("two", None)]
