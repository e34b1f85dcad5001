"""What nobody waits for: leases of dead writers, their queries, backfills that stand still."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

from dayfold.domain.backfill import BACKFILL_RUN, ENDED
from dayfold.domain.failures import ABANDONED
from dayfold.domain.partition import ROLLBACK_RUN, BuildRecord
from dayfold.domain.statements import build_table_name
from dayfold.domain.sweeping import build_of, is_abandoned
from dayfold.ending import timestamp
from dayfold.errors import BadRequestError
from dayfold.releasing import steer_backfill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dayfold.domain.backfill import BackfillRecord
    from dayfold.domain.partition import PartitionState, RunRecord
    from dayfold.pipeline import Pipeline

_RECENT_BACKFILL_DAYS = 3  # how long an ended backfill is looked at for leases it left behind
Holder = Literal["dead", "alive", "unknown"]


def end_leases(
    pipeline: Pipeline, dead: Sequence[RunRecord], recent: Sequence[dt.date], *, dry_run: bool
) -> list[str]:
    """End attempts whose writer has died, so that everybody sees that they can be built again.

    Looks at the recent days, at the days of runs that have just been found dead, and at the days of
    backfills that run or ended lately.

    Returns:
        A line for each.
    """
    holders = _Holders(pipeline)
    spans = _spans(pipeline, dead, recent)
    ended: list[str] = []
    for table in pipeline.tables().values():
        abandoned = {
            day: state
            for first, last in spans
            for day, state in pipeline.ledger.partitions(table.name, first, last).items()
            if holders.have_left(state)
        }
        for day, state in sorted(abandoned.items()):
            if dry_run or _end(pipeline, table.name, day, state):
                ended.append(f"{table.name} {day}: attempt {state.attempt} of {state.run_id}")
                if not dry_run:
                    pipeline.catalog.drop_build_table(build_table_name(table, state.build_id))
    return ended


def _end(pipeline: Pipeline, table: str, day: dt.date, state: PartitionState) -> bool:
    """End one attempt as failed, unless its writer is back; its query is nobody's then."""
    record = BuildRecord(
        day=str(day),
        attempt=state.attempt,
        build_id=state.build_id,
        run_id=state.run_id,
        status="failed",
        ended_at=timestamp(pipeline),
        query_id=state.query_id,
        error=f"{ABANDONED}: {state.run_id} has not renewed its lease. Next: it is built again",
    )
    return pipeline.ledger.end_lease(table, record, seen=state)


class _Holders:
    """Who holds a lease, asked once each."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._known: dict[str, Holder] = {}

    def have_left(self, state: PartitionState) -> bool:
        """Whether nobody will end the attempt that holds this partition."""
        if state.run_id.startswith(ROLLBACK_RUN):
            return False  # it built nothing: the build it names is another attempt's
        return state.status == "building" and is_abandoned(
            state,
            now=int(self._pipeline.now().timestamp()),
            holder=self._of(state.run_id),
            grace=self._pipeline.settings.lease_seconds,
        )

    def _of(self, run_id: str) -> Holder:
        if run_id not in self._known:
            self._known[run_id] = self._ask(run_id)
        return self._known[run_id]

    def _ask(self, run_id: str) -> Holder:
        if run_id.startswith(BACKFILL_RUN):
            backfill = self._pipeline.backfills.get(run_id.removeprefix(BACKFILL_RUN))
            return "alive" if backfill and backfill.status not in ENDED else "unknown"
        run = self._pipeline.ledger.run(run_id)
        if run is None:
            return "unknown"  # it is none of the state machine's
        return "alive" if self._pipeline.executions.is_running(run.execution_arn) else "dead"


def _spans(
    pipeline: Pipeline, dead: Sequence[RunRecord], recent: Sequence[dt.date]
) -> list[tuple[dt.date, dt.date]]:
    """The stretches of days in which somebody may have left a lease behind."""
    spans = []
    if recent:
        spans.append((recent[0], recent[-1]))
    spans += [span for run in dead for span in _span_of(run.request)]
    since = pipeline.now() - dt.timedelta(days=_RECENT_BACKFILL_DAYS)
    for backfill in pipeline.backfills.list():
        if backfill.status not in ENDED or backfill.updated_at >= since.isoformat():
            spans += _span_of(backfill.request)
    return sorted(set(spans))


def _span_of(request: Mapping[str, object]) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last day that a request names, if it names any."""
    listed = request.get("days")
    days = [str(day) for day in listed] if isinstance(listed, list | tuple) else []
    days += [str(request[end]) for end in ("first", "last") if request.get(end)]
    if days:
        yield dt.date.fromisoformat(min(days)), dt.date.fromisoformat(max(days))


def stop_queries(pipeline: Pipeline, running: Mapping[str, str], *, dry_run: bool) -> list[str]:
    """Stop builds' queries that no lease names; anybody else's in the workgroup are left alone.

    Args:
        pipeline: the outside world.
        running: statements by query id, listed before any lease that is looked at here.
        dry_run: only list them.

    Returns:
        The ids of the queries.
    """
    stopped = []
    for query_id, sql in sorted(running.items()):
        made = build_of(sql)
        if made is None:
            continue
        table, build_id, first, last = made
        states = pipeline.ledger.partitions(table, first, last).values()
        if any(state.status == "building" and state.build_id == build_id for state in states):
            continue
        if not dry_run:
            pipeline.athena.stop(query_id)
        stopped.append(query_id)
    return stopped


def resume_backfills(pipeline: Pipeline, *, dry_run: bool) -> list[str]:
    """Send again what is missing of backfills that stand still.

    One stands still when no job of it has ended for a lease's time, it holds no lease, and the
    queue is empty. A message too many does nothing twice.

    Returns:
        Their names.
    """
    still = [one for one in pipeline.backfills.list() if _stands_still(pipeline, one)]
    if not still or not pipeline.queue.is_empty():
        return []
    resumed = []
    for backfill in still:
        try:
            if not dry_run:
                steer_backfill(pipeline, name=backfill.name, action="resume")
        except BadRequestError:
            continue  # it has ended meanwhile
        resumed.append(backfill.name)
    return resumed


def _stands_still(pipeline: Pipeline, backfill: BackfillRecord) -> bool:
    if backfill.status != "running":
        return False
    now = pipeline.now()
    quiet_since = now - dt.timedelta(seconds=pipeline.settings.lease_seconds)
    if (backfill.updated_at or backfill.created_at) > quiet_since.isoformat(
        timespec="milliseconds"
    ):
        return False
    run_id = backfill.run_id
    return not any(
        state.status == "building"
        and state.run_id == run_id
        and state.lease_until > now.timestamp()
        for first, last in _span_of(backfill.request)
        for table in pipeline.tables()
        for state in pipeline.ledger.partitions(table, first, last).values()
    )
