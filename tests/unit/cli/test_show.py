"""One partition: its builds, inputs, checks and cost."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.partition import BuildRecord, RollbackRecord
from tests.unit.cli.conftest import OUTPUTS
from tests.unit.cli.fakes import DAY, PLAN, PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Result
    from tests.unit.cli.fakes import FakeLedger

STALE_DAY = DAY - dt.timedelta(days=1)


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


def test_show_says_why_a_partition_is_stale_now(
    dayfold: Callable[..., Result],
    functions: dict[str, Callable[[Any], Any]],
    ledger: FakeLedger,
) -> None:
    # Given a ledger that has it as published, and a stack that would build it
    ledger.states["staging.posts"] = {STALE_DAY: PUBLISHED}
    functions[OUTPUTS["PlanRunFunction"]] = lambda _event: PLAN
    # When
    result = dayfold("show", "staging.posts", str(STALE_DAY))
    as_json = dayfold("show", "staging.posts", str(STALE_DAY), "--format", "json")
    # Then
    assert "now" in result.out
    assert "stale: raw.events changed" in result.out
    assert json.loads(as_json.out)["now"] == {"state": "stale", "reason": "raw.events changed"}


def test_show_of_what_was_never_built_says_how_to_build_it(
    dayfold: Callable[..., Result], ledger: FakeLedger
) -> None:
    # When
    result = dayfold("show", "kpi.active_users", "2004-05-20")
    # Then
    assert result.code == 1
    assert "`dayfold run --table kpi.active_users --day 2004-05-20` builds it" in result.err


def test_show_of_a_build_under_way_says_until_when_its_lease_holds(
    dayfold: Callable[..., Result], ledger: FakeLedger
) -> None:
    # Given a lease that ends at three
    ends = int(dt.datetime(2004, 5, 22, 3, tzinfo=dt.UTC).timestamp())
    building = dataclasses.replace(PUBLISHED, status="building", attempt=3, lease_until=ends)
    ledger.states["kpi.active_users"] = {DAY: building}
    # When
    result = dayfold("show", "active_users", "2004-05-20")
    # Then
    assert "building, attempt 3 in run-1" in result.out
    assert "until 2004-05-22 03:00:00 UTC; if nobody renews it, the next run takes it" in result.out


def test_show_of_what_waits_says_for_what(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given a day that no run can build now
    functions[OUTPUTS["PlanRunFunction"]] = lambda _event: PLAN
    # When
    result = dayfold("show", "kpi.active_users", "2004-05-21")
    # Then
    assert result.code == 1
    assert result.err.endswith(
        "was never built for 2004-05-21: raw.events dt=2004-05-21 has not landed\n"
    )


@pytest.fixture
def rolled_back(ledger: FakeLedger) -> FakeLedger:
    """Built at 1 and at 2 o'clock UTC, rolled back at 3."""
    when = "2004-05-21T0{}:00:00+00:00"
    builds = [
        BuildRecord(
            "2004-05-20", n, f"b{n}", f"run-{n}", "published", when.format(n), rows=n, cost_usd=0.1
        )
        for n in (1, 2)
    ]
    undo = RollbackRecord("2004-05-20", 3, "b1", "rollback-3", when.format(3), "b2", by="ann")
    ledger.history["kpi.active_users", DAY] = builds
    ledger.rollbacks["kpi.active_users", DAY] = [undo]
    pinned = dataclasses.replace(
        PUBLISHED,
        published_build_id="b1",
        published_at=when.format(3),
        pinned=True,
        pinned_by="ann",
    )
    ledger.states["kpi.active_users"] = {DAY: pinned}
    return ledger


def test_show_says_who_rolled_back_and_how_to_build_again(
    dayfold: Callable[..., Result], rolled_back: FakeLedger
) -> None:
    # Given
    del rolled_back
    # When
    result = dayfold("show", "active_users", "2004-05-20")
    # Then
    assert "by ann at 2004-05-21 03:00:00 UTC" in result.out
    assert "dayfold run --policy all --table kpi.active_users --day 2004-05-20" in result.out


def test_history_shows_what_readers_saw_and_why(
    dayfold: Callable[..., Result], rolled_back: FakeLedger
) -> None:
    # Given
    del rolled_back
    # When
    result = dayfold("show", "active_users", "2004-05-20", "--history")
    # Then
    lines = [line.split() for line in result.out.splitlines()]
    assert [line[2:4] for line in lines[1:]] == [
        ["build", "b1"],
        ["build", "b2"],
        ["rollback", "b1"],
    ]
    assert lines[-1][-2:] == ["rollback-3", "ann"]


@pytest.mark.parametrize(
    ("moment", "seen"),
    [
        ("2004-05-21T10:30", "b1"),  # in Tokyo, where the business is: half past one in UTC
        ("2004-05-21T11:30", "b2"),
        ("2004-05-21T02:30+00:00", "b2"),
        ("2004-05-21T12:00:00", "b1"),  # rolled back that very second
        ("2004-05-21", "b1"),  # the end of the day
    ],
)
def test_as_of_a_moment_of_the_business(
    dayfold: Callable[..., Result], rolled_back: FakeLedger, moment: str, seen: str
) -> None:
    # Given
    del rolled_back
    # When
    result = dayfold("show", "active_users", "2004-05-20", "--as-of", moment, "--format", "json")
    # Then
    assert json.loads(result.out)["publication"]["build_id"] == seen


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--as-of", "2004-05-20"), "first published at 2004-05-21 01:00:00 UTC"),
        (("--as-of", "yesterday"), "'yesterday' is not a moment: give 2004-05-21"),
        (("--as-of", "2004-05-21", "--history"), "leave --as-of out"),
    ],
)
def test_a_time_that_shows_nothing_is_said_in_a_line(
    dayfold: Callable[..., Result],
    rolled_back: FakeLedger,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    # Given
    del rolled_back
    # When
    result = dayfold("show", "active_users", "2004-05-20", *arguments)
    # Then
    assert result.code > 0
    assert said in result.err
    assert len(result.err.splitlines()) == 1


def test_show_and_history_tell_that_the_columns_have_changed(
    dayfold: Callable[..., Result], rolled_back: FakeLedger
) -> None:
    # Given a first build of other columns, which is shown again
    builds = rolled_back.history["kpi.active_users", DAY]
    kinds: list[dict[str, str]] = [{"a": "int", "b": "date"}, {"a": "bigint", "c": "string"}]
    rolled_back.history["kpi.active_users", DAY] = [
        dataclasses.replace(one, columns=columns)
        for one, columns in zip(builds, kinds, strict=True)
    ]
    undo = rolled_back.rollbacks["kpi.active_users", DAY][0]
    rolled_back.rollbacks["kpi.active_users", DAY] = [dataclasses.replace(undo, columns=kinds[0])]
    # When
    shown = dayfold("show", "active_users", "2004-05-20")
    history = dayfold("show", "active_users", "2004-05-20", "--history")
    then = dayfold("show", "active_users", "2004-05-20", "--as-of", "2004-05-21T11:30")
    # Then
    changed_back = "adds column b, drops column c (string), changes column a from bigint to int"
    change = "adds column c, drops column b (date), changes column a from int to bigint"
    assert f"attempt 1: run-1; since then the query {change}\n" in shown.out
    assert "attempt 2: run-2\n" in shown.out
    assert [line for line in history.out.splitlines() if line.startswith("columns")] == [
        f"columns: build b2 {change}",
        f"columns: build b1 {changed_back}",
    ]
    assert "a bigint, c string" in then.out


def test_show_of_a_build_that_broke_its_checks_says_how_to_look_at_it(
    dayfold: Callable[..., Result], ledger: FakeLedger
) -> None:
    # Given
    failed = BuildRecord(
        "2004-05-20",
        3,
        "2004-05-20-a3-0123456789",
        "backfill-b1",
        "failed",
        "2004-05-22T01:00:00+00:00",
        location="s3://b/builds/x",
        check_results=({"check_name": "not_null(user_id)", "severity": "error", "broken": 2},),
    )
    ledger.states["kpi.active_users"] = {DAY: dataclasses.replace(PUBLISHED, status="failed")}
    ledger.history["kpi.active_users", DAY] = [failed]
    # When
    shown = dayfold("show", "active_users", "2004-05-20", "--format", "json")
    ledger.history["kpi.active_users", DAY] = [dataclasses.replace(failed, collection="collected")]
    gone = dayfold("show", "active_users", "2004-05-20", "--format", "json")
    # Then the query reads the temporary table, as long as the build is there
    (sql,) = json.loads(shown.out)["look"]
    assert "FROM build.kpi_active_users_2004_05_20_a3_0123456789 WHERE dt = '2004-05-20'" in sql
    assert json.loads(gone.out)["look"] == []
