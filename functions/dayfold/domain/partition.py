"""What the ledger knows of a partition and of each build of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

Status = Literal["building", "published", "failed"]
ROLLBACK_RUN = "rollback-"  # the run id of a rollback is this and an id of its own


@dataclasses.dataclass(frozen=True, slots=True)
class PartitionState:
    """One table on one day, as the ledger has it.

    `status` is that of the latest attempt; a partition whose rebuild failed is `failed` and still
    has the `published_build_id` that readers see.
    """

    status: Status
    attempt: int
    run_id: str
    build_id: str
    lease_until: int = 0  # epoch seconds
    query_id: str | None = None
    job_days: int = 1  # how many days the latest attempt built at once
    pending_sql_hash: str | None = None  # of the latest attempt, published or not
    pending_inputs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    error: str | None = None
    retry_apart: bool = False  # a wide job failed as a whole: try its days one by one
    published_build_id: str | None = None
    published_at: str | None = None  # ISO 8601, UTC
    location: str | None = None  # s3://bucket/builds/.../dt=DAY/
    sql_hash: str | None = None  # of the published build
    inputs: Mapping[str, str] = dataclasses.field(default_factory=dict)  # input table -> digest
    rows: int | None = None
    bytes_scanned: int | None = None  # of the published build, this day's share of its job
    seconds: float | None = None
    cost_usd: float | None = None
    check_results: tuple[Mapping[str, Any], ...] = ()
    pinned: bool = False  # rolled back: being stale does not undo that, a new publish does
    pinned_by: str | None = None  # who rolled it back, at `published_at`

    @property
    def is_published(self) -> bool:
        """Whether readers see a build of this partition."""
        return self.published_build_id is not None

    def is_held_by(self, run_id: str, attempt: int) -> bool:
        """Whether the lease is that of this attempt of this run."""
        return (self.status, self.run_id, self.attempt) == ("building", run_id, attempt)


@dataclasses.dataclass(frozen=True, slots=True)
class BuildRecord:
    """One attempt at one partition, frozen when it ended.

    One with status `published` is at the same time the record that readers saw this build from
    `ended_at` on.
    """

    day: str
    attempt: int
    build_id: str
    run_id: str
    status: Literal["published", "failed"]
    ended_at: str
    query_id: str | None = None
    location: str | None = None
    sql_hash: str | None = None
    inputs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    rows: int | None = None
    bytes_scanned: int | None = None
    seconds: float | None = None
    cost_usd: float | None = None
    error: str | None = None
    retry_apart: bool = False
    check_results: tuple[Mapping[str, Any], ...] = ()
    checks: tuple[Mapping[str, Any], ...] = ()  # in force, where a backfill changed the file's own
    # What it wrote, name to the catalog's type; empty in records older than this field.
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    # Set before the first file is deleted: from then on nothing may point readers at this build.
    collection: Literal["collecting", "collected"] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class RollbackRecord:
    """One attempt that built nothing and pointed a partition back at an earlier build.

    What readers see from `ended_at` on is the earlier build, so its facts are repeated here: they
    outlive the earlier build's own record. Bytes and dollars are what that build once took; the
    rollback itself costs nothing.
    """

    day: str
    attempt: int
    build_id: str  # the earlier build
    run_id: str
    ended_at: str
    undone_build_id: str  # what readers saw before
    by: str | None = None
    location: str | None = None
    sql_hash: str | None = None
    inputs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    rows: int | None = None
    bytes_scanned: int | None = None
    seconds: float | None = None
    cost_usd: float | None = None
    check_results: tuple[Mapping[str, Any], ...] = ()
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of the state machine: what was asked, how it went."""

    run_id: str
    status: Literal["running", "succeeded", "failed"]
    trigger: str
    started_at: str
    execution_arn: str = ""
    ended_at: str | None = None
    request: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    planned: int = 0
    published: int = 0
    failed: int = 0
    waiting: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
