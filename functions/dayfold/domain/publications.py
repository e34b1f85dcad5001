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

from dayfold.domain.partition import BuildRecord, RollbackRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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
    records: list[BuildRecord | RollbackRecord] = [*builds, *rollbacks]
    found = [
        _publication(record)
        for record in records
        if isinstance(record, RollbackRecord) or record.status == "published"
    ]
    by_day: dict[dt.date, list[Publication]] = {}
    for one in sorted(found, key=lambda one: (one.day, one.attempt)):
        by_day.setdefault(dt.date.fromisoformat(one.day), []).append(one)
    return by_day


def as_of(history: Sequence[Publication], moment: dt.datetime) -> Publication | None:
    """What readers saw at a moment, given a day's publications; None if nothing yet."""
    seen = [one for one in history if one.moment <= moment]
    return seen[-1] if seen else None


def _publication(record: BuildRecord | RollbackRecord) -> Publication:
    """What readers saw from the end of an attempt on; a rollback itself reads and costs nothing."""
    told = Publication(
        day=record.day,
        attempt=record.attempt,
        build_id=record.build_id,
        published_at=record.ended_at,
        run_id=record.run_id,
        cause="build",
        location=record.location,
        sql_hash=record.sql_hash,
        inputs=record.inputs,
        rows=record.rows,
        bytes_scanned=record.bytes_scanned or 0,
        cost_usd=record.cost_usd or 0.0,
        columns=record.columns,
    )
    if isinstance(record, BuildRecord):
        return told
    return dataclasses.replace(
        told,
        cause="rollback",
        by=record.by,
        undone_build_id=record.undone_build_id,
        bytes_scanned=0,
        cost_usd=0.0,
    )
