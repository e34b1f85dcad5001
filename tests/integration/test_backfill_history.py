"""Backfills as a user has them: a new KPI, a changed query, a retry, a redrive, two at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.backfilling import attempts, backfill, dead_letters, published_by, wait
from tests.integration.conftest import wait_until
from tests.integration.shell import SPENDING, STAGING_PAYMENTS, Shell, quiet_shell
from tests.integration.test_bad_input_requests import edited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.live import Live

PAYERS = """\
-- Companies that paid, per day.
--
-- owner: finance
-- grain: dt
-- inputs:
--   staging.payments: [0, 0]
-- checks:
--   unique: [dt]
SELECT
    CAST(count(DISTINCT company_id) AS bigint) AS payers, -- companies
    dt
FROM staging.payments
WHERE dt BETWEEN :from AND :to
GROUP BY dt
"""
CHAIN = ("kpi.spending", "staging.payments")


def day(number: int) -> str:
    return f"2004-05-{number:02}"


def pay(live: Live, number: int, amount: str) -> None:
    live.put("payments", day(number), [{"company_id": "acme", "amount": amount}])


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Payments of twenty days, the eighth of which cannot be read; nothing built."""
    with quiet_shell(tmp_path_factory.mktemp("backfills")) as shell:
        for number in range(1, 21):
            pay(shell.live, number, "eight" if number == 8 else str(number))
        shell.done("crawl", "--wait")
        yield shell


def run(shell: Shell, name: str, first: int, last: int, *more: object) -> Any:
    """Backfill some days and wait; how the command ended."""
    days = ("--from", day(first), "--to", day(last))
    return shell.dayfold("backfill", "start", "--name", name, *days, *more, "--wait")


def pairs(tables: tuple[str, ...], first: int, last: int) -> list[tuple[str, str]]:
    return sorted((table, day(n)) for table in tables for n in range(first, last + 1))


def spent(live: Live, first: int, last: int) -> list[str | None]:
    between = f"BETWEEN '{day(first)}' AND '{day(last)}'"
    rows = live.query(f"SELECT amount FROM kpi.spending WHERE dt {between} ORDER BY dt")
    return [row["amount"] for row in rows]


def test_a_new_kpi_is_backfilled_alone(shell: Shell) -> None:
    # Given two days of payments and of spending
    assert run(shell, "before", 1, 2, "--table", "kpi.spending").code == 0
    # When a KPI is added, and backfilled over four days
    (shell.project / "queries/kpi/payers.sql").write_text(PAYERS)
    assert run(shell, "payers", 1, 4, "--table", "kpi.payers").code == 0
    # Then its days are built, what they read where it was missing, and nothing else
    live = shell.live
    assert published_by(live, "before") == pairs(CHAIN, 1, 2)
    assert published_by(live, "payers") == sorted(
        [*pairs(("kpi.payers",), 1, 4), *pairs(("staging.payments",), 3, 4)]
    )
    assert [row["payers"] for row in live.query("SELECT payers FROM kpi.payers")] == ["1"] * 4
    # Then asked for again, there is nothing to build
    again = shell.done("backfill", "start", "--from", day(1), "--to", day(4),
                       "--table", "kpi.payers", "--dry-run", "--format", "json")  # fmt: skip
    assert json.loads(again)["partitions"] == 0


def test_a_changed_query_makes_its_own_days_and_their_readers_stale(shell: Shell) -> None:
    # Given two days of a table and of two that read it
    (shell.project / "queries/kpi/payers.sql").write_text(PAYERS)
    family = (*CHAIN, "kpi.payers")
    named = [part for name in family for part in ("--table", name)]
    assert run(shell, "family", 5, 6, *named).code == 0
    # When a KPI is changed
    live = shell.live
    dearer = SPENDING.replace("sum(amount)", "sum(amount) + 100")
    with edited(shell, "kpi/spending.sql", dearer):
        assert run(shell, "leaf", 5, 6, *named).code == 0
        # Then its own days are built, and only they
        assert published_by(live, "leaf") == pairs(("kpi.spending",), 5, 6)
        assert spent(live, 5, 6) == ["105", "106"]
    # When what all of them read is changed
    cast = "CAST(amount AS bigint)"
    doubled = STAGING_PAYMENTS.replace(cast, f"CAST({cast} * 2 AS bigint)")
    with edited(shell, "staging/payments.sql", doubled):
        assert run(shell, "root", 5, 6, *named).code == 0
        # Then its days are, and those of its readers
        assert published_by(live, "root") == pairs(family, 5, 6)
        assert spent(live, 5, 6) == ["10", "12"]


def test_a_retry_builds_what_failed_and_a_redrive_nothing(shell: Shell) -> None:
    # Given a backfill of which one day failed, and with it the day that reads it
    failed = run(shell, "mended", 7, 9, "--table", "kpi.spending")
    live = shell.live
    assert f"staging.payments {day(8)}: INVALID_CAST_ARGUMENT" in failed.err
    good = [*pairs(CHAIN, 7, 7), *pairs(CHAIN, 9, 9)]
    assert published_by(live, "mended") == sorted(good)
    built = attempts(live)
    letters = [body for body, _ in dead_letters(live)]
    assert len(letters) == 2
    # When its messages are put back by hand
    redrive(live, letters)
    # Then nothing is built, and nothing is counted
    assert attempts(live) == built
    before = backfill(live, "mended")
    assert (before["status"]["S"], before["failed"]["N"]) == ("failed", "2")
    # When the extract is mended and what failed is tried again, the messages with it
    pay(live, 8, "8")
    shell.done("crawl", "--wait")
    shell.done("backfill", "retry", "mended")
    redrive(live, letters)
    # Then only that is built, under new attempts
    ended = wait(live, "mended")
    assert (ended["status"]["S"], ended["published"]["N"]) == ("succeeded", "6")
    assert published_by(live, "mended") == pairs(CHAIN, 7, 9)
    assert spent(live, 7, 9) == ["7", "8", "9"]
    tries = attempts(live)
    mended = {("staging.payments", day(8)), ("kpi.spending", day(8))}
    assert {pair for pair in tries if tries[pair] != built.get(pair)} == mended
    # Then what was read is what is remembered: nothing is stale
    plan = shell.done("backfill", "start", "--from", day(7), "--to", day(9),
                      "--table", "kpi.spending", "--dry-run", "--format", "json")  # fmt: skip
    assert json.loads(plan)["partitions"] == 0
    # When they are put back once more, after the end
    redrive(live, letters)
    # Then
    assert attempts(live) == tries
    assert backfill(live, "mended") == ended


def redrive(live: Live, bodies: list[dict[str, Any]]) -> None:
    """Put dead letters back into the queue, and wait until all of them have been taken."""
    sqs, url = live.client("sqs"), live.outputs["BackfillQueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))

    def is_drained() -> bool:
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return not any(int(count) for count in answer["Attributes"].values())

    wait_until(is_drained, 300)


def test_two_backfills_over_the_same_days_build_each_partition_once(shell: Shell) -> None:
    # When two are started at the same moment
    asked = {"first": day(11), "last": day(16), "tables": list(CHAIN)}
    live = shell.live
    function = live.outputs["StartBackfillFunction"]

    def start(name: str) -> str:
        event = json.dumps({"name": name, **asked, "days_per_job": 1})
        answer = live.client("lambda").invoke(FunctionName=function, Payload=event)
        return str(answer.get("FunctionError", ""))

    with ThreadPoolExecutor(2) as pool:
        refused = list(pool.map(start, ["one", "other"]))
    ended = [wait(live, name)["status"]["S"] for name in ("one", "other")]
    # Then both succeed, and each partition was built once, by one of them
    assert (refused, ended) == (["", ""], ["succeeded", "succeeded"])
    wanted = pairs(CHAIN, 11, 16)
    assert sorted(published_by(live, "one") + published_by(live, "other")) == wanted
    tries = attempts(live)
    assert {tuple(tries[pair]) for pair in wanted} == {("published",)}
    assert spent(live, 11, 16) == [str(number) for number in range(11, 17)]
