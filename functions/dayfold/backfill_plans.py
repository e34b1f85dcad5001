"""Planning a backfill: the daily run's planner over a range, cut into messages by wave."""

from __future__ import annotations

import dataclasses
import secrets
from typing import TYPE_CHECKING, Any

from dayfold.checking import as_json
from dayfold.domain.backfill import BackfillRecord, BackfillRequest, WaveRecord, read_backfill
from dayfold.domain.check_changes import read_changes
from dayfold.domain.days import day_range
from dayfold.domain.fingerprints import ABSENT
from dayfold.domain.jobs import Group, expected_usd, make_groups, scanned_before
from dayfold.domain.planning import Decisions, Facts, decide
from dayfold.ending import timestamp
from dayfold.errors import BadRequestError, ThrottledError
from dayfold.planner import gather
from dayfold.releasing import send_wave, wave_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold.domain.check_changes import Checks
    from dayfold.domain.table import Table
    from dayfold.pipeline import Pipeline

# Without history: a small build with its checks, start to end.
_GUESSED_SECONDS = 4.0


def start_backfill(pipeline: Pipeline, *, event: Mapping[str, Any]) -> dict[str, Any]:
    """Plan a backfill and send its first wave; a dry run only shows its plan.

    Raises:
        BadRequestError: it asks for something impossible, or its name is in use.
        ThrottledError: the queue wants to be called later; `resume` sends what is not sent yet.
    """
    tables = pipeline.tables()
    today = pipeline.now().astimezone(pipeline.settings.tz).date()
    request = read_backfill(event, tables, today, secrets.token_hex(2))
    if pipeline.backfills.get(request.name) is not None:
        raise BadRequestError(f"there is a backfill {request.name!r} already: give another name")
    facts = gather(pipeline, request.run, request.run.days)
    targets = request.run.tables or tuple(tables)
    decisions, warnings = decide(facts, targets, request.run.days, request.run.policy)
    groups = make_groups(facts, decisions, request.run.days_per_job)
    groups, idle = _with_checks(groups, read_changes(event, tables))
    jobs_at_once = request.concurrency or pipeline.settings.backfill_concurrency
    shown = {
        "name": request.name,
        **_shown(facts, decisions, groups, jobs_at_once),
        "warnings": [*warnings, *idle],
    }
    if request.run.dry_run:
        return shown
    return {**shown, "status": _begin(pipeline, request, facts, groups, event)}


def _with_checks(groups: list[Group], changed: Checks) -> tuple[list[Group], list[str]]:
    """Let each job carry the checks that the backfill changes; and what changes in vain."""
    travelling = {name: tuple(map(as_json, checks)) for name, checks in changed.items()}
    changing = [
        dataclasses.replace(
            group,
            jobs=tuple(
                dataclasses.replace(job, checks=travelling.get(job.table)) for job in group.jobs
            ),
        )
        for group in groups
    ]
    built = {job.table for group in groups for job in group.jobs}
    idle = sorted(set(changed) - built)
    return changing, [f"the checks of {name} are changed, and it is not built" for name in idle]


def _begin(
    pipeline: Pipeline,
    request: BackfillRequest,
    facts: Facts,
    groups: list[Group],
    event: Mapping[str, Any],
) -> str:
    """Write plan and ledger, then release the first wave."""
    now = timestamp(pipeline)
    by_wave = _by_wave(groups)
    for number, wave in enumerate(by_wave, start=1):
        content = [_message(facts, group) for group in wave]
        if request.order == "newest":
            content.reverse()
        pipeline.plans.save(request.run_id, wave_file(number), content)
    jobs = [job for group in groups for job in group.jobs]
    record = BackfillRecord(
        name=request.name,
        status="running" if groups else "succeeded",
        created_at=now,
        updated_at=now,
        ended_at=None if groups else now,
        request={name: value for name, value in event.items() if value not in (None, [], "")},
        waves=len(by_wave),
        partitions=sum(group.partitions for group in groups),
        jobs=len(groups),
        max_cost_usd=request.max_cost_usd,
        expected_usd=round(expected_usd(jobs), 6),
        expected_bytes=sum(job.expected_bytes for job in jobs),
    )
    waves = [
        WaveRecord(number, len(wave), len(wave), sum(group.partitions for group in wave))
        for number, wave in enumerate(by_wave, start=1)
    ]
    if not pipeline.backfills.create(record, waves):
        raise BadRequestError(f"there is a backfill {request.name!r} already: give another name")
    if groups:
        _send_first(pipeline, record)
    return record.status


def _send_first(pipeline: Pipeline, record: BackfillRecord) -> None:
    try:
        send_wave(pipeline, record)
    except ThrottledError as error:
        raise ThrottledError(
            f"backfill {record.name!r} is planned and not all of its jobs are sent ({error}): "
            f"`dayfold backfill resume {record.name}` sends them"
        ) from error


def _by_wave(groups: list[Group]) -> list[list[Group]]:
    numbers = sorted({group.wave for group in groups})
    return [[group for group in groups if group.wave == number] for number in numbers]


def _message(facts: Facts, group: Group) -> dict[str, Any]:
    """A group with the fingerprints of the raw days that it reads, as they were when planned."""
    raw: dict[str, dict[str, str]] = {}
    for job in group.jobs:
        for one in facts.tables[job.table].inputs:
            if not one.is_raw:
                continue
            first, _ = one.window.days_for(job.first, facts.tz)
            _, last = one.window.days_for(job.last, facts.tz)
            landed = facts.raw.get(one.table, {})
            raw.setdefault(one.table, {}).update(
                {
                    str(day): landed[day].fingerprint if day in landed else ABSENT
                    for day in day_range(first, last)
                }
            )
    return {**group.as_json(), "raw": raw}


def _shown(
    facts: Facts, decisions: Decisions, groups: list[Group], jobs_at_once: int
) -> dict[str, Any]:
    """The plan in numbers, and how sure they are."""
    jobs = [job for group in groups for job in group.jobs]
    tables = {job.table for job in jobs}
    known = all(scanned_before(facts, facts.tables[name]) for name in tables)
    usd = sum(expected_usd(group.jobs) for group in groups)
    return {
        "partitions": sum(group.partitions for group in groups),
        "jobs": len(groups),
        "waves": [_shown_wave(number, wave) for number, wave in enumerate(_by_wave(groups), 1)],
        "expected_bytes": sum(job.expected_bytes for job in jobs),
        "expected_usd": round(usd, 6),
        "expected_seconds": round(
            sum(_seconds(facts, wave, jobs_at_once) for wave in _by_wave(groups)), 1
        ),
        "confidence": "history" if tables and known else "sizes",
        "waiting": [
            {"table": table, "day": str(day), "reason": one.reason}
            for table, days in decisions.items()
            for day, one in days.items()
            if one.action == "wait"
        ],
    }


def _shown_wave(number: int, groups: list[Group]) -> dict[str, Any]:
    reasons: dict[str, int] = {}
    jobs = [job for group in groups for job in group.jobs]
    for job in jobs:
        for why in job.reasons.values():
            reasons[why] = reasons.get(why, 0) + 1
    return {
        "number": number,
        "jobs": len(groups),
        "partitions": sum(group.partitions for group in groups),
        "tables": sorted({job.table for job in jobs}),
        "expected_bytes": sum(job.expected_bytes for job in jobs),
        "expected_usd": round(expected_usd(jobs), 6),
        "reasons": reasons,
    }


def _seconds(facts: Facts, groups: list[Group], jobs_at_once: int) -> float:
    """How long a wave takes: rounds of as many jobs as run at once, each as long as its slowest."""
    tables = {job.table for group in groups for job in group.jobs}
    slowest = max((_job_seconds(facts, facts.tables[name]) for name in tables), default=0.0)
    rounds = -(-len(groups) // jobs_at_once)
    return rounds * slowest


def _job_seconds(facts: Facts, table: Table) -> float:
    states = facts.ledger.get(table.name, {}).values()
    known = [state.seconds for state in states if state.seconds is not None]
    return sum(known) / len(known) if known else _GUESSED_SECONDS
