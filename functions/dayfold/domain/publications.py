"""Publications: which build of a day readers saw from when, told from the attempts' records.

The ledger has no record of its own for a publish. An attempt that ended as published left its
build's record in the transaction that settled the partition, and one that rolled back left a
rollback's record in the same way; what readers saw is those two, in the order of attempts.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dayfold.domain.partition import BuildRecord, RollbackRecord


@dataclasses.dataclass(frozen=True, slots=True)
class Publication:
    """One change of what readers see of one partition."""

    day: str
    attempt: int
    build_id: str  # what readers see from `published_at` on
    published_at: str  # ISO 8601, UTC
    run_id: str
    cause: Literal["build", "rollback"]
    by: str | None = None  # who rolled back
    undone_build_id: str | None = None  # what a rollback took away from readers
    location: str | None = None
    sql_hash: str | None = None
    inputs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    rows: int | None = None
    bytes_scanned: int = 0  # for this change: a rollback scans nothing
    cost_usd: float = 0.0
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)  # empty: not on record

    @property
    def moment(self) -> dt.datetime:
        """When readers began to see it."""
        return dt.datetime.fromisoformat(self.published_at)


def publications(
    builds: Iterable[BuildRecord], rollbacks: Iterable[RollbackRecord]
) -> dict[dt.date, list[Publication]]:
    """The publications of some partitions of one table by day, oldest first.

    Attempts give the order, not clocks: an attempt's number is above that of all before it.
    """
    found = [
        *(_of_build(build) for build in builds if build.status == "published"),
        *(_of_rollback(rollback) for rollback in rollbacks),
    ]
    by_day: dict[dt.date, list[Publication]] = {}
    for one in sorted(found, key=lambda one: (one.day, one.attempt)):
        by_day.setdefault(dt.date.fromisoformat(one.day), []).append(one)
    return by_day


def as_of(history: Sequence[Publication], moment: dt.datetime) -> Publication | None:
    """What readers saw at a moment, given a day's publications; None if nothing yet."""
    seen = [one for one in history if one.moment <= moment]
    return seen[-1] if seen else None


def _of_build(build: BuildRecord) -> Publication:
    return Publication(
        day=build.day,
        attempt=build.attempt,
        build_id=build.build_id,
        published_at=build.ended_at,
        run_id=build.run_id,
        cause="build",
        location=build.location,
        sql_hash=build.sql_hash,
        inputs=build.inputs,
        rows=build.rows,
        bytes_scanned=build.bytes_scanned or 0,
        cost_usd=build.cost_usd or 0.0,
        columns=build.columns,
    )


def _of_rollback(rollback: RollbackRecord) -> Publication:
    return Publication(
        day=rollback.day,
        attempt=rollback.attempt,
        build_id=rollback.build_id,
        published_at=rollback.ended_at,
        run_id=rollback.run_id,
        cause="rollback",
        by=rollback.by,
        undone_build_id=rollback.undone_build_id,
        location=rollback.location,
        sql_hash=rollback.sql_hash,
        inputs=rollback.inputs,
        rows=rollback.rows,
        columns=rollback.columns,
    )
