"""Starting a build: take the leases of a job's partitions, then start its one query."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dayfold.adapters.athena import render, request_token
from dayfold.adapters.ledger_writes import Claim
from dayfold.domain.backfill import BACKFILL_RUN
from dayfold.domain.claims import Verdict, judge, next_attempts
from dayfold.domain.jobs import Job
from dayfold.domain.partition import ROLLBACK_RUN
from dayfold.domain.planning import ASKED_FOR
from dayfold.domain.statements import (
    build_id,
    build_location,
    build_table_name,
    create_table_as,
    executed_hash,
    query_parameters,
)
from dayfold.ending import fail
from dayfold.errors import QueryFailedError
from dayfold.leases import lease_until
from dayfold.steps import Read, Write, alone

if TYPE_CHECKING:
    from dayfold.domain.partition import PartitionState
    from dayfold.domain.table import Table
    from dayfold.pipeline import Pipeline
    from dayfold.steps import Step

# Seconds between looks at partitions that others are building; most small builds end within these.
_HELD_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.5)


@dataclasses.dataclass(frozen=True, slots=True)
class Build:
    """A build under way, as it travels between the states of the run; all of it is JSON."""

    run_id: str
    table: str
    attempts: Mapping[str, int]  # day -> attempt number that fences this build
    build_id: str
    query_id: str
    check_query_id: str | None = None
    looks: int = 0
    checks: Sequence[Mapping[str, Any]] | None = None  # where a backfill changed the table's own
    scanned_bytes: int = 0  # by the query, once it has ended
    seconds: float = 0.0
    rebuild: bool = False  # somebody asked for it, so that its columns may differ from those before

    @property
    def awaited(self) -> str:
        """The query whose end the build waits for."""
        return self.check_query_id or self.query_id

    def days(self) -> dict[dt.date, int]:
        """The attempts by day."""
        return {dt.date.fromisoformat(day): attempt for day, attempt in self.attempts.items()}


def start_build(pipeline: Pipeline, *, run_id: str, name: str, index: int) -> dict[str, Any]:
    """Claim a job's partitions and start its query, once however often this is called.

    Args:
        pipeline: the outside world.
        run_id: the run that asks.
        name: the plan file that holds the job.
        index: its place there.

    Returns:
        `status`: `building` with the `build`; `held` while another run builds one of the days;
        `done` when others have settled all of them; `failed` when Athena refuses the query.

    Raises:
        ThrottledError: Athena or the ledger wants to be called later.
    """
    planned = pipeline.plans.load_job(run_id, name, index)
    job = Job.from_json(planned)
    return start_job(pipeline, job, planned["inputs"], run_id=run_id, pauses=_HELD_PAUSES)


def start_job(
    pipeline: Pipeline,
    job: Job,
    inputs: Mapping[str, Mapping[str, str]],
    *,
    run_id: str,
    pauses: Sequence[float] = (),
) -> dict[str, Any]:
    """Claim the partitions of a job and start its query; see `start_build`.

    Args:
        pipeline: the outside world.
        job: what to build.
        inputs: by day and input table, the digest of what the query is about to read.
        run_id: who asks.
        pauses: seconds between looks at days that others are building; none means one look.
    """
    started = alone(pipeline, start_step(pipeline, job, inputs, run_id=run_id))
    for pause in pauses:
        if started["status"] != "held":
            break
        pipeline.sleep(pause)
        started = alone(pipeline, start_step(pipeline, job, inputs, run_id=run_id))
    return started


def start_step(
    pipeline: Pipeline, job: Job, inputs: Mapping[str, Mapping[str, str]], *, run_id: str
) -> Step:
    """One look of `start_job` at a job's partitions."""
    table = pipeline.tables()[job.table]
    states = yield Read(job.table, tuple(job.days))
    verdicts = _judge(pipeline, job, inputs, run_id, states)
    by_action = {action: _days(verdicts, action) for action in ("mine", "held", "take")}
    if by_action["mine"]:
        started = yield from _resume(pipeline, table, states, by_action["mine"])
    elif by_action["held"]:
        return {"status": "held"}
    elif not by_action["take"]:
        return {"status": "done"}
    else:
        claims = _claims(states, by_action["take"], inputs)
        started = yield from _claim_and_start(pipeline, table, claims, run_id)
    return _as_asked(started, job)


def _as_asked(started: dict[str, Any], job: Job) -> dict[str, Any]:
    """Let a build that was started know its backfill's checks, and whether it was asked for."""
    if "build" not in started:
        return started
    rebuild = ASKED_FOR in job.reasons.values()
    checks = None if job.checks is None else list(job.checks)
    return {**started, "build": {**started["build"], "checks": checks, "rebuild": rebuild}}


def _days(verdicts: Mapping[dt.date, Verdict], action: str) -> list[dt.date]:
    return [day for day, verdict in verdicts.items() if verdict.action == action]


def _judge(
    pipeline: Pipeline,
    job: Job,
    inputs: Mapping[str, Mapping[str, str]],
    run_id: str,
    states: Mapping[dt.date, PartitionState],
) -> dict[dt.date, Verdict]:
    """What the run may do with each day of the job, dead runs' leases counting as over."""
    now = int(pipeline.now().timestamp())
    sql_hash = executed_hash(pipeline.tables()[job.table], pipeline.settings.tz)

    def verdicts(dead: set[str]) -> dict[dt.date, Verdict]:
        return {
            day: judge(
                states.get(day),
                seen_attempt=job.seen_attempts[day],
                run_id=run_id,
                now=now,
                dead_runs=dead,
                up_to_date=_is_up_to_date(job, day, states.get(day), sql_hash, inputs[str(day)]),
            )
            for day in job.days
        }

    first = verdicts(set())
    holders = {verdict.run_id for verdict in first.values() if verdict.action == "held"}
    dead = {holder for holder in holders if not _is_alive(pipeline, holder)}
    return verdicts(dead) if dead else first


def _is_up_to_date(
    job: Job,
    day: dt.date,
    state: PartitionState | None,
    sql_hash: str,
    inputs: Mapping[str, str],
) -> bool:
    """Whether building a day would make what is published already, and nobody insists."""
    return (
        state is not None
        and state.status == "published"
        and job.reasons[day] != ASKED_FOR
        and state.sql_hash == sql_hash
        and dict(state.inputs) == dict(inputs)
    )


def _is_alive(pipeline: Pipeline, run_id: str) -> bool:
    if run_id.startswith((BACKFILL_RUN, ROLLBACK_RUN)):
        return True  # it has no execution to look at: its leases end by themselves
    run = pipeline.ledger.run(run_id)
    return run is not None and pipeline.executions.is_running(run.execution_arn)


def _claims(
    states: Mapping[dt.date, PartitionState],
    days: list[dt.date],
    inputs: Mapping[str, Mapping[str, str]],
) -> list[Claim]:
    attempts = next_attempts(states, days)
    return [Claim(day, states.get(day), attempts[day], inputs[str(day)]) for day in days]


def _claim_and_start(pipeline: Pipeline, table: Table, claims: list[Claim], run_id: str) -> Step:
    """Take the leases and start the query; held if the ledger changed under the claim."""
    attempts = {claim.day: claim.attempt for claim in claims}
    build = build_id(table.name, attempts, run_id)
    claimed = yield Write(
        pipeline.ledger.writes.claim(
            table.name,
            claims,
            run_id=run_id,
            build_id=build,
            sql_hash=executed_hash(table, pipeline.settings.tz),
            lease_until=lease_until(pipeline),
        )
    )
    if not claimed:
        return {"status": "held"}
    _stop_abandoned(pipeline, [claim.seen for claim in claims if claim.seen is not None])
    return (yield from _start_query(pipeline, table, attempts, build, run_id))


def _resume(
    pipeline: Pipeline, table: Table, states: Mapping[dt.date, PartitionState], mine: list[dt.date]
) -> Step:
    """Go on with a build that an earlier delivery of the same call has claimed.

    One build of them: days that were tried apart have a build each, and the others' turn comes.
    """
    state = states[mine[0]]
    attempts = {day: states[day].attempt for day in mine if states[day].build_id == state.build_id}
    return (
        yield from _start_query(
            pipeline, table, attempts, state.build_id, state.run_id, state.query_id
        )
    )


def _start_query(
    pipeline: Pipeline,
    table: Table,
    attempts: Mapping[dt.date, int],
    build: str,
    run_id: str,
    query_id: str | None = None,
) -> Step:
    if query_id is None:
        try:
            query_id = pipeline.athena.start(
                _statement(pipeline, table, attempts, build), request_token("build", build)
            )
        except QueryFailedError as error:
            return (yield from fail(pipeline, table, attempts, run_id, build, None, str(error)))
    held = yield Write(
        pipeline.ledger.writes.hold(
            table.name,
            attempts,
            run_id=run_id,
            lease_until=lease_until(pipeline),
            query_id=query_id,
        )
    )
    if not held:
        pipeline.athena.stop(query_id)
        return {"status": "held"}
    by_day = {str(day): attempt for day, attempt in attempts.items()}
    started = Build(run_id, table.name, by_day, build, query_id)
    return {"status": "building", "build": dataclasses.asdict(started)}


def _statement(
    pipeline: Pipeline, table: Table, attempts: Mapping[dt.date, int], build: str
) -> str:
    settings = pipeline.settings
    parameters = query_parameters(table, min(attempts), max(attempts), settings.tz)
    return create_table_as(
        build_table_name(table, build),
        build_location(settings.bucket, table.name, build),
        render(table.sql, parameters),
    )


def _stop_abandoned(pipeline: Pipeline, states: list[PartitionState]) -> None:
    """Stop queries of attempts that were taken over: nobody waits for them any more."""
    abandoned = {state.query_id for state in states if state.status == "building"}
    for query_id in abandoned - {None}:
        pipeline.athena.stop(str(query_id))
