"""A check that fails on one day of many, on a live stack: what is published, said and kept.

Thirty days, where nothing else is said; `DAYFOLD_FULL_SIZE=1` makes it 195.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.days import day_range
from tests.faults.backfilling import published_by
from tests.integration.shell import Result, Shell, quiet_shell
from tests.integration.wire import calls_of_functions, unknown_to_the_schedules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.live import Live

FULL = os.environ.get("DAYFOLD_FULL_SIZE", "0") not in {"", "0"}
FIRST = dt.date(2004, 4, 15) if FULL else dt.date(2004, 7, 1)
LAST = dt.date(2004, 10, 26) if FULL else dt.date(2004, 7, 30)
DAYS = [str(day) for day in day_range(FIRST, LAST)]
BAD = "2004-07-20"
NUMBER = DAYS.index(BAD)  # what the day's companies pay, each
SPAN = ("--from", DAYS[0], "--to", DAYS[-1], "--table", "kpi.spending")
RULE = "between(amount, [0, 1000])"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Payments of all days, built; then a payment too many comes late for one of them."""
    with quiet_shell(tmp_path_factory.mktemp("checks")) as shell:
        for number, day in enumerate(DAYS):
            rows = [{"company_id": name, "amount": number} for name in ("acme", "bolt")]
            shell.live.put("payments", day, rows)
        shell.done("crawl", "--wait")
        shell.done("backfill", "start", "--name", "former", *SPAN, "--wait")
        shell.live.put("payments", BAD, [{"company_id": "acme", "amount": 5000}], name="late")
        shell.done("crawl", "--wait")
        yield shell


@pytest.fixture(scope="module")
def ended(shell: Shell) -> Result:
    """The backfill of all these days."""
    return shell.dayfold("backfill", "start", "--name", "anew", *SPAN, "--policy", "all", "--wait")


def spending(live: Live) -> dict[str, tuple[str | None, ...]]:
    rows = live.query("SELECT dt, amount, company_id FROM kpi.spending ORDER BY dt, company_id")
    found: dict[str, tuple[str | None, ...]] = {}
    for row in rows:
        found[str(row["dt"])] = (*found.get(str(row["dt"]), ()), row["amount"])
    return found


def partition(shell: Shell, day: str) -> Any:
    return json.loads(shell.done("show", "kpi.spending", day, "--format", "json"))


def test_all_days_but_one_are_published_and_that_one_keeps_its_former_build(
    shell: Shell, ended: Result
) -> None:
    # When it has ended
    assert ended.code == 1
    # Then all but the bad day are of it
    days = [day for table, day in published_by(shell.live, "anew") if table == "kpi.spending"]
    assert days == [day for day in DAYS if day != BAD]
    assert len(days) == len(DAYS) - 1
    bad = partition(shell, BAD)
    former, failed = bad["builds"]
    assert bad["partition"]["status"] == "failed"
    assert bad["partition"]["published_build_id"] == former["build_id"]
    assert (former["run_id"], failed["run_id"]) == ("backfill-former", "backfill-anew")
    # Then readers see what they saw
    assert spending(shell.live)[BAD] == (str(NUMBER), str(NUMBER))
    assert len(spending(shell.live)) == len(DAYS)


def test_the_report_names_the_day_the_rule_and_the_row(shell: Shell, ended: Result) -> None:
    # When
    said = ended.err.splitlines()[-1]
    # Then
    many = len(DAYS) + 1  # one more of staging.payments
    assert f"{many - 1} of {many} partitions published, 1 failed" in said
    for part in (
        f"kpi.spending {BAD}",
        RULE,
        "broken by 1 row",
        f'"amount":"{5000 + NUMBER}"',
        "acme",
    ):
        assert part in said
    (row,) = shell.live.query(
        "SELECT day, check_name, severity, broken, sample FROM ops.check_results"
        " WHERE outcome <> 'passed' AND run_id = 'backfill-anew'"
    )
    sample = json.loads(str(row.pop("sample")))
    assert row == {"day": BAD, "check_name": RULE, "severity": "error", "broken": "1"}
    assert sample == [{"amount": str(5000 + NUMBER), "company_id": "acme", "dt": BAD}]
    (count,) = shell.live.query(
        "SELECT count(*) AS n FROM ops.check_results"
        " WHERE table_name = 'kpi.spending' AND run_id = 'backfill-anew'"
    )
    assert count == {"n": str(2 * len(DAYS))}


@pytest.mark.usefixtures("ended")
def test_the_failed_build_can_be_looked_at(shell: Shell) -> None:
    # Given
    (sql,) = partition(shell, BAD)["look"]
    # When
    rows = shell.live.query(sql)
    # Then
    assert rows == [{"dt": BAD, "company_id": "acme", "amount": str(5000 + NUMBER)}]
    assert "look at it: dayfold query " in shell.done("show", "kpi.spending", BAD)


@pytest.mark.usefixtures("ended")
def test_eased_for_one_backfill_the_day_is_published_and_says_so(shell: Shell) -> None:
    # Given what broke is collected, once nobody may look at it any more
    days = ("--from", BAD, "--to", BAD, "--table", "kpi.spending")
    keep_nothing(shell.live)
    (sql,) = partition(shell, BAD)["look"]
    before = spending(shell.live)
    shell.done("collect")
    assert partition(shell, BAD)["look"] == []
    with pytest.raises(AssertionError, match="not"):
        shell.live.query(sql)
    # Then nobody who reads the published tables has noticed
    assert spending(shell.live) == before
    # When
    shell.done(
        "backfill", "start", "--name", "eased", *days, "--ease", "spending:between", "--wait"
    )
    # Then
    assert spending(shell.live)[BAD] == (str(5000 + NUMBER), str(NUMBER))
    assert f"changed check: in backfill-eased {RULE} only warned" in shell.done(
        "show", "kpi.spending", BAD
    )


def keep_nothing(live: Live) -> None:
    """Let the collection keep nothing but what readers see; a template would not be so bold."""
    functions = live.client("lambda")
    name = live.outputs["CollectGarbageFunction"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables.update(DAYFOLD_RETENTION_DAYS="0", DAYFOLD_KEPT_BUILDS="1")
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--ease", "kpi.spending:unknown"), "no such check of kpi.spending: there are unique"),
        (("--tighten", "kpi.spending:unique"), "it stops the publish already"),
        (("--ease", "nothing:unique"), "unknown table 'nothing'"),
        (("--ease", "kpi.spending"), "give TABLE:CHECK"),
        (("--checks", "nowhere.yaml"), "does not exist"),
    ],
)
def test_a_wrong_name_is_refused_in_one_line(
    shell: Shell, options: tuple[str, ...], says: str
) -> None:
    # When
    result = shell.dayfold("backfill", "start", "--name", "never", *SPAN, *options)
    # Then
    assert says in result.refusal
    assert "never" not in shell.done("backfill", "list", "--format", "csv")


@pytest.mark.usefixtures("ended")
def test_what_backfills_ask_of_aws_is_on_the_list_of_the_fault_schedules(shell: Shell) -> None:
    # Given the backfills above
    # When
    calls = calls_of_functions(shell.state)
    # Then
    assert ("dynamodb", "transact_write_items") in calls["run_backfill_job"]
    assert ("sqs", "send_message_batch") in calls["start_backfill"]
    assert unknown_to_the_schedules(calls) == set()
