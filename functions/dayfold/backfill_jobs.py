"""Running one job of a backfill, as one SQS message asks for it, however often it is delivered."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from dayfold.abandoning import abandon
from dayfold.domain.backfill import JobRecord
from dayfold.domain.fingerprints import ABSENT
from dayfold.domain.jobs import Group, expected_usd
from dayfold.ending import timestamp
from dayfold.errors import BadRequestError, RetriableError
from dayfold.group_build import GroupBuild
from dayfold.inputs import read_states
from dayfold.releasing import go_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dayfold.domain.backfill import BackfillRecord
    from dayfold.domain.partition import BuildRecord, PartitionState
    from dayfold.pipeline import Pipeline

_BEHIND_DAILY_SECONDS = 15  # how long a job steps back while a daily run needs the quota
_THROTTLED_SECONDS = 10
_VISIBLE_AGAIN_SECONDS = 300  # after the death of a Lambda its message comes back within these
_RECENT_RUNS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class JobMessage:
    """One message: a group of one wave, with the fingerprints of the raw days it reads."""

    backfill: str
    wave: int
    index: int
    tries: int
    group: dict[str, Any]


def run_backfill_job(
    pipeline: Pipeline,
    *,
    message: JobMessage,
    receipt: str,
    seconds_left: Callable[[], float],
) -> str:
    """Do one job, or as much of it as the time allows.

    A job that is not finished goes back as a new message, so that a message's count of receipts
    counts crashes only, and a long query is joined again by the next delivery.

    Returns:
        What became of the message, in a word or two, for the log.

    Raises:
        BadRequestError: the message names no backfill.
    """
    backfill = pipeline.backfills.get(message.backfill)
    if backfill is None:
        raise BadRequestError(f"there is no backfill {message.backfill!r}")
    if backfill.status not in {"running", "cancelled"} or backfill.tries != message.tries:
        return f"nothing to do: {backfill.status}"
    try:
        if backfill.status == "cancelled":
            return _stop_cancelled(pipeline, _read_group(message), backfill.run_id)
        return _run(pipeline, backfill, message, receipt, seconds_left)
    except RetriableError:
        return _hand_back(pipeline, message, _THROTTLED_SECONDS, "to be tried again")


def _run(
    pipeline: Pipeline,
    backfill: BackfillRecord,
    message: JobMessage,
    receipt: str,
    seconds_left: Callable[[], float],
) -> str:
    group = _read_group(message)
    if message.tries > 1:
        group = _for_another_try(pipeline, group)
    job = _begins(message, group)
    begun = pipeline.backfills.begin(backfill.name, job, max_cost_usd=backfill.max_cost_usd)
    if begun == "ended":
        go_on(pipeline, backfill.name, message.wave)
        return "done before"
    if begun == "over the limit":
        return _stop_at_limit(pipeline, backfill)
    if _daily_run_builds(pipeline):
        return _hand_back(pipeline, message, _BEHIND_DAILY_SECONDS, "behind the daily run")

    def goes_on() -> bool:
        pipeline.queue.hold(receipt, _VISIBLE_AGAIN_SECONDS)
        now = pipeline.backfills.get(backfill.name)
        return now is not None and now.status != "cancelled"

    pipeline.queue.hold(receipt, _VISIBLE_AGAIN_SECONDS)
    run_id = backfill.run_id
    build = GroupBuild(pipeline, group, _raw(pipeline, message), run_id, seconds_left, goes_on)
    ended = build.build()
    if ended == "out of time":
        return _hand_back(pipeline, message, 0, ended)
    if ended == "cancelled":
        return _stop_cancelled(pipeline, group, run_id)
    if ended == "built":
        _end(pipeline, backfill, message, job, group, build.failures)
    return ended


def _stop_cancelled(pipeline: Pipeline, group: Group, run_id: str) -> str:
    """Leave every partition of a cancelled job published or buildable."""
    left = abandon(pipeline, _days(group), run_id, "the backfill was cancelled")
    return "stopped: cancelled" if left else "nothing to do: cancelled"


def give_up_job(pipeline: Pipeline, *, message: JobMessage, why: str) -> str:
    """End a job that fails at every delivery: what it has not published counts as failed.

    Without this its message would end in the dead letters with no word of why, and the backfill
    would wait for it for ever.

    Returns:
        What became of the message, in a word or two, for the log.

    Raises:
        BadRequestError: its group makes no sense.
    """
    backfill = pipeline.backfills.get(message.backfill)
    if backfill is None or backfill.status != "running" or backfill.tries != message.tries:
        return "given up"
    group = _read_group(message)
    job = _begins(message, group)
    pipeline.backfills.begin(backfill.name, job, max_cost_usd=None)
    wanted = _days(group)
    states = read_states(pipeline, wanted)
    unpublished = [
        (table, day)
        for table, days in wanted.items()
        for day in sorted(days)
        if day not in states[table] or states[table][day].status != "published"
    ]
    again = f"`dayfold backfill retry {backfill.name}` tries it again"
    failures = [f"{table} {day}: given up, {why}. Next: {again}" for table, day in unpublished]
    _end(pipeline, backfill, message, job, group, failures)
    return "given up"


def _days(group: Group) -> dict[str, set[dt.date]]:
    """The days that a group publishes, by table."""
    days: dict[str, set[dt.date]] = {}
    for job in group.jobs:
        days.setdefault(job.table, set()).update(job.days)
    return days


def _raw(pipeline: Pipeline, message: JobMessage) -> Mapping[str, Mapping[str, str]]:
    """The fingerprints of the raw days that a job reads: as planned, or as they are for a retry.

    A retry often comes after an extract was mended; what it builds is not to be stale at once.
    """
    planned: Mapping[str, Mapping[str, str]] = message.group["raw"]
    if message.tries == 1:
        return planned
    now: dict[str, dict[str, str]] = {}
    for table, days in planned.items():
        landed = pipeline.extracts.partitions(table, [dt.date.fromisoformat(day) for day in days])
        found = {str(day): one.fingerprint for day, one in landed.items()}
        now[table] = {day: found.get(day, ABSENT) for day in days}
    return now


def _read_group(message: JobMessage) -> Group:
    try:
        return Group.from_json(message.group)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise BadRequestError(f"malformed message, group: {what}") from error


def _begins(message: JobMessage, group: Group) -> JobRecord:
    cost = round(expected_usd(group.jobs), 9)
    return JobRecord(message.wave, message.index, message.tries, "running", reserved_usd=cost)


def _for_another_try(pipeline: Pipeline, group: Group) -> Group:
    """A group as a retry takes it: what has failed since the plan, by whomever, counts as seen."""
    jobs = []
    for job in group.jobs:
        states = pipeline.ledger.partitions(job.table, job.first, job.last)
        failed = {day: one.attempt for day, one in states.items() if one.status == "failed"}
        seen = {day: failed.get(day, planned) for day, planned in job.seen_attempts.items()}
        jobs.append(dataclasses.replace(job, seen_attempts=seen))
    return dataclasses.replace(group, jobs=tuple(jobs))


def _end(
    pipeline: Pipeline,
    backfill: BackfillRecord,
    message: JobMessage,
    job: JobRecord,
    group: Group,
    failures: list[str],
) -> None:
    """Count the job, bury it if partitions of it failed, and release what waits for it."""
    published, usd, scanned = _published(pipeline, group, backfill.run_id)
    done = dataclasses.replace(
        job,
        status="failed" if failures else "done",
        published=published,
        failed=len(failures),
        failures=tuple(failures),
        spent_usd=usd,
        bytes_scanned=scanned,
    )
    counted = pipeline.backfills.end(backfill.name, done, now=timestamp(pipeline))
    if counted and failures:
        pipeline.queue.bury(json.dumps(dataclasses.asdict(message)), "; ".join(failures))
    go_on(pipeline, backfill.name, message.wave)


def _published(pipeline: Pipeline, group: Group, run_id: str) -> tuple[int, float, int]:
    """How many partitions of a group the backfill has published; dollars and bytes of all."""
    days = _days(group)
    states = read_states(pipeline, days)
    mine = [
        (table, day, state)
        for table, wanted in days.items()
        for day, state in states[table].items()
        if day in wanted and state.run_id == run_id
    ]
    published = [state for _, _, state in mine if state.status == "published"]
    # A build that broke a check has been paid for; the partition keeps the former build's price.
    failed = [
        record
        for table, day, state in mine
        if state.status == "failed"
        for record in pipeline.ledger.builds(table, day)
        if record.attempt == state.attempt
    ]
    paid: list[PartitionState | BuildRecord] = [*published, *failed]
    usd = sum(one.cost_usd or 0 for one in paid)
    return len(published), round(usd, 9), sum(one.bytes_scanned or 0 for one in paid)


def _stop_at_limit(pipeline: Pipeline, backfill: BackfillRecord) -> str:
    reason = (
        f"the next job would cross the limit of ${backfill.max_cost_usd}: "
        f"${backfill.committed_usd:.4f} is spent or running; "
        f"`dayfold backfill resume {backfill.name} --max-cost USD` raises it"
    )
    now = timestamp(pipeline)
    pipeline.backfills.move(backfill.name, "paused", allowed=["running"], now=now, reason=reason)
    return "over the limit"


def _daily_run_builds(pipeline: Pipeline) -> bool:
    """Whether a daily run is under way and has something to build."""
    return any(
        run.status == "running"
        and run.planned > 0
        and pipeline.executions.is_running(run.execution_arn)
        for run in pipeline.ledger.recent_runs(_RECENT_RUNS)
    )


def _hand_back(pipeline: Pipeline, message: JobMessage, delay_seconds: int, why: str) -> str:
    pipeline.queue.send([dataclasses.asdict(message)], delay_seconds=delay_seconds)
    return f"handed back: {why}"


def read_message(body: str) -> Mapping[str, Any]:
    """The JSON object in a message's body.

    Raises:
        BadRequestError: there is none.
    """
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise BadRequestError("malformed message: its body is no JSON object")
    return content
