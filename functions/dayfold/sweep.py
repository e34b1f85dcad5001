"""The sweep: finds what no event announced and what nobody waits for, and starts it once.

Each step only looks at what is there, so a sweep that is killed, or two at once, do no harm: what
one has ended or started, the other finds ended or started.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from dayfold.abandoned import end_leases, resume_backfills, stop_queries
from dayfold.adapters.metrics import count_sweep
from dayfold.backfill_plans import start_backfill
from dayfold.domain.backfill import ENDED
from dayfold.domain.jobs import Group, Job, make_jobs
from dayfold.domain.planning import Decisions, Facts, decide
from dayfold.domain.requests import RunRequest
from dayfold.domain.sweeping import (
    RUN_JOBS,
    SHOWN,
    TRIES,
    Partition,
    SweepRecord,
    counted,
    request_for,
    start_name,
    to_start,
)
from dayfold.ending import timestamp
from dayfold.errors import BadRequestError
from dayfold.history import tell_publications
from dayfold.noticing import notice_raw_changes, raw_troubles
from dayfold.planner import PLAN, dead_runs, end_dead_runs, gather, recent_days
from dayfold.releasing import days_of_backfill, wave_file
from dayfold.rolling_back import finish_rollbacks
from dayfold.waves import days_of_run
from dayfold.whole_days import refresh_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold.pipeline import Pipeline

_TOLD_AGAIN = dt.timedelta(hours=3)  # a few sweeps, so that one that failed is made up for


def sweep(pipeline: Pipeline, *, dry_run: bool = False) -> SweepRecord:
    """Sweep once; a dry run only says what it would do.

    Returns:
        What was found and done; kept in the ledger too, unless it was a dry run.

    Raises:
        ThrottledError: AWS wants to be called later; the next sweep does what this one has not.
    """
    days = recent_days(pipeline, pipeline.settings.sweep_days)
    record = _clear_up(pipeline, SweepRecord(at=timestamp(pipeline), dry_run=dry_run), days)
    if days:
        record = _find_and_start(pipeline, record, days)
    if not dry_run:
        refresh_after(pipeline)
        make_up(pipeline)
        pipeline.sweeps.save(record)
        count_sweep(record)
    return record


def make_up(pipeline: Pipeline) -> None:
    """Tell once more what runs and backfills that ended lately have published.

    Some died before they could, and jobs of a cancelled backfill end after it.
    """
    since = (pipeline.now() - _TOLD_AGAIN).astimezone(dt.UTC).isoformat()
    for run in pipeline.ledger.recent_runs():
        if run.planned and (run.ended_at or "") > since:
            tell_publications(pipeline, run.run_id, partial(days_of_run, pipeline, run.run_id))
    for backfill in pipeline.backfills.list():
        if (backfill.ended_at or "") > since:
            run_id = backfill.run_id
            tell_publications(pipeline, run_id, partial(days_of_backfill, pipeline, backfill))


def _clear_up(pipeline: Pipeline, record: SweepRecord, days: tuple[dt.date, ...]) -> SweepRecord:
    """End what has died: runs, leases, queries; and wake backfills that stand still."""
    dry_run = record.dry_run
    running = pipeline.athena.active()  # before the ledger: a lease is older than its query
    dead = dead_runs(pipeline)
    if not dry_run:
        end_dead_runs(pipeline)
    leases = end_leases(pipeline, dead, days, dry_run=dry_run)
    leases += finish_rollbacks(pipeline, days, dry_run=dry_run)
    return dataclasses.replace(
        record,
        ended_runs=tuple(run.run_id for run in dead),
        ended_leases=tuple(leases),
        stopped_queries=tuple(stop_queries(pipeline, running, dry_run=dry_run)),
        resumed_backfills=tuple(resume_backfills(pipeline, dry_run=dry_run)),
    )


def _find_and_start(
    pipeline: Pipeline, record: SweepRecord, days: tuple[dt.date, ...]
) -> SweepRecord:
    request = RunRequest(trigger="sweep", tries=TRIES)
    facts = gather(pipeline, request, days)
    noticed = [] if record.dry_run else notice_raw_changes(pipeline, facts.raw)
    if noticed:
        facts = dataclasses.replace(facts, raw_troubles=raw_troubles(pipeline, facts.raw))
    days = _since_the_first_extract(facts, days)
    decisions, warnings = decide(facts, tuple(facts.tables), days, "stale")
    theirs = _on_its_way(pipeline) | _being_built(facts)
    found = to_start(decisions, theirs)
    builds = to_start(decisions, frozenset())
    jobs = make_jobs(facts, found, None)
    name, kind = _start(pipeline, found, jobs, record) if jobs else (None, None)
    waiting = _with_action(decisions, "wait")
    named = [f"{job.table} {day}: {why}" for job in jobs for day, why in job.reasons.items()]
    return dataclasses.replace(
        record,
        first=str(days[0]),
        last=str(days[-1]),
        judged=sum(map(len, decisions.values())),
        up_to_date=len(_with_action(decisions, "keep")),
        waiting=len(waiting),
        left_to_others=sum(map(len, builds.values())) - sum(map(len, found.values())),
        given_up=tuple(_given_up(facts)[:SHOWN]),
        found=counted(found),
        partitions=tuple(named[:SHOWN]),
        started=name,
        started_kind=kind,
        crawled=_crawl(pipeline, facts, dry_run=record.dry_run),
        notices=tuple([*noticed, *warnings][:SHOWN]),
    )


def _since_the_first_extract(facts: Facts, days: tuple[dt.date, ...]) -> tuple[dt.date, ...]:
    """Leave out the days before anything ever landed: nobody has asked for empty ones."""
    first = min((day for landed in facts.raw.values() for day in landed), default=days[0])
    return tuple(day for day in days if day >= first) or days[-1:]


def _start(
    pipeline: Pipeline, found: Decisions, jobs: list[Job], record: SweepRecord
) -> tuple[str, Literal["run", "backfill"]]:
    """Start what builds the work found, under a name that two sweeps would both give it."""
    name = start_name(jobs, pipeline.now())
    request = request_for(found)
    if len(jobs) <= RUN_JOBS:
        if not record.dry_run:
            pipeline.executions.start(name, {"request": request})
        return name, "run"
    if not record.dry_run:
        _start_backfill(pipeline, name, request)
    return name, "backfill"


def _start_backfill(pipeline: Pipeline, name: str, request: dict[str, Any]) -> None:
    if pipeline.backfills.get(name) is not None:
        return
    asked = {one: request[one] for one in ("tables", "policy", "tries")}
    span = {"first": request["days"][0], "last": request["days"][-1], "name": name}
    try:
        start_backfill(pipeline, event={**asked, **span})
    except BadRequestError:
        if pipeline.backfills.get(name) is None:  # else another sweep was first
            raise


def _on_its_way(pipeline: Pipeline) -> set[Partition]:
    """The partitions in the plans of runs and backfills that have not ended."""
    return {(job.table, day) for job in _planned_jobs(pipeline) for day in job.days}


def _planned_jobs(pipeline: Pipeline) -> Iterator[Job]:
    for run in pipeline.ledger.recent_runs():
        if run.status == "running" and pipeline.executions.is_running(run.execution_arn):
            for wave in pipeline.plans.load(run.run_id, PLAN)["waves"]:
                yield from map(Job.from_json, wave["jobs"])
    for backfill in pipeline.backfills.list():
        if backfill.status in ENDED:
            continue
        for number in range(backfill.wave, backfill.waves + 1):
            plan = pipeline.plans.load(backfill.run_id, wave_file(number))
            for group in plan:
                yield from Group.from_json(group).jobs


def _being_built(facts: Facts) -> set[Partition]:
    now = facts.now.timestamp()
    return {
        (table, day)
        for table, states in facts.ledger.items()
        for day, state in states.items()
        if state.status == "building" and state.lease_until > now
    }


def _with_action(decisions: Decisions, action: str) -> list[Partition]:
    return [
        (table, day)
        for table, days in decisions.items()
        for day, decision in days.items()
        if decision.action == action
    ]


def _given_up(facts: Facts) -> list[str]:
    return [
        f"{table} {day}: {reason}"
        for table, days in facts.held_back.items()
        for day, reason in sorted(days.items())
    ]


def _crawl(pipeline: Pipeline, facts: Facts, *, dry_run: bool) -> bool:
    """Start the crawler if a file has landed that no crawl has looked at yet."""
    landed = [
        partition.landed_at
        for days in facts.raw.values()
        for partition in days.values()
        if not partition.crawled and partition.landed_at is not None
    ]
    if not landed or pipeline.crawler.has_seen(max(landed)):
        return False
    return dry_run or pipeline.crawler.start()
