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
