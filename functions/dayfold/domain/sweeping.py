"""The sweep's rules: which leases are abandoned, what is tried no more, what is left to others."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from dayfold.domain.fingerprints import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dayfold.domain.jobs import Job
    from dayfold.domain.partition import PartitionState
    from dayfold.domain.planning import Decisions

# How often the sweep has a partition built that fails with the same query and the same inputs.
TRIES = 3
# A sweep's jobs up to these go into one run of the state machine; more become a backfill.
RUN_JOBS = 40
SHOWN = 50  # partitions and lines that a report names; it counts all
_BUILD = re.compile(
    r'^\s*CREATE TABLE "build"\."[^"]+".*?external_location = '
    r"'s3://[^/]+/builds/(?P<table>[a-z0-9_.]+)/(?P<build>[^/']+)/'",
    re.DOTALL,
)
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})(?:_(\d{4}-\d{2}-\d{2}))?-a\d+-")
Partition = tuple[str, dt.date]  # table and day


@dataclasses.dataclass(frozen=True, slots=True)
class SweepRecord:
    """What one sweep found and did.

    `found` counts what it had built, by reason; `partitions` names the first of them.
    """

    at: str  # ISO 8601, UTC
    dry_run: bool = False
    first: str | None = None
    last: str | None = None
    judged: int = 0
    up_to_date: int = 0
    waiting: int = 0
    left_to_others: int = 0  # in the plan of a run or a backfill that is under way
    given_up: tuple[str, ...] = ()
    found: Mapping[str, int] = dataclasses.field(default_factory=dict)
    partitions: tuple[str, ...] = ()
    started: str | None = None  # a run's or a backfill's name
    started_kind: Literal["run", "backfill"] | None = None
    crawled: bool = False
    ended_runs: tuple[str, ...] = ()
    ended_leases: tuple[str, ...] = ()
    stopped_queries: tuple[str, ...] = ()
    resumed_backfills: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def building(self) -> int:
        """How many partitions it had built."""
        return sum(self.found.values())


def is_abandoned(
    state: PartitionState, *, now: int, holder: Literal["dead", "alive", "unknown"], grace: int
) -> bool:
    """Whether nobody will end the attempt that holds this partition.

    Args:
        state: the ledger's.
        now: epoch seconds.
        holder: `dead` if the run is known to have ended, `alive` if somebody may yet come back to
            it (a message of a backfill is handed out again), `unknown` if only the lease tells.
        grace: seconds that a living holder has after the end of its lease.
    """
    if state.status != "building":
        return False
    if holder == "dead":
        return True
    return state.lease_until + (grace if holder == "alive" else 0) <= now


def build_of(sql: str) -> tuple[str, str, dt.date, dt.date] | None:
    """The table, build and days that a statement of ours builds; None for any other statement."""
    made = _BUILD.match(sql)
    days = _DAYS.match(made["build"]) if made else None
    if made is None or days is None:
        return None
    first = dt.date.fromisoformat(days[1])
    return made["table"], made["build"], first, dt.date.fromisoformat(days[2] or days[1])


def to_start(decisions: Decisions, theirs: Collection[Partition]) -> Decisions:
    """What is to be built and is nobody's yet."""
    kept = {
        table: {
            day: decision
            for day, decision in days.items()
            if decision.action == "build" and (table, day) not in theirs
        }
        for table, days in decisions.items()
    }
    return {table: days for table, days in kept.items() if days}


def start_name(jobs: Iterable[Job], now: dt.datetime) -> str:
    """The name under which this work is started in this hour, by however many sweeps at once."""
    lines = [
        f"{job.table} {day} {job.seen_attempts[day]} {why}"
        for job in jobs
        for day, why in sorted(job.reasons.items())
    ]
    return f"sweep-{now.astimezone(dt.UTC):%Y%m%dT%H}-{digest(sorted(lines))[:8]}"


def request_for(decisions: Decisions) -> dict[str, Any]:
    """The request of a run that builds what was found."""
    days = sorted({day for days in decisions.values() for day in days})
    return {
        "trigger": "sweep",
        "days": [str(day) for day in days],
        "tables": sorted(decisions),
        "policy": "stale",
        "tries": TRIES,
    }


def counted(decisions: Decisions) -> dict[str, int]:
    """How many partitions are to be built, by reason."""
    counts: dict[str, int] = {}
    for days in decisions.values():
        for decision in days.values():
            counts[decision.reason] = counts.get(decision.reason, 0) + 1
    return dict(sorted(counts.items()))
