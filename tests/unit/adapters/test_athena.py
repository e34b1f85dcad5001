"""The Athena adapter: rendering, starting, watching, and reading small results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from dayfold.adapters.athena import Athena, render, request_token
from dayfold.errors import QueryFailedError, ThrottledError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient


class ScriptedClient:
    """Answers each call with the next of its answers, and remembers the calls."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def _answer(self, **arguments: Any) -> Any:
        self.calls.append(arguments)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    start_query_execution = get_query_execution = get_query_results = _answer
    stop_query_execution = _answer


def athena(*answers: Any) -> tuple[Athena, ScriptedClient, list[float]]:
    """The adapter over a scripted client, and the pauses that it makes."""
    client, pauses, time = ScriptedClient(*answers), [], [0.0]

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        time[0] += seconds

    adapter = Athena(cast("AthenaClient", client), "dayfold", sleep=sleep, clock=lambda: time[0])
    return adapter, client, pauses


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said\nAthena"}}, "StartQueryExecution")


def execution(state: str, **more: Any) -> dict[str, Any]:
    status = {"State": state, **more.pop("status", {})}
    return {"QueryExecution": {"Status": status, "Statistics": more}}


def test_parameters_become_quoted_literals() -> None:
    # When
    sql = render("SELECT :from, x::y -- at :to_day\nWHERE dt <= :to", {"from": "it's", "to": "B"})
    # Then only the parameters given are put in
    assert sql == "SELECT 'it''s', x::y -- at :to_day\nWHERE dt <= 'B'"


def test_a_token_depends_on_every_part() -> None:
    tokens = {request_token(*parts) for parts in (("a", "b"), ("ab",), ("a", "c"), ("b", "a"))}
    assert len(tokens) == 4
    assert {len(token) for token in tokens} == {64}


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ThrottlingException"])
def test_both_kinds_of_throttling_mean_waiting(code: str) -> None:
    adapter, _, _ = athena(refusal(code))
    with pytest.raises(ThrottledError, match=code):
        adapter.start("SELECT 1", "t" * 64)


def test_a_refused_query_fails_its_partition_in_one_line() -> None:
    adapter, _, _ = athena(refusal("InvalidRequestException"))
    with pytest.raises(QueryFailedError, match="Athena refused the query: said Athena"):
        adapter.start("SELEC 1", "t" * 64)


def test_waiting_backs_off_and_ends_with_the_query() -> None:
    # Given
    adapter, _, pauses = athena(
        execution("QUEUED"),
        execution("RUNNING"),
        execution("QUEUED"),  # Athena may put a running query back
        execution("SUCCEEDED", DataScannedInBytes=7, TotalExecutionTimeInMillis=1500),
    )
    # When
    status = adapter.wait("q", 60)
    # Then
    assert (status.state, status.scanned_bytes, status.seconds) == ("SUCCEEDED", 7, 1.5)
    assert pauses == sorted(pauses)
    assert len(pauses) == 3


def test_waiting_gives_up_in_time() -> None:
    adapter, _, pauses = athena(*[execution("RUNNING")] * 100)
    status = adapter.wait("q", 5)
    assert status.state == "RUNNING"
    assert sum(pauses) <= 5


def test_a_failure_carries_athenas_reason_and_whether_to_retry() -> None:
    # Given
    adapter, _, _ = athena(
        execution(
            "FAILED",
            status={
                "StateChangeReason": "GENERIC_INTERNAL_ERROR:\n  try again",
                "AthenaError": {"Retryable": True},
            },
        )
    )
    # When
    status = adapter.wait("q", 1)
    # Then
    assert (status.reason, status.retryable) == ("GENERIC_INTERNAL_ERROR: try again", True)


def test_results_of_many_pages_are_read_by_column() -> None:
    # Given
    def page(*rows: list[str | None], **more: str) -> dict[str, Any]:
        cells = [
            {"Data": [{"VarCharValue": one} if one is not None else {} for one in row]}
            for row in rows
        ]
        return {"ResultSet": {"Rows": cells}, **more}

    adapter, client, _ = athena(page(["a", "b"], ["1", None], NextToken="more"), page(["2", "x"]))
    # When
    rows = adapter.rows("q")
    # Then
    assert rows == [{"a": "1", "b": None}, {"a": "2", "b": "x"}]
    assert client.calls[1]["NextToken"] == "more"


def test_stopping_what_has_ended_is_harmless() -> None:
    adapter, client, _ = athena(refusal("InvalidRequestException"))
    adapter.stop("q")
    assert client.calls == [{"QueryExecutionId": "q"}]


def test_results_that_athena_will_not_give_now_are_asked_for_later() -> None:
    # Given
    adapter, _, _ = athena(refusal("ThrottlingException"), refusal("AccessDeniedException"))
    # Then waiting is said to be the cure where it is one
    with pytest.raises(ThrottledError):
        adapter.rows("q")
    with pytest.raises(ClientError):
        adapter.rows("q")
