"""The README's path as a user walks it, where summer time begins in the middle of the extracts."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from dayfold_local import stack
from tests.integration.companies import Companies, kpis
from tests.integration.conftest import PROJECT, free_port, processes_on
from tests.integration.shell import Shell
from tests.integration.wire import calls_of_functions, unknown_to_the_schedules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ZONE = "America/Los_Angeles"
FIRST, SHORT_DAY, LAST = dt.date(2024, 3, 8), dt.date(2024, 3, 10), dt.date(2024, 3, 12)
FILES = 12  # days of files, the last one the day after LAST
FUNCTIONS = (
    "plan_run", "plan_wave", "start_build", "finish_build", "fail_build", "end_run",
    "report_lateness",
)  # fmt: skip


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Companies:
    folder = tmp_path_factory.mktemp("companies")
    return Companies.write(folder, LAST + dt.timedelta(days=1), FILES)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The project itself on a stack of its own."""
    shell = Shell(PROJECT, tmp_path_factory.mktemp("commands") / "state")
    try:
        shell.done("up", "--time-zone", ZONE, "--port", free_port())
        yield shell
    finally:
        stack.down(shell.state)


@pytest.fixture(scope="module")
def built(shell: Shell, companies: Companies) -> Shell:
    """Landed, crawled, the daily run followed to its end, and some more days asked for."""
    for table in ("events", "users"):
        said = shell.done("land", table, companies.folder / table)
        assert f"landed raw.{table}: {FILES} files" in said
    crawled = shell.done("crawl", "--wait")
    assert "2 tables created" in crawled
    # Then the run that it names is the one that builds the recent days
    (name,) = [
        line.rpartition(" ")[2]
        for line in crawled.splitlines()
        if line.startswith("the daily run has started: ")
    ]
    assert shell.live.wait_for_all_runs() == ["SUCCEEDED"]
    status = shell.done("status")
    assert f"(crawler dayfold-raw, {name})" in status
    assert "kpi.engagement_score       2024-03-07..2024-03-13  published" in status
    said = shell.done("run", "--from", FIRST, "--to", LAST, "--wait")
    assert "everything was up to date" in said
    return shell


def test_landing_again_uploads_nothing(built: Shell, companies: Companies) -> None:
    # When
    said = built.done("land", "events", companies.folder / "events")
    # Then
    assert f"0 files (0 B), {FILES} were there already" in said


def test_the_plan_of_days_that_are_not_built_yet(built: Shell) -> None:
    # When
    shown = built.done("run", "--day", "2024-03-05", "--table", "active_users", "--dry-run")
    rows = built.done(
        "run", "--day", "2024-03-05", "--table", "active_users", "--dry-run", "--format", "csv"
    )
    # Then
    assert "would build 1 partition in 2024-03-05 with 1 query in 1 wave" in shown
    assert rows.splitlines() == [
        "wave,table,day,action,reason",
        "1,kpi.active_users,2024-03-05,build,missing",
    ]


def test_a_partition_tells_where_it_comes_from(built: Shell) -> None:
    # When
    shown = built.done("show", "active_users", SHORT_DAY)
    record = json.loads(built.done("show", "active_users", SHORT_DAY, "--format", "json"))
    # Then
    assert f"kpi.active_users {SHORT_DAY}" in shown
    assert record["partition"]["status"] == "published"
    assert [build["attempt"] for build in record["builds"]] == [1]
    assert "input staging.posts" in shown


def test_a_query_as_csv_and_as_json(built: Shell) -> None:
    # Given
    sql = f"SELECT * FROM kpi.active_users WHERE dt = '{SHORT_DAY}' ORDER BY company_id"
    # When
    as_csv = list(csv.DictReader(io.StringIO(built.done("query", sql, "--format", "csv"))))
    as_json = json.loads(built.done("query", sql, "--format", "json"))
    # Then
    assert [row["company_id"] for row in as_json] == ["fjord", "hinode"]
    assert [{**row, "active_users": int(row["active_users"])} for row in as_csv] == as_json


def test_every_kpi_is_as_defined_across_the_day_of_23_hours(
    built: Shell, companies: Companies
) -> None:
    # When
    found = kpis(built, FIRST, LAST)
    # Then
    expected = companies.expected(ZONE, FIRST, LAST)
    assert all(expected.values())
    assert found == expected


def test_every_function_answers_its_events(built: Shell, tmp_path: Path) -> None:
    # Given the events that ship, in the order of a run
    answers: dict[str, Any] = {}
    for function in FUNCTIONS:
        good, again, malformed = "good", "duplicate", "malformed"
        if function == "finish_build":  # its query is the one that was just started
            build = answers["start_build"]["build"]
            path = tmp_path / "build.json"
            path.write_text(json.dumps({"build": build}))
            good = again = str(path)
        # When
        answers[function] = json.loads(built.done("invoke", function, good))
        repeated = built.done("invoke", function, again)
        bad = built.dayfold("invoke", function, malformed)
        # Then the same event twice is answered twice, and a malformed one in one line
        assert json.loads(repeated), function
        if function == "report_lateness":
            assert bad.code == 0  # it reads nothing of its event
        else:
            assert "Error: " not in bad.refusal
    # Then the one partition that they build went all the way
    assert answers["end_run"]["status"] == "succeeded"
    assert answers["end_run"]["published"] == 1


def test_what_a_run_asks_of_aws_is_on_the_list_of_the_fault_schedules(built: Shell) -> None:
    # Given the run above
    # When
    calls = calls_of_functions(built.state)
    # Then the log saw it, and nothing that the schedules do not know
    assert {"plan_run", "plan_wave", "start_build", "finish_build", "end_run"} <= calls.keys()
    assert ("glue", "batch_update_partition") in calls["finish_build"]
    assert unknown_to_the_schedules(calls) == set()


def test_a_second_up_deploys_nothing_and_remembers_port_zone_and_state(built: Shell) -> None:
    # Given
    info = stack.info(built.state)
    assert info is not None
    deployed = (built.state / "deployment.json").stat().st_mtime_ns
    sql = "SELECT * FROM kpi.active_users ORDER BY dt, company_id"
    before = built.done("query", sql)
    # When it is up already, and after it was down
    at_once = built.done("up")
    assert "is down; its state stays" in built.done("down")
    assert processes_on(built.state) == []
    assert "is not running" in built.dayfold("query", sql).refusal
    again = built.done("up")
    # Then
    for said in (at_once, again):
        assert f"is up at http://127.0.0.1:{info.port}" in said
    assert (built.state / "deployment.json").stat().st_mtime_ns == deployed
    assert built.live.outputs["BusinessTimeZone"] == ZONE
    assert built.done("query", sql) == before
    assert "everything was up to date" in built.done("run", "--day", LAST, "--wait")
    assert "ok: " in built.done("doctor")
    # And down twice says so
    built.done("down")
    assert "was not up" in built.done("down")
