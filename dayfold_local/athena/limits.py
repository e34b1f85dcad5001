"""Athena's limits, off unless asked for: quota of active queries, API rates, latency, bad days.

They come from the environment of the server (`DAYFOLD_ATHENA_ACTIVE_QUERIES`,
`DAYFOLD_ATHENA_START_RATE`, `DAYFOLD_ATHENA_LATENCY_SECONDS`, ...). Two of them are for proofs: a
share of all calls that is throttled, and first starts whose answers come late, so that their
callers can die between the start of a query and hearing of it.
"""

from __future__ import annotations

import dataclasses
import math
import os
import random
import threading
import time
from typing import TYPE_CHECKING

from dayfold.errors import ConfigurationError
from dayfold_local.athena.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclasses.dataclass(slots=True)
class Limits:
    """What is limited now; 0 means no limit."""

    active_queries: int = 0
    start_rate: float = 0.0  # StartQueryExecution calls a second
    start_burst: int = 80
    latency_seconds: float = 0.0  # what a query takes at least, as on a far-away engine
    throttled_share: float = 0.0  # of all calls, 0 to 1: refused at random
    seed: int = 0  # of that chance
    late_starts: int = 0  # so many first queries are accepted, and answered for only later
    late_seconds: float = 10.0

    @classmethod
    def from_environment(cls) -> Limits:
        """The limits that the server is started with.

        Raises:
            ConfigurationError: If one of them is no number, or less than 0.
        """
        return cls(
            active_queries=int(_number("ACTIVE_QUERIES", "0", whole=True)),
            start_rate=_number("START_RATE", "0"),
            start_burst=int(_number("START_BURST", "80", whole=True)),
            latency_seconds=_number("LATENCY_SECONDS", "0"),
            throttled_share=_number("THROTTLED_SHARE", "0"),
            seed=int(_number("SEED", "0", whole=True)),
            late_starts=int(_number("LATE_STARTS", "0", whole=True)),
            late_seconds=_number("LATE_SECONDS", "10"),
        )


def _number(name: str, default: str, *, whole: bool = False) -> float:
    variable = f"DAYFOLD_ATHENA_{name}"
    text = os.environ.get(variable) or default
    try:
        found = int(text) if whole else float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < math.inf:
        kind = "a whole number" if whole else "a number"
        raise ConfigurationError(f"{variable} is {kind}, 0 or more, not {text!r}")
    return found


class Gate:
    """Lets calls through or refuses them in Athena's words."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._tokens = float(limits.start_burst)
        self._last = time.monotonic()
        self._lock = threading.Lock()
        self._chance = random.Random(limits.seed)
        self._late_starts = limits.late_starts

    def call(self, action: str) -> None:
        """Before any call: refuses the share of them that is to be throttled.

        Raises:
            RequestError: `ThrottlingException`; for every other start of a query that is refused,
                `TooManyRequestsException`, as when the quota of active queries is used up.
        """
        if not self.limits.throttled_share:
            return
        with self._lock:
            refused = self._chance.random() < self.limits.throttled_share
            full = self._chance.random() < 0.5
        if refused and action == "StartQueryExecution" and full:
            raise _too_many_queries()
        if refused:
            raise _too_many_calls()

    def start(self, active: Callable[[], int]) -> None:
        """Before a query is accepted; `active` counts those queued and running."""
        self._throttle()
        if self.limits.active_queries and active() >= self.limits.active_queries:
            raise _too_many_queries()

    def seconds_late(self, action: str) -> float:
        """After a call was carried out: how long its answer is to be kept back."""
        with self._lock:
            if action != "StartQueryExecution" or not self._late_starts:
                return 0.0
            self._late_starts -= 1
            return self.limits.late_seconds

    def _throttle(self) -> None:
        if not self.limits.start_rate:
            return
        with self._lock:
            now = time.monotonic()
            gained = (now - self._last) * self.limits.start_rate
            self._tokens = min(float(self.limits.start_burst), self._tokens + gained)
            self._last = now
            if self._tokens < 1:
                raise _too_many_calls()
            self._tokens -= 1


def _too_many_calls() -> RequestError:
    return RequestError("ThrottlingException", "Rate exceeded")


def _too_many_queries() -> RequestError:
    return RequestError(
        "TooManyRequestsException",
        "You have exceeded the limit for the number of queries you can run concurrently. "
        "Please reduce the number of concurrent queries submitted by this account. Contact "
        "customer support to request a concurrent query limit increase.",
    )
