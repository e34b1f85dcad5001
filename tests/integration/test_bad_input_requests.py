"""Bad requests, queries, checks, events, ports and folders: one clear line, nothing half done."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dayfold_cli.boundary import EXIT_FAILED, EXIT_USAGE
from tests.integration.conftest import free_port
from tests.integration.shell import SPENDING, Shell, begun, published, quiet_shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = "2004-05-02"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Good days of payments, the first two built; and one day that spends too much."""
    with quiet_shell(tmp_path_factory.mktemp("bad-requests")) as shell:
        for day in range(1, 7):
            amount = 5_000 if day == 6 else day
            rows = [{"company_id": "acme", "amount": amount}]
            shell.live.put("payments", f"2004-05-{day:02}", rows)
        shell.done("crawl", "--wait")
        assert shell.build("spending", "2004-05-01", GOOD).code == 0
        yield shell


@contextlib.contextmanager
def edited(shell: Shell, name: str, text: str) -> Iterator[None]:
    """A query that reads otherwise while the block runs."""
    path = shell.project / "queries" / name
    before = path.read_text()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(before)


# --- What is asked for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("run", "--table", "kpi.spendin", "--day", GOOD, "--wait"),
            EXIT_FAILED,
            "unknown table 'kpi.spendin': did you mean 'kpi.spending'?",
        ),
        (("show", "spendings", GOOD), EXIT_FAILED, "unknown table 'spendings': did you mean"),
        (("run", "--day", "2004-02-30"), EXIT_USAGE, "'2004-02-30' is not a day: give YYYY-MM-DD"),
        (("show", "spending", "yesterday"), EXIT_USAGE, "'yesterday' is not a day"),
        (
            ("run", "--from", GOOD, "--to", "2004-05-01"),
            EXIT_USAGE,
            "the range is reversed: --from 2004-05-02 comes after --to 2004-05-01",
        ),
        (
            ("run", "--day", "2054-01-01", "--table", "spending", "--wait"),
            EXIT_FAILED,
            "built nothing: kpi.spending, staging.payments 2054-01-01: the day is not over",
        ),
        (
            ("query", "SELECT * FROM kpi.spendin"),
            EXIT_FAILED,
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.kpi.spendin' does not exist",
        ),
        (("query", "SELEC 1"), EXIT_FAILED, "line 1:7: mismatched input '1'"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    shell: Shell, arguments: tuple[str, ...], code: int, said: str
) -> None:
    # Given
    before = begun(shell.live)
    # When
    result = shell.dayfold(*arguments)
    # Then
    assert said in result.refusal
    assert result.code == code
    assert begun(shell.live) == before


def test_an_unknown_table_without_the_project_at_hand(shell: Shell, tmp_path: Path) -> None:
    # Given a folder without queries, where only the stack knows the tables
    command = [sys.executable, "-m", "dayfold_cli.main", "run", "--state", str(shell.state)]
    request = ["--table", "kpi.spendin", "--day", GOOD]
    # When
    found = [
        subprocess.run(
            [*command, *request, how], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for how in ("--wait", "--dry-run")
    ]  # fmt: skip
    # Then both say it in the pipeline's words
    for one in found:
        assert one.returncode == EXIT_FAILED
        assert "unknown table 'kpi.spendin'" in one.stderr.splitlines()[-1]
        assert "Traceback" not in one.stderr


# --- Queries and checks ------------------------------------------------------------------------


def test_a_misspelt_column_fails_its_table_alone(shell: Shell) -> None:
    # Given
    before = published(shell.live, GOOD)
    wrong = SPENDING.replace("sum(amount)", "sum(amuont)")
    # When
    with edited(shell, "kpi/spending.sql", wrong):
        checked = shell.dayfold("check")
        built = shell.build("spending", "2004-05-03")
    # Then the file and the column are named, before a run and by it
    assert checked.code == EXIT_FAILED
    assert "kpi/spending.sql:12: " in checked.out + checked.err
    assert "kpi.spending 2004-05-03: COLUMN_NOT_FOUND" in built.refusal
    assert "'amuont'" in built.refusal
    assert "Next: mend queries/kpi/spending.sql (`dayfold check` finds most)" in built.refusal
    # Then what it reads was published in the same run, and the mended query does the rest
    rows = shell.live.query("SELECT amount FROM staging.payments WHERE dt = '2004-05-03'")
    assert rows == [{"amount": "3"}]
    assert published(shell.live, GOOD) == before
    assert shell.build("spending", "2004-05-03").code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("SELECT", "SELEC", "queries/kpi/spending.sql:"),
        ("-- grain: dt, company_id\n", "", "grain"),
        ("staging.payments:", "staging.paiments:", "staging.paiments"),
    ],
    ids=["SQL", "header", "input"],
)
def test_a_query_that_cannot_be_read_stops_a_run_before_it_begins(
    shell: Shell, old: str, new: str, said: str
) -> None:
    # Given
    before = published(shell.live, GOOD)
    # When
    with edited(shell, "kpi/spending.sql", SPENDING.replace(old, new)):
        checked = shell.dayfold("check")
        built = shell.build("spending", "2004-05-04")
        planned = shell.dayfold("run", "--day", "2004-05-04", "--dry-run")
    # Then
    assert checked.code == EXIT_FAILED
    assert "kpi/spending.sql:" in checked.out + checked.err
    assert said in built.refusal
    assert "queries/kpi/spending.sql:" in built.refusal
    assert "queries/kpi/spending.sql:" in planned.refusal
    # Then nothing of that day was begun
    assert published(shell.live, GOOD) == before
    assert shell.live.query("SELECT 1 FROM staging.payments WHERE dt = '2004-05-04'") == []


def test_a_check_that_fails_leaves_the_former_build_and_the_other_days(shell: Shell) -> None:
    # Given a day that spends too much beside a good one
    before = published(shell.live, GOOD)
    # When
    built = shell.build("spending", "2004-05-05", "2004-05-06")
    # Then rule, rows and what to do are named
    assert "kpi.spending 2004-05-06: not published" in built.refusal
    assert "between(amount, [0, 1000]) broken by 1 row" in built.refusal
    assert '"amount":"5000"' in built.refusal
    assert "Next: mend the data or queries/kpi/spending.sql, then run again" in built.refusal
    assert "check between(amount, [0, 1000]) (error): 1 row, e.g." in shell.done(
        "show", "spending", "2004-05-06"
    )
    rows = shell.live.query("SELECT dt FROM kpi.spending WHERE dt >= '2004-05-05'")
    assert rows == [{"dt": "2004-05-05"}]
    assert published(shell.live, GOOD) == before


def test_a_check_that_fails_on_a_rebuild_keeps_what_readers_see(shell: Shell) -> None:
    # Given a published day, and a query that now counts otherwise
    day, wrong = GOOD, SPENDING.replace("sum(amount)", "sum(amount) - 100")
    before = published(shell.live, day)
    # When
    with edited(shell, "kpi/spending.sql", wrong):
        built = shell.build("spending", day)
    # Then readers see the former build
    assert "not published, the former build stays: between(amount" in built.refusal
    assert published(shell.live, day).rows == before.rows
    # When it is mended
    again = shell.build("spending", day)
    # Then nothing else is needed
    assert again.code == 0
    assert published(shell.live, day).rows == before.rows


# --- Events ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        "text",
        {"run_id": "x"},
        {"run_id": "x", "execution_arn": "", "event": {"request": {"days": "2004-05-01"}}},
        {"run_id": "x", "execution_arn": "", "event": {"request": {"policy": "everything"}}},
        {"run_id": "x", "execution_arn": "", "event": {"request": {"first": GOOD}}},
        {"run_id": "x", "execution_arn": "", "event": {"request": {"dais": [GOOD]}}},
        {"run_id": "x", "execution_arn": "", "event": 5},
    ],
    ids=str,
)
def test_a_malformed_event_is_one_line(shell: Shell, tmp_path: Path, event: object) -> None:
    # Given
    before = begun(shell.live)
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    # When
    result = shell.dayfold("invoke", "plan_run", path)
    # Then it is Dayfold's own error, not one of Python's
    assert result.code == EXIT_FAILED
    assert "Error: " not in result.refusal
    assert begun(shell.live) == before


# --- The local stack ---------------------------------------------------------------------------


def test_a_port_in_use(shell: Shell, tmp_path: Path) -> None:
    # Given
    other = dataclasses.replace(shell, state=tmp_path / "state")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        # When
        result = other.dayfold("up", "--port", port)
    # Then
    assert f"port {port}" in result.refusal
    assert "--port" in result.refusal
    assert other.dayfold("status").code == EXIT_FAILED


def test_another_port_than_the_running_stacks(shell: Shell) -> None:
    # When
    result = shell.dayfold("up", "--port", free_port())
    # Then
    assert "already runs on port" in result.refusal
    assert "`dayfold down` stops it" in result.refusal


def test_a_state_folder_of_another_version(shell: Shell, tmp_path: Path) -> None:
    # Given a folder that some later version wrote
    other = dataclasses.replace(shell, state=tmp_path / "state")
    other.state.mkdir()
    marker = next(path for path in shell.state.glob("*.json") if "format" in path.read_text())
    (other.state / marker.name).write_text('{"format": 99}')
    (other.state / "kept").write_text("precious")
    # When
    results = [other.dayfold("up", "--port", free_port()), other.dayfold("doctor")]
    # Then
    for result in results:
        assert "state folder of format 99" in result.refusal
        assert "`dayfold reset`" in result.refusal
    assert (other.state / "kept").read_text() == "precious"


def test_a_folder_of_somebody_elses_is_no_state_folder(shell: Shell, tmp_path: Path) -> None:
    # Given
    other = dataclasses.replace(shell, state=tmp_path)
    (tmp_path / "thesis.txt").write_text("precious")
    # When
    results = [other.dayfold("up"), other.dayfold("reset", "--yes")]
    # Then
    assert all("not a Dayfold state folder" in result.refusal for result in results)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_an_unknown_time_zone_changes_nothing(shell: Shell) -> None:
    # When
    result = shell.dayfold("up", "--time-zone", "Asia/Tokio")
    # Then
    assert "Asia/Tokio" in result.refusal
    assert shell.live.outputs["BusinessTimeZone"] == "Asia/Tokyo"
