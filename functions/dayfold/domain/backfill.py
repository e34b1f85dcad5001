"""Backfills: what is asked for, and what the ledger knows of it.

```
  running ── pause, or the cost limit ──> paused ── resume ──> running
  running ── last wave ended ──> succeeded | failed ── retry ──> running
  running | paused ── cancel ──> cancelled
```
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from dayfold.domain.requests import RunRequest, read_request
from dayfold.errors import BadRequestError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

BACKFILL_RUN = "backfill-"  # the run id of a backfill's builds is this and its name
BackfillStatus = Literal["running", "paused", "cancelled", "succeeded", "failed"]
Order = Literal["newest", "oldest"]
ENDED: frozenset[BackfillStatus] = frozenset({"cancelled", "succeeded", "failed"})
_ORDERS: dict[str, Order] = {"newest": "newest", "oldest": "oldest"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def run_id_of(name: str) -> str:
    """The run id of a backfill's builds, by the backfill's name."""
    return f"{BACKFILL_RUN}{name}"


@dataclasses.dataclass(frozen=True, slots=True)
class BackfillRequest:
    """A range of days of some tables to bring up to date."""

    name: str
    run: RunRequest
    order: Order = "newest"
    max_cost_usd: float | None = None
    concurrency: int | None = None  # jobs at once that the plan reckons with; None: the stack's

    @property
    def run_id(self) -> str:
        """Under which the backfill's builds are in the ledger, and its plan in S3."""
        return run_id_of(self.name)


@dataclasses.dataclass(frozen=True, slots=True)
class BackfillRecord:
    """A backfill as it stands."""

    name: str
    status: BackfillStatus
    created_at: str
    updated_at: str = ""
    ended_at: str | None = None
    reason: str | None = None
    request: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tries: int = 1
    wave: int = 1
    waves: int = 0
    partitions: int = 0
    jobs: int = 0
    jobs_done: int = 0
    published: int = 0
    failed: int = 0
    bytes_scanned: int = 0
    spent_usd: float = 0.0
    committed_usd: float = 0.0  # spent, and reserved by jobs that run
    max_cost_usd: float | None = None
    expected_usd: float = 0.0
    expected_bytes: int = 0

    @property
    def run_id(self) -> str:
        """Under which the backfill's builds are in the ledger, and its plan in S3."""
        return run_id_of(self.name)


@dataclasses.dataclass(frozen=True, slots=True)
class WaveRecord:
    """One wave of a backfill: `left` jobs have not ended yet."""

    number: int
    jobs: int
    left: int
    partitions: int = 0
    released: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class JobRecord:
    """One job of a backfill, from its first delivery on."""

    wave: int
    index: int
    tries: int
    status: Literal["running", "done", "failed"]
    reserved_usd: float = 0.0
    published: int = 0
    failed: int = 0
    failures: tuple[str, ...] = ()
    spent_usd: float = 0.0
    bytes_scanned: int = 0
    ended_at: str | None = None


def read_backfill(
    event: Mapping[str, Any], known_tables: Collection[str], today: dt.date, tail: str
) -> BackfillRequest:
    """Read what a backfill is asked to do.

    Args:
        event: the fields of the request.
        known_tables: the names of the tables there are.
        today: the business day that is not over yet.
        tail: what makes a name of its own, for a backfill that is given none.

    Raises:
        BadRequestError: a field is missing, impossible, or reaches beyond yesterday.
    """
    first, last = event.get("first"), event.get("last")
    if not first or not last:
        raise BadRequestError("a backfill needs its first and its last day")
    fields = ("first", "last", "tables", "policy", "dry_run", "days_per_job", "tries")
    asked = {"trigger": "backfill", "policy": "stale", **_present(event, fields)}
    run = read_request({"request": asked}, known_tables)
    if run.days[-1] >= today:
        raise BadRequestError(f"{run.days[-1]} is not over: a backfill ends before {today}")
    order = _ORDERS.get(event.get("order") or "newest")
    if order is None:
        raise BadRequestError(f"unknown order {event['order']!r}: give newest or oldest")
    name = str(event.get("name") or f"{first}-{last}-{tail}")
    if not _NAME.fullmatch(name):
        raise BadRequestError(f"{name!r} is no name: use letters, digits, - and _, at most 60")
    return BackfillRequest(
        name,
        run,
        order,
        read_max_cost(event.get("max_cost_usd")),
        _read_concurrency(event.get("concurrency")),
    )


def _present(event: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: event[name] for name in fields if event.get(name) is not None}


def read_max_cost(value: object) -> float | None:
    """Read a cost limit in US dollars; None is none.

    Raises:
        BadRequestError: it is no number above 0.
    """
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise BadRequestError(f"the cost limit is {value!r}: give dollars above 0")
    return float(value)


def _read_concurrency(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 2 <= value <= 1000:
        raise BadRequestError(f"the concurrency is {value!r}: give a number from 2 to 1000")
    return value
