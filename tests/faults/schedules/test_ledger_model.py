"""Ledger, lease and publish against a model of a few lines, by hypothesis' state machine.

Three writers claim, renew, publish and settle one partition in any order, each by what it last saw
of the ledger, however long ago; time passes between. The model has one number that matters: the
attempt that holds the lease. Whatever the writers do, only its holder gets anything through.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dayfold.adapters.ledger import Ledger
from dayfold.adapters.ledger_writes import Claim
from dayfold.domain.claims import judge, next_attempts
from dayfold.domain.partition import BuildRecord, PartitionState
from tests.faults.schedules.dynamodb import FakeDynamoDB
from tests.faults.schedules.wire import Pages

TABLE, DAY = "kpi.active_users", dt.date(2004, 5, 20)
LEASE_SECONDS = 300
WRITERS = ("run-1", "run-2", "backfill-b")


class Direct(FakeDynamoDB):
    """The fake as a client, without a wire between."""

    def get_paginator(self, operation: str) -> Pages:
        return Pages(getattr(self, operation))


class LedgerMachine(RuleBasedStateMachine):
    """Writers of one partition."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000
        self.dynamodb = Direct(lambda: float(self.now))
        self.ledger = Ledger(cast("Any", self.dynamodb), "ledger")
        self.seen: dict[str, PartitionState | None] = {}  # what each writer last saw
        self.planned: dict[str, int] = {}  # the attempt that each writer's plan saw
        self.mine: dict[str, tuple[int, str]] = {}  # the attempt and build each believes to hold
        # The model: who holds the lease, until when, what is published, what the catalog shows.
        self.holder: tuple[str, int] | None = None
        self.lease_until = 0
        self.attempt = 0
        self.published: str | None = None
        self.shown: str | None = None

    def state(self) -> PartitionState | None:
        return self.ledger.partitions(TABLE, DAY, DAY).get(DAY)

    @rule(writer=st.sampled_from(WRITERS))
    def look(self, writer: str) -> None:
        self.seen[writer] = self.state()
        self.planned.setdefault(writer, self.attempt)

    @rule(writer=st.sampled_from(WRITERS))
    def plan(self, writer: str) -> None:
        self.planned[writer] = self.attempt

    @rule(seconds=st.sampled_from([1, 100, LEASE_SECONDS + 1]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(writer=st.sampled_from(WRITERS))
    def claim(self, writer: str) -> None:
        if writer not in self.seen:
            return
        seen = self.seen[writer]
        planned = self.planned[writer]
        verdict = judge(seen, seen_attempt=planned, run_id=writer, now=self.now)
        if verdict.action != "take":
            return
        (attempt,) = next_attempts({} if seen is None else {DAY: seen}, [DAY]).values()
        build = f"{writer}-{attempt}"
        until = self.now + LEASE_SECONDS
        claimed = self.ledger.writes.claim(
            TABLE,
            [Claim(DAY, seen, attempt, {})],
            run_id=writer,
            build_id=build,
            sql_hash="x",
            lease_until=until,
        )
        if self.ledger.write(claimed):
            free = self.holder is None or self.lease_until <= self.now
            assert free, f"{writer} took the lease of {self.holder}"
            assert attempt == self.attempt + 1
            self.holder, self.attempt, self.lease_until = (writer, attempt), attempt, until
            self.mine[writer] = (attempt, build)

    @rule(writer=st.sampled_from(WRITERS))
    def renew(self, writer: str) -> None:
        self.hold(writer)

    def hold(self, writer: str) -> bool:
        """Renew a lease: it works just for whom the model has as its holder."""
        if writer not in self.mine:
            return False
        attempt, _ = self.mine[writer]
        until = self.now + LEASE_SECONDS
        renewal = self.ledger.writes.hold(TABLE, {DAY: attempt}, run_id=writer, lease_until=until)
        held = self.ledger.write(renewal)
        assert held == (self.holder == (writer, attempt))
        if held:
            self.lease_until = until
        return held

    @rule(writer=st.sampled_from(WRITERS))
    def show(self, writer: str) -> None:
        """The catalog, which no condition guards: the pipeline points it right after a renewal."""
        if self.hold(writer):
            self.shown = self.mine[writer][1]

    @rule(writer=st.sampled_from(WRITERS), good=st.booleans())
    def settle(self, writer: str, good: bool) -> None:
        if writer not in self.mine:
            return
        attempt, build = self.mine[writer]
        if good and self.shown != build:
            return  # the pipeline settles what it has shown
        record = BuildRecord(
            day=str(DAY),
            attempt=attempt,
            build_id=build,
            run_id=writer,
            status="published" if good else "failed",
            ended_at=f"{self.now}",
            location=f"s3://b/{build}/",
        )
        settled = self.ledger.settle(TABLE, {DAY: record})
        assert settled == (self.holder == (writer, attempt))
        if settled:
            self.holder = None
            self.published = build if good else self.published

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        state = self.state()
        if state is None:
            assert self.attempt == 0
            return
        assert state.attempt == self.attempt
        assert state.published_build_id == self.published
        assert (state.status == "building") == (self.holder is not None)

    @invariant()
    def every_attempt_ended_once_as_one_build(self) -> None:
        records = self.ledger.builds(TABLE, DAY, DAY)
        assert len({one.attempt for one in records}) == len(records)
        good = [one.build_id for one in records if one.status == "published"]
        assert (good[-1] if good else None) == self.published


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, derandomize=True
)
