"""The grid of tables and days, and the state of each partition in it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.adapters.raw_schemas import RawSchemas
from dayfold.adapters.sweeps import Sweeps
from dayfold.domain.partition import RunRecord
from dayfold.domain.raw_schemas import RawSchema
from dayfold.domain.sweeping import SweepRecord
from dayfold_cli.commands.status import run_line
from dayfold_cli.grid import judge
from tests.unit.cli.conftest import OUTPUTS
from tests.unit.cli.fakes import DAY, PLAN, PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_cli.deployment import Deployment
    from tests.unit.cli.conftest import Result
    from tests.unit.cli.fakes import FakeLedger


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
    assert lines[:5] == [
        ["table", "days", "state"],
        ["staging.posts", "2004-05-19", "stale"],
        ["staging.posts", "2004-05-20..2004-05-21", "missing"],
        ["kpi.active_users", "2004-05-19..2004-05-20", "published"],
        ["kpi.active_users", "2004-05-21", "waiting"],
    ]
    assert "stale: staging.posts, 2004-05-19: raw.events changed" in result.out
    assert "2004-05-21 00:00:00 UTC  failed after 90 s: 3 of 4 published, 1 failed" in result.out


def test_status_says_which_columns_an_extract_has_gained_or_lost_lately(
    dayfold: Callable[..., Result],
    deployment: Deployment,
    functions: dict[str, Callable[[Any], Any]],
    ledger: FakeLedger,
) -> None:
    # Given
    del ledger
    functions[OUTPUTS["PlanRunFunction"]] = lambda _event: PLAN
    glue: Any = deployment.client("glue")
    glue.create_database(DatabaseInput={"Name": "raw"})
    schemas = RawSchemas(deployment.client("dynamodb"), OUTPUTS["LedgerTable"])
    now, long_ago = dt.datetime.now(dt.UTC).isoformat(), "2004-05-21T02:00:00.000+00:00"
    for name, noticed_at in (("events", now), ("users", long_ago)):
        glue.create_table(DatabaseName="raw", TableInput={"Name": name, "StorageDescriptor": {}})
        line = f"raw.{name} gained column device (string) on 2004-05-20"
        known = RawSchema(f"raw.{name}", "2004-05-20", "f", {}, {}, noticed_at, (line,))
        schemas.put(known, seen=None)
    # When
    result = dayfold("status")
    # Then
    assert "raw.events gained column device (string) on 2004-05-20" in result.err
    assert "raw.users" not in result.err.replace("raw.users dt=", "")


def test_status_says_what_the_latest_sweep_did(
    dayfold: Callable[..., Result],
    deployment: Deployment,
    functions: dict[str, Callable[[Any], Any]],
    ledger: FakeLedger,
) -> None:
    # Given
    del ledger
    functions[OUTPUTS["PlanRunFunction"]] = lambda _event: PLAN
    sweeps = Sweeps(deployment.client("dynamodb"), OUTPUTS["LedgerTable"])
    sweeps.save(SweepRecord(at="2004-05-21T01:00:00.000+00:00"))
    sweeps.save(
        SweepRecord(
            at="2004-05-21T02:00:00.000+00:00",
            found={"missing": 3},
            started="sweep-1",
            started_kind="run",
            ended_leases=("kpi.weekly 2004-05-20: attempt 1 of run-1",),
        )
    )
    # When
    result = dayfold("status")
    # Then
    assert result.code == 0
    assert result.out.splitlines()[-1] == (
        "swept 2004-05-21 02:00:00 UTC: 3 found, started run sweep-1, cleared up 1 dead thing"
    )


@pytest.mark.parametrize(
    ("state", "planned", "expected"),
    [
        (None, None, "missing"),
        (None, ("build", "missing"), "missing"),
        (None, ("wait", "the day is not over"), "waiting"),
        ({}, None, "published"),
        ({"pinned": True}, None, "rolled back"),
        ({}, ("build", "stale: the query or its time zone changed"), "stale"),
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
    known = None if state is None else dataclasses.replace(PUBLISHED, **state)
    # When / Then
    assert judge(known, planned, now=1_000.0)[0] == expected


def test_a_run_that_was_cut_off_is_told_from_one_with_failures() -> None:
    # Given
    start = "2004-05-21T00:00:00+00:00"
    run = RunRecord("run-7", "failed", "request", start, planned=4, published=4)
    cut_off = dataclasses.replace(run, failures=("the run was cut off: States.Timeout: ",))
    # When / Then
    assert "failed: 4 of 4 published  (" in run_line(run)
    assert "failed: 4 of 4 published, cut off  (" in run_line(cut_off)


def test_a_run_tells_what_failed_from_what_that_left_and_why_it_could_not_plan() -> None:
    # Given a run in which one partition failed and two were left for it, and one without a plan
    start = "2004-05-21T00:00:00+00:00"
    lines = ("kpi.a D: broken", *(f"kpi.{n} D: not built, kpi.a D failed" for n in "bc"))
    run = RunRecord("run-7", "failed", "request", start, planned=4, published=1, failed=3)
    why = "the run was cut off: QueryFileError: queries/kpi/a.sql:5: the header is not YAML"
    # When
    left = run_line(dataclasses.replace(run, failures=lines))
    unplanned = run_line(dataclasses.replace(run, planned=0, failed=0, failures=(why,)))
    # Then
    assert "failed: 1 of 4 published, 1 failed, 2 not built for that  (" in left
    assert "failed: queries/kpi/a.sql:5: the header is not YAML  (" in unplanned
