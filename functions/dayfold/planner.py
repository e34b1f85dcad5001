"""Planning a run: gather the facts, decide, and leave the plan where the run finds it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from dayfold.domain.failures import failures_in_a_row
from dayfold.domain.jobs import Job, expected_usd, make_jobs
from dayfold.domain.partition import RunRecord
from dayfold.domain.planning import Decisions, Facts, decide, failed_at_this, needed_days
from dayfold.domain.requests import RunRequest, read_request, recent_window
from dayfold.domain.schema_changes import change_of
from dayfold.errors import BadRequestError
from dayfold.inputs import read_states
from dayfold.noticing import notice_raw_changes, raw_troubles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold.domain.planning import RawPartition
    from dayfold.pipeline import Pipeline

# About 20 events of history a job, of the 25,000 that Step Functions allows an execution.
_MAX_JOBS = 1_000
PLAN = "plan"


def plan_run(
    pipeline: Pipeline, *, run_id: str, execution_arn: str, event: Mapping[str, Any]
) -> dict[str, Any]:
    """Plan a run and note it in the ledger; a dry run only shows its plan.

    Args:
        pipeline: the outside world.
        run_id: the name of the execution.
        execution_arn: the execution's ARN, by which others see whether the run is alive.
        event: what started the run: a crawler event or a request.

    Returns:
        For a dry run the whole plan; else `run_id` and `wave`, the first wave to do.

    Raises:
        BadRequestError: the event asks for something impossible, or for too much at once.
        QueryFileError: a query file cannot be read.
    """
    tables = pipeline.tables()
    request = read_request(event, tables)
    days = request.days or recent_days(pipeline, pipeline.settings.recent_days)
    facts = gather(pipeline, request, days)
    noticed = [] if request.dry_run else notice_raw_changes(pipeline, facts.raw)
    if noticed:
        facts = dataclasses.replace(facts, raw_troubles=raw_troubles(pipeline, facts.raw))
    targets = request.tables or tuple(tables)
    decisions, warnings = decide(facts, targets, days, request.policy)
    warnings = [*noticed, *warnings]
    jobs = make_jobs(facts, decisions, request.days_per_job)
    if len(jobs) > _MAX_JOBS and not request.dry_run:
        raise BadRequestError(
            f"{len(jobs)} jobs are more than one run takes ({_MAX_JOBS}): ask for fewer days"
        )
    plan = {"run_id": run_id, **_shown(request, days, decisions, jobs), "warnings": warnings}
    if request.dry_run:
        return plan
    end_dead_runs(pipeline)
    facts_then = {"raw": _raw_fingerprints(facts.raw), "under_way": _under_way(facts)}
    pipeline.plans.save(run_id, PLAN, {**plan, **facts_then})
    pipeline.ledger.save_run(
        RunRecord(
            run_id=run_id,
            status="running",
            trigger=request.trigger,
            started_at=facts.now.isoformat(timespec="milliseconds"),
            execution_arn=execution_arn,
            request={k: v for k, v in event.get("request", {}).items() if v},
            planned=_count(decisions, "build"),
            waiting=_waiting_lines(decisions),
            warnings=tuple(warnings),
        )
    )
    return {"run_id": run_id, "wave": 1}


def gather(pipeline: Pipeline, request: RunRequest, days: tuple[dt.date, ...]) -> Facts:
    """Look up all that planning `days` needs, and nothing else."""
    settings, tables = pipeline.settings, pipeline.tables()
    needed = needed_days(tables, request.tables or tuple(tables), days, settings.tz)
    raw_names = [name for name in needed if name not in tables]
    raw = {name: pipeline.extracts.partitions(name, needed[name]) for name in raw_names}
    facts = Facts(
        tables=tables,
        ledger=read_states(pipeline, {n: days for n, days in needed.items() if n in tables}),
        raw=raw,
        raw_troubles=raw_troubles(pipeline, raw),
        missing_raw_tables=frozenset(
            name for name in raw_names if not pipeline.extracts.is_in_catalog(name)
        ),
        tz=settings.tz,
        now=pipeline.now(),
        input_grace_days=settings.input_grace_days,
        columns=(columns := pipeline.catalog.columns(sorted({tables[n].database for n in tables}))),
        published_days={
            name: _published_days(pipeline, name)
            for name in needed
            if name in tables and change_of(columns.get(name), tables[name]).refused
        },
    )
    if request.tries is None:
        return facts
    return dataclasses.replace(facts, held_back=_given_up(pipeline, facts, request.tries))


def _published_days(pipeline: Pipeline, table: str) -> list[dt.date]:
    """All days of a table that readers see, first to last."""
    states = pipeline.ledger.partitions(table, dt.date.min, dt.date.max)
    return sorted(day for day, state in states.items() if state.is_published)


def _given_up(pipeline: Pipeline, facts: Facts, tries: int) -> dict[str, dict[dt.date, str]]:
    """Partitions whose latest attempts, so many, failed at what is there now: why not again."""
    given_up: dict[str, dict[dt.date, str]] = {}
    for name, table in facts.tables.items():
        for day, state in facts.ledger.get(name, {}).items():
            if state.status != "failed" or not failed_at_this(facts, table, day, state):
                continue
            failures = failures_in_a_row(pipeline.ledger.builds(name, day))
            if failures >= tries:
                reason = f"it failed {failures} times: {state.error or 'no reason was noted'}"
                given_up.setdefault(name, {})[day] = reason
    return given_up


def recent_days(pipeline: Pipeline, days: int) -> tuple[dt.date, ...]:
    """The latest so many days, by the clock or by the extracts that have landed."""
    settings, tables = pipeline.settings, pipeline.tables()
    today = pipeline.now().astimezone(settings.tz).date()
    raw = {one.table for table in tables.values() for one in table.inputs if one.is_raw}
    newest = [pipeline.extracts.newest_day(name, today) for name in sorted(raw)]
    landed = max((day for day in newest if day), default=None)
    return recent_window(today, landed, days)


def end_dead_runs(pipeline: Pipeline) -> list[str]:
    """Note runs whose execution ended without their last step, so that none seems to run on.

    Returns:
        Their ids.
    """
    noted: list[str] = []
    for run in dead_runs(pipeline):
        ended = dataclasses.replace(
            run,
            status="failed",
            ended_at=pipeline.now().isoformat(timespec="milliseconds"),
            failures=(*run.failures, "the run was cut off: what it left is built again"),
        )
        # Its last step may have noted its end since the list was read.
        if pipeline.ledger.save_run(ended, while_running=True):
            noted.append(run.run_id)
    return noted


def dead_runs(pipeline: Pipeline) -> list[RunRecord]:
    """Recent runs that the ledger has as running and whose execution has ended."""
    return [
        run
        for run in pipeline.ledger.recent_runs()
        if run.status == "running" and not pipeline.executions.is_running(run.execution_arn)
    ]


def _shown(
    request: RunRequest, days: tuple[dt.date, ...], decisions: Decisions, jobs: list[Job]
) -> dict[str, Any]:
    """The plan as people and the later steps read it."""
    return {
        "policy": request.policy,
        "days": [str(day) for day in sorted(days)],
        "waves": _waves(jobs),
        "waiting": _waiting(decisions),
        "up_to_date": _count(decisions, "keep"),
        "expected_bytes": sum(job.expected_bytes for job in jobs),
        "expected_usd": round(expected_usd(jobs), 6),
    }


def _waves(jobs: list[Job]) -> list[dict[str, Any]]:
    numbers = sorted({job.wave for job in jobs})
    return [
        {"number": number, "jobs": [job.as_json() for job in jobs if job.wave == number]}
        for number in numbers
    ]


def _waiting(decisions: Decisions) -> list[dict[str, str]]:
    return [
        {"table": table, "day": str(day), "reason": decision.reason}
        for table, days in decisions.items()
        for day, decision in days.items()
        if decision.action == "wait"
    ]


def _waiting_lines(decisions: Decisions) -> tuple[str, ...]:
    return tuple(f"{one['table']} {one['day']}: {one['reason']}" for one in _waiting(decisions))


def _count(decisions: Decisions, action: str) -> int:
    return sum(one.action == action for days in decisions.values() for one in days.values())


def _under_way(facts: Facts) -> list[list[str]]:
    """The partitions that others are building, as (table, day)."""
    return [
        [name, str(day)]
        for name, days in facts.ledger.items()
        for day, state in days.items()
        if state.status == "building"
    ]


def _raw_fingerprints(
    raw: Mapping[str, Mapping[dt.date, RawPartition]],
) -> dict[str, dict[str, str]]:
    return {
        name: {str(day): partition.fingerprint for day, partition in days.items()}
        for name, days in raw.items()
    }
