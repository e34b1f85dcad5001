"""Releasing the waves of a backfill: sending what is not done, and going on when a wave has ended.

The job that ends a wave moves the backfill on by a conditional write, which only one can win, and
sends the next wave. If it dies in between, its message comes back, finds its job ended and the
next wave not released, and sends it again: a message too many finds its job begun and does nothing
twice, a message too few would stand still for ever.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dayfold.domain.backfill import ENDED, read_max_cost
from dayfold.ending import timestamp
from dayfold.errors import BadRequestError
from dayfold.history import tell

if TYPE_CHECKING:
    from dayfold.domain.backfill import BackfillRecord, BackfillStatus
    from dayfold.pipeline import Pipeline


def wave_file(number: int) -> str:
    """The plan file that holds a wave's groups."""
    return f"wave-{number}"


def send_wave(pipeline: Pipeline, backfill: BackfillRecord) -> int:
    """Send a message for each job of the current wave that has not ended; returns how many."""
    groups = pipeline.plans.load(backfill.run_id, wave_file(backfill.wave))
    begun = pipeline.backfills.jobs(backfill.name, backfill.wave)
    ended = {job.index for job in begun if job.status != "running"}
    messages: list[dict[str, Any]] = [
        {
            "backfill": backfill.name,
            "wave": backfill.wave,
            "index": index,
            "tries": backfill.tries,
            "group": group,
        }
        for index, group in enumerate(groups)
        if index not in ended
    ]
    pipeline.queue.send(messages)
    pipeline.backfills.released(backfill.name, backfill.wave)
    return len(messages)


def go_on(pipeline: Pipeline, name: str, wave: int) -> None:
    """After a job of `wave` has ended: release the next wave, or end the backfill, when due."""
    backfill = pipeline.backfills.get(name)
    if backfill is None or backfill.status != "running":
        return
    waves = {one.number: one for one in pipeline.backfills.waves(name)}
    current = waves[backfill.wave]
    if backfill.wave > wave and not current.released:
        send_wave(pipeline, backfill)  # whoever moved on died before all was sent
        return
    while current.left <= 0 and backfill.wave >= wave:
        now = timestamp(pipeline)
        if backfill.wave == backfill.waves:
            status: BackfillStatus = "failed" if backfill.failed else "succeeded"
            reason = f"{backfill.failed} partitions failed" if backfill.failed else None
            pipeline.backfills.move(name, status, allowed=["running"], now=now, reason=reason)
            _tell(pipeline, backfill)
            return
        if not pipeline.backfills.advance(name, backfill.wave, now):
            return
        backfill = pipeline.backfills.get(name) or backfill
        current = waves[backfill.wave]
        if send_wave(pipeline, backfill):
            return


def _tell(pipeline: Pipeline, backfill: BackfillRecord) -> None:
    run_id = backfill.run_id
    tell(pipeline, run_id, lambda: days_of_backfill(pipeline, backfill))


def days_of_backfill(pipeline: Pipeline, backfill: BackfillRecord) -> dict[str, set[dt.date]]:
    """The partitions that a backfill was to build, by table, from its plan.

    Raises:
        BadRequestError: the plan is gone.
    """
    days: dict[str, set[dt.date]] = {}
    for wave in range(1, backfill.waves + 1):
        for group in pipeline.plans.load(backfill.run_id, wave_file(wave)):
            for job in group["jobs"]:
                planned = days.setdefault(job["table"], set())
                planned.update(map(dt.date.fromisoformat, job["reasons"]))
    return days


def known_backfill(pipeline: Pipeline, name: str) -> BackfillRecord:
    """The backfill of a name.

    Raises:
        BadRequestError: there is none.
    """
    backfill = pipeline.backfills.get(name)
    if backfill is None:
        known = ", ".join(one.name for one in pipeline.backfills.list(5)) or "none yet"
        raise BadRequestError(f"there is no backfill {name!r}: there are {known}")
    return backfill


def steer_backfill(
    pipeline: Pipeline, *, name: str, action: str, max_cost_usd: float | None = None
) -> dict[str, Any]:
    """Pause, resume, cancel or retry a backfill.

    Args:
        pipeline: the outside world.
        name: the backfill.
        action: `pause`, `resume`, `cancel` or `retry`.
        max_cost_usd: with `resume` and `retry`, the cost limit from now on; None keeps it.

    Returns:
        `name`, `status`, and `jobs_sent`, the messages that this has put into the queue.

    Raises:
        BadRequestError: there is no such backfill, or it is past what is asked for.
    """
    backfill = known_backfill(pipeline, name)
    stops, goes_on = {"pause": _pause, "cancel": _cancel}, {"resume": _resume, "retry": _retry}
    if action in stops and max_cost_usd is None:
        sent = stops[action](pipeline, backfill)
    elif action in goes_on:
        sent = goes_on[action](pipeline, backfill, _read_limit(backfill, max_cost_usd))
    elif action in stops:
        raise BadRequestError(f"{action} takes no cost limit: give it with resume or retry")
    else:
        actions = ", ".join(sorted({*stops, *goes_on}))
        raise BadRequestError(f"unknown action {action!r}: give one of {actions}")
    after = pipeline.backfills.get(name) or backfill
    return {"name": name, "status": after.status, "jobs_sent": sent}


def _pause(pipeline: Pipeline, backfill: BackfillRecord) -> int:
    _refuse_ended(backfill, "pause")
    now = timestamp(pipeline)
    pipeline.backfills.move(
        backfill.name, "paused", allowed=["running"], now=now, reason="paused by hand"
    )
    return 0


def _read_limit(backfill: BackfillRecord, max_cost_usd: float | None) -> float | None:
    limit = read_max_cost(max_cost_usd)
    if limit is not None and limit <= backfill.committed_usd:
        raise BadRequestError(
            f"backfill {backfill.name!r} has ${backfill.committed_usd:.4f} spent or running: "
            f"give a limit above that, not ${limit:g}"
        )
    return limit


def _resume(pipeline: Pipeline, backfill: BackfillRecord, limit: float | None) -> int:
    _refuse_ended(backfill, "resume")
    now = timestamp(pipeline)
    pipeline.backfills.move(
        backfill.name, "running", allowed=["paused", "running"], now=now, max_cost_usd=limit
    )
    sent = send_wave(pipeline, backfill)
    if not sent:  # its last job ended while it was paused
        go_on(pipeline, backfill.name, backfill.wave)
    return sent


def _cancel(pipeline: Pipeline, backfill: BackfillRecord) -> int:
    _refuse_ended(backfill, "cancel")
    now = timestamp(pipeline)
    pipeline.backfills.move(
        backfill.name,
        "cancelled",
        allowed=["running", "paused"],
        now=now,
        reason="cancelled by hand",
    )
    return 0


def _retry(pipeline: Pipeline, backfill: BackfillRecord, limit: float | None) -> int:
    if backfill.status not in {"failed", "cancelled"}:
        raise BadRequestError(f"backfill {backfill.name!r} is {backfill.status}: nothing to retry")
    failed = [job for job in pipeline.backfills.jobs(backfill.name) if job.status == "failed"]
    wave = min([job.wave for job in failed], default=backfill.wave)
    now = timestamp(pipeline)
    if not pipeline.backfills.restart(backfill.name, wave, backfill.tries + 1, now, limit):
        raise BadRequestError(f"backfill {backfill.name!r} is being retried already")
    pipeline.backfills.reopen(backfill.name, failed, now=now)
    return send_wave(pipeline, pipeline.backfills.get(backfill.name) or backfill)


def _refuse_ended(backfill: BackfillRecord, action: str) -> None:
    if backfill.status in ENDED:
        raise BadRequestError(
            f"backfill {backfill.name!r} has ended as {backfill.status}: nothing to {action}"
        )
