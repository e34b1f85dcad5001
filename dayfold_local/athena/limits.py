"""Athena's limits, off unless asked for: quota of active queries, API rates, latency.

They come from the environment (`DAYFOLD_ATHENA_ACTIVE_QUERIES`, `DAYFOLD_ATHENA_START_RATE`,
`DAYFOLD_ATHENA_LATENCY_SECONDS`) and can be changed while the server runs, by `configure`.
"""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from typing import TYPE_CHECKING

from dayfold_local.athena.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclasses.dataclass(slots=True)
class Limits:
    """What is limited now; 0 means no limit."""

    active_queries: int = 0
    start_rate: float = 0.0  # StartQueryExecution calls a second
    start_burst: int = 80
    latency_seconds: float = 0.0  # added to every query, as a far-away engine would

    @classmethod
    def from_environment(cls) -> Limits:
        """The limits that the server is started with."""
        return cls(
            active_queries=int(os.environ.get("DAYFOLD_ATHENA_ACTIVE_QUERIES", "0")),
            start_rate=float(os.environ.get("DAYFOLD_ATHENA_START_RATE", "0")),
            start_burst=int(os.environ.get("DAYFOLD_ATHENA_START_BURST", "80")),
            latency_seconds=float(os.environ.get("DAYFOLD_ATHENA_LATENCY_SECONDS", "0")),
        )


class Gate:
    """Lets calls through or refuses them in Athena's words."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._tokens = float(limits.start_burst)
        self._last = time.monotonic()
        self._lock = threading.Lock()

    def start(self, active: Callable[[], int]) -> None:
        """Before a query is accepted; `active` counts those queued and running."""
        self._throttle()
        if self.limits.active_queries and active() >= self.limits.active_queries:
            raise RequestError(
                "TooManyRequestsException",
                "You have exceeded the limit for the number of queries you can run concurrently. "
                "Please reduce the number of concurrent queries submitted by this account. Contact "
                "customer support to request a concurrent query limit increase.",
            )

    def _throttle(self) -> None:
        if not self.limits.start_rate:
            return
        with self._lock:
            now = time.monotonic()
            gained = (now - self._last) * self.limits.start_rate
            self._tokens = min(float(self.limits.start_burst), self._tokens + gained)
            self._last = now
            if self._tokens < 1:
                raise RequestError("ThrottlingException", "Rate exceeded")
            self._tokens -= 1
