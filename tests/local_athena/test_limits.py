"""Quotas and rates, on request."""

from __future__ import annotations

import pytest

from dayfold_local.athena.errors import RequestError
from dayfold_local.athena.limits import Gate, Limits


def test_nothing_is_limited_unless_asked_for() -> None:
    # Given no limits
    gate = Gate(Limits())

    # When many queries start
    # Then none is refused
    for _ in range(1000):
        gate.start(lambda: 1000)


def test_the_quota_of_active_queries() -> None:
    # Given room for two queries
    gate = Gate(Limits(active_queries=2))
    gate.start(lambda: 1)

    # When a third one starts
    with pytest.raises(RequestError) as refused:
        gate.start(lambda: 2)

    # Then Athena says that there are too many
    assert refused.value.code == "TooManyRequestsException"


def test_the_rate_of_calls() -> None:
    # Given a bucket of three calls that hardly fills
    gate = Gate(Limits(start_rate=0.001, start_burst=3))
    for _ in range(3):
        gate.start(lambda: 0)

    # When a fourth one comes at once
    with pytest.raises(RequestError) as refused:
        gate.start(lambda: 0)

    # Then it is throttled
    assert refused.value.code == "ThrottlingException"


def test_a_share_of_all_calls_is_throttled_and_the_same_ones_every_time() -> None:
    # Given a third of the calls to be refused, by chance from a seed
    def refusals(seed: int) -> list[str]:
        gate = Gate(Limits(throttled_share=1 / 3, seed=seed))
        return [
            _code(gate, action)
            for _ in range(300)
            for action in ("StartQueryExecution", "GetQueryExecution")
        ]

    # When
    codes = refusals(1)

    # Then a third is, in Athena's two ways: of starting too much, and of calling too often
    share = sum(code != "" for code in codes) / len(codes)
    assert 0.28 < share < 0.38
    assert set(codes[0::2]) == {"", "ThrottlingException", "TooManyRequestsException"}
    assert set(codes[1::2]) == {"", "ThrottlingException"}
    assert refusals(1) == codes != refusals(2)


def _code(gate: Gate, action: str) -> str:
    try:
        gate.call(action)
    except RequestError as error:
        return error.code
    return ""


def test_the_first_starts_are_answered_late() -> None:
    # Given
    gate = Gate(Limits(late_starts=2, late_seconds=7))

    # When
    asked = ["StartQueryExecution", "GetQueryExecution", *["StartQueryExecution"] * 2]
    late = [gate.seconds_late(action) for action in asked]

    # Then only as many of them as asked for
    assert late == [7, 0, 7, 0]
