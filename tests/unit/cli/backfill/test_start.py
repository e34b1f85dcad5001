"""`dayfold backfill start`: what is asked of the function, the plan, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from dayfold.errors import BadRequestError
from tests.unit.cli.backfill.fakes import FAILED, IDLE, PLAN, RUNNING, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.backfill.fakes import FakeBackfills, FakeMappings
    from tests.unit.cli.conftest import Result

SPAN = ("--from", "2004-05-01", "--to", "2004-05-31")
STARTED = {**PLAN, "status": "running"}


def test_a_backfill_is_started_with_what_was_asked(
    dayfold: Callable[..., Result], asked: dict[str, Any], mapping: FakeMappings
) -> None:
    # Given
    asked["answers"]["start"] = STARTED
    options = ("--policy", "all", "--order", "oldest", "--days-per-job", "7", "--max-cost", "1.5")
    # When
    result = dayfold(
        "backfill", "start", *SPAN, "-t", "active_users", *options, "--concurrency", "50"
    )
    # Then the answer is its name and nothing else
    assert (result.code, result.out) == (0, "may\n")
    assert asked["start"] == [
        {
            "name": "",
            "first": "2004-05-01",
            "last": "2004-05-31",
            "tables": ["kpi.active_users"],
            "policy": "all",
            "order": "oldest",
            "days_per_job": 7,
            "max_cost_usd": 1.5,
            "concurrency": 50,
            "dry_run": False,
        }
    ]
    assert mapping.concurrency == 50
    assert "next: dayfold backfill watch may\n" in result.err
    assert (
        "100 partitions with 10 jobs in 1 wave: about 2 GB, $0.010, 3 min 05 s (a r" in result.err
    )


def test_a_plan_is_shown_by_wave_and_says_how_sure_it_is(
    dayfold: Callable[..., Result], asked: dict[str, Any], mapping: FakeMappings
) -> None:
    # Given
    asked["answers"]["start"] = PLAN
    # When
    more = ("--concurrency", "50", "--max-cost", "0.005")
    result = dayfold("backfill", "start", *SPAN, "--dry-run", *more)
    # Then
    assert asked["start"][0]["dry_run"] is True
    assert mapping.concurrency == 20
    lines = result.out.splitlines()
    assert lines[0].split() == ["wave", "partitions", "jobs", "expected", "cost", "tables", "why"]
    assert "staging.events, staging.users  98 missing; 2 stale: the query changed" in lines[1]
    assert "kpi.a  2004-05-31  raw.x has not landed" in result.out
    assert lines[-1].startswith("would build 100 partitions with 10 jobs in 1 wave: about 2 GB")
    assert "judged by the sizes of the inputs alone" in lines[-1]
    assert lines[-1].endswith("; 1 partition waits")
    assert "warning: raw.users dt=2004-05-20 never landed" in result.err
    assert "warning: about $0.010 expected: the limit of $0.005 would pause it\n" in result.err


def test_a_plan_as_data(dayfold: Callable[..., Result], asked: dict[str, Any]) -> None:
    # Given
    asked["answers"]["start"] = PLAN
    # When
    as_csv = dayfold("backfill", "start", *SPAN, "--dry-run", "--format", "csv")
    as_json = dayfold("backfill", "start", *SPAN, "--dry-run", "--format", "json")
    # Then
    head, row = as_csv.out.splitlines()
    assert head == "wave,partitions,jobs,expected_bytes,expected_usd,tables,reasons"
    assert row.startswith("1,100,10,2000000000,0.01,staging.events staging.users,98 missing; 2 st")
    assert json.loads(as_json.out) == PLAN


@pytest.mark.parametrize(
    ("waiting", "code", "said"),
    [
        ([], 0, "nothing to build: all is up to date"),
        (PLAN["waiting"], 1, "may built nothing: kpi.a 2004-05-31: raw.x has not landed"),
    ],
)
def test_nothing_to_build_says_why(
    dayfold: Callable[..., Result],
    asked: dict[str, Any],
    waiting: list[Any],
    code: int,
    said: str,
) -> None:
    # Given
    asked["answers"]["start"] = {**IDLE, "waiting": waiting, "status": "succeeded"}
    # When
    result = dayfold("backfill", "start", *SPAN)
    # Then
    assert result.code == code
    assert said in result.err
    assert "next:" not in result.err


def test_waiting_ends_with_what_it_did(
    dayfold: Callable[..., Result], asked: dict[str, Any], store: FakeBackfills
) -> None:
    # Given
    asked["answers"]["start"] = STARTED
    store.states = [RUNNING, RUNNING, SUCCEEDED]
    # When
    result = dayfold("backfill", "start", *SPAN, "--wait")
    # Then
    assert result.code == 0
    assert result.out == "may succeeded in 90 s: 100 partitions published, 1.9 GB, $0.0095\n"


def test_waiting_for_one_that_fails_exits_1(
    dayfold: Callable[..., Result], asked: dict[str, Any], store: FakeBackfills
) -> None:
    # Given
    asked["answers"]["start"] = STARTED
    store.states = [RUNNING, FAILED]
    store.lines = ["kpi.a 2004-05-02: bad SQL", "kpi.b 2004-05-02: not_null broken"]
    # When
    result = dayfold("backfill", "start", *SPAN, "--wait")
    # Then
    assert result.code == 1
    assert result.err.count("failed: kpi.a 2004-05-02: bad SQL\n") == 1
    assert result.err.splitlines()[-1] == (
        "dayfold: may failed after 90 s, 98 of 100 partitions published, 2 failed, see above; "
        "`dayfold backfill retry may` builds what failed"
    )


def test_what_the_function_refuses_is_shown_as_it_is(
    dayfold: Callable[..., Result], asked: dict[str, Any], mapping: FakeMappings
) -> None:
    # Given
    asked["answers"]["start"] = BadRequestError("there is a backfill 'may' already")
    # When
    result = dayfold("backfill", "start", *SPAN, "--name", "may", "--concurrency", "50")
    # Then nothing else was done
    assert result.code == 1
    assert result.err == "dayfold: there is a backfill 'may' already\n"
    assert mapping.concurrency == 20


def test_a_concurrency_that_may_not_be_set_does_not_hide_what_was_started(
    dayfold: Callable[..., Result], asked: dict[str, Any], mapping: FakeMappings
) -> None:
    # Given
    asked["answers"]["start"] = STARTED
    refusal = {"Error": {"Code": "AccessDeniedException", "Message": "not for you"}}
    mapping.refusal = ClientError(refusal, "UpdateEventSourceMapping")  # type: ignore[arg-type]
    # When
    result = dayfold("backfill", "start", *SPAN, "--concurrency", "50")
    # Then
    assert (result.code, result.out) == (0, "may\n")
    assert "started, but at the concurrency there was: UpdateEventSourceMapping: " in result.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "give the days: --from DAY --to DAY"),
        (("--from", "2004-05-02", "--to", "2004-05-01"), "the range is reversed"),
        ((*SPAN, "--days-per-job", "0"), "0 is not in the range 1<=x<=100"),
        ((*SPAN, "--max-cost", "-1"), "'--max-cost': -1: give dollars, more than 0"),
        ((*SPAN, "--max-cost", "nan"), "give dollars, more than 0"),
        ((*SPAN, "--concurrency", "1"), "1 is not in the range 2<=x<=1000"),
        ((*SPAN, "--order", "random"), "'random' is not one of"),
    ],
)
def test_wrong_usage_is_one_line(
    dayfold: Callable[..., Result], asked: dict[str, Any], options: tuple[str, ...], said: str
) -> None:
    # When
    result = dayfold("backfill", "start", *options)
    # Then
    assert result.code == 2
    assert said in result.err
    assert result.err.count("\n") == 1
    assert asked["start"] == []


def test_an_unknown_table_is_found_before_anything_starts(
    dayfold: Callable[..., Result], asked: dict[str, Any]
) -> None:
    # When
    result = dayfold("backfill", "start", *SPAN, "--table", "active_user")
    # Then
    assert result.code == 1
    assert "unknown table 'active_user': did you mean 'active_users'?" in result.err
    assert asked["start"] == []
