"""Ending a run: what it did, said once in the ledger, the log and the state machine."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from dayfold.abandoning import abandon
from dayfold.domain.days import ONE_DAY, day_range
from dayfold.domain.failures import STEP_FAILED
from dayfold.domain.partition import RunRecord
from dayfold.ending import timestamp
from dayfold.history import tell
from dayfold.waves import PlannedRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold.pipeline import Pipeline

_SHOWN = 20  # failures that a state and its cause carry; the ledger has all


def end_run(pipeline: Pipeline, *, run_id: str, error: Mapping[str, Any] | None) -> dict[str, Any]:
    """Work out from plan and ledger how a run went, and note it.

    Args:
        pipeline: the outside world.
        run_id: the run.
        error: what cut it off, as Step Functions has it (`Error`, `Cause`); None if nothing did.

    Returns:
        `status` (`succeeded` or `failed`), `published`, `failed`, `waiting` as counts, and `cause`,
        the failures as lines of text.
    """
    started = pipeline.ledger.run(run_id)
    run = started or RunRecord(
        run_id=run_id, status="running", trigger="unknown", started_at=timestamp(pipeline)
    )
    planned = None if started is None else PlannedRun(pipeline, run_id)
    published, failures = (0, []) if planned is None else _outcome(planned)
    failed = len(failures)
    if error is not None:
        failures = [f"the run was cut off: {_one_line(error)}", *failures]
    ended = dataclasses.replace(
        run,
        status="failed" if failures else "succeeded",
        ended_at=timestamp(pipeline),
        published=published,
        failed=failed,
        failures=tuple(failures),
    )
    pipeline.ledger.save_run(ended)
    if planned is not None and run.planned:
        tell(pipeline, run_id, planned.days)
    shown = failures[:_SHOWN]
    if len(failures) > _SHOWN:
        shown.append(f"... and {len(failures) - _SHOWN} more")
    return {
        "run_id": run_id,
        "status": ended.status,
        "published": published,
        "failed": failed,
        "waiting": len(ended.waiting),
        "cause": "\n".join(shown),
    }


def fail_build(
    pipeline: Pipeline, *, run_id: str, name: str, index: int, error: Mapping[str, Any]
) -> dict[str, Any]:
    """End what a job still holds as failed, after a step that could not be retried further."""
    job = pipeline.plans.load_job(run_id, name, index)
    first, last = (dt.date.fromisoformat(job[end]) for end in ("first", "last"))
    reason = f"{STEP_FAILED}: {_one_line(error)}"
    abandon(pipeline, {job["table"]: set(day_range(first, last))}, run_id, reason)
    return {"status": "failed", "error": reason}


def report_lateness(pipeline: Pipeline) -> int:
    """How many tables of yesterday's business day are not published yet."""
    day = pipeline.now().astimezone(pipeline.settings.tz).date() - ONE_DAY
    late = 0
    for name in pipeline.tables():
        state = pipeline.ledger.partitions(name, day, day).get(day)
        late += state is None or not state.is_published
    return late


def _outcome(run: PlannedRun) -> tuple[int, list[str]]:
    """The partitions published since the plan was made, and a line for each that was not."""
    states = run.states_of(run.jobs)
    published, failures = 0, []
    for job in run.jobs:
        for day in job.days:
            state = states[job.table].get(day)
            if state is None or run.is_as_planned(job, day, state):
                cause = run.blocked_by(job.table, day, states)
                cause = run.failed_input(job.table, day, states) or cause or "its input"
                failures.append(f"{job.table} {day}: not built, {cause} failed")
            elif state.status == "published":
                published += 1
            else:
                failures.append(f"{job.table} {day}: {state.error or 'still building'}")
    return published, failures


def _one_line(error: Mapping[str, Any]) -> str:
    """Step Functions' error as text: a Lambda's cause is JSON with its `errorMessage`."""
    cause = str(error.get("Cause") or "")
    with contextlib.suppress(ValueError, AttributeError):
        cause = str(json.loads(cause).get("errorMessage") or cause)
    return " ".join(f"{error.get('Error', 'unknown error')}: {cause}".split())
