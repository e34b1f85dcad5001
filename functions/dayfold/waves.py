"""The waves of a run: which jobs come next, given how the earlier ones ended."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from dayfold.domain.fingerprints import ABSENT
from dayfold.domain.jobs import Job
from dayfold.inputs import (
    States,
    input_digests,
    read_states,
    states_of_inputs,
    unpublished_input,
    window,
)
from dayfold.planner import PLAN

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from dayfold.domain.partition import PartitionState
    from dayfold.pipeline import Pipeline


def plan_wave(pipeline: Pipeline, *, run_id: str, wave: int) -> dict[str, Any]:
    """The jobs of the next wave that has any: `wave` itself or a later one.

    The days of a wide job that failed in the wave before come back one job a day, before anything
    that reads its table starts, so that one bad day costs only itself.

    Returns:
        `wave`, the number to ask for next; `name`, the plan file that holds the jobs; `jobs`, what
        a state shows of each; `done`, whether the run has no more to build.
    """
    run = PlannedRun(pipeline, run_id)
    for number in range(wave, run.last_wave + 2):
        apart = run.failed_apart(number - 1)
        if apart:
            return run.save_wave(f"wave-{number - 1}-apart", apart, ask_next=number)
        jobs = run.unblocked(number)
        if jobs:
            return run.save_wave(f"wave-{number}", jobs, ask_next=number + 1)
    return {"run_id": run_id, "wave": run.last_wave + 1, "name": "", "jobs": [], "done": True}


def days_of_run(pipeline: Pipeline, run_id: str) -> dict[str, set[dt.date]]:
    """The partitions that a run was to build, by table, from its plan."""
    return PlannedRun(pipeline, run_id).days()


class PlannedRun:
    """A run's plan beside the ledger as it is now."""

    def __init__(self, pipeline: Pipeline, run_id: str) -> None:
        self._pipeline = pipeline
        self._run_id = run_id
        self._plan = pipeline.plans.load(run_id, PLAN)
        self._tables = pipeline.tables()
        self.jobs = [Job.from_json(job) for one in self._plan["waves"] for job in one["jobs"]]
        self.last_wave = max((job.wave for job in self.jobs), default=0)
        self._under_way = self._plan.get("under_way", [])
        self.planned = {(job.table, day) for job in self.jobs for day in job.days}
        self._causes: dict[tuple[str, dt.date], str | None] = {}

    def days(self) -> dict[str, set[dt.date]]:
        """The partitions that the run was to build, by table."""
        days: dict[str, set[dt.date]] = {}
        for job in self.jobs:
            days.setdefault(job.table, set()).update(job.days)
        return days

    def is_as_planned(self, job: Job, day: dt.date, state: PartitionState) -> bool:
        """Whether nobody has built a partition since the plan was made.

        An attempt that was under way then and has ended well since is no other attempt.
        """
        ended_well = state.status == "published" and [job.table, str(day)] in self._under_way
        return state.attempt == job.seen_attempts[day] and not ended_well

    def failed_apart(self, wave: int) -> list[Job]:
        """The days of a wave's wide jobs that failed as a whole, one job each."""
        jobs = [job for job in self.jobs if job.wave == wave and len(job.days) > 1]
        states = self.states_of(jobs)
        return [
            single
            for job in jobs
            for single in job.apart()
            if (state := states[job.table].get(single.first)) is not None
            and state.run_id == self._run_id
            and state.status == "failed"
            and state.retry_apart
        ]

    def unblocked(self, wave: int) -> list[Job]:
        """A wave's jobs, less the days whose inputs could not be built."""
        jobs = [job for job in self.jobs if job.wave == wave]
        states = states_of_inputs(self._pipeline, jobs)
        kept: list[Job] = []
        for job in jobs:
            days = [day for day in job.days if not self.blocked_by(job.table, day, states)]
            if days:
                reasons = {day: job.reasons[day] for day in days}
                kept.append(dataclasses.replace(job, first=days[0], last=days[-1], reasons=reasons))
        return kept

    def blocked_by(self, name: str, day: dt.date, states: States) -> str | None:
        """The planned input of a partition that readers still see nothing of."""
        tz = self._pipeline.settings.tz
        missing = unpublished_input(self._tables[name], day, states, tz)
        return f"{missing[0]} {missing[1]}" if missing in self.planned else None

    def failed_input(self, name: str, day: dt.date, states: States) -> str | None:
        """The planned partition whose failure left another as it was, readers' former build too.

        Args:
            name: the table that was not built.
            day: its day.
            states: the ledger's states of all that was planned.
        """
        place = (name, day)
        if place not in self._causes:
            self._causes[place] = next(self._failed_inputs(name, day, states), None)
        return self._causes[place]

    def _failed_inputs(self, name: str, day: dt.date, states: States) -> Iterator[str]:
        tz = self._pipeline.settings.tz
        for one in self._tables[name].inputs:
            for input_day in window(one, day, tz):
                state = states.get(one.table, {}).get(input_day)
                if (one.table, input_day) not in self.planned or state is None:
                    continue
                if state.status == "failed":
                    yield f"{one.table} {input_day}"
                elif state.run_id != self._run_id:  # it was left as it was itself
                    cause = self.failed_input(one.table, input_day, states)
                    if cause is not None:
                        yield cause

    def save_wave(self, name: str, jobs: Sequence[Job], *, ask_next: int) -> dict[str, Any]:
        """Write jobs with the digests of their inputs, taken before any of their queries starts."""
        states, tz = states_of_inputs(self._pipeline, jobs), self._pipeline.settings.tz
        content = [
            {
                **job.as_json(),
                "inputs": input_digests(self._tables[job.table], job.days, states, self._raw, tz),
            }
            for job in jobs
        ]
        self._pipeline.plans.save(self._run_id, name, content)
        shown = [{"job": job.label, "index": index} for index, job in enumerate(jobs)]
        return {
            "run_id": self._run_id,
            "wave": ask_next,
            "name": name,
            "jobs": shown,
            "concurrency": self._pipeline.settings.build_concurrency,
            "done": False,
        }

    def states_of(self, jobs: Sequence[Job]) -> States:
        """The ledger's partitions that jobs build, by table and day."""
        days: dict[str, set[dt.date]] = {}
        for job in jobs:
            days.setdefault(job.table, set()).update((job.first, job.last))
        return read_states(self._pipeline, days)

    def _raw(self, table: str, day: dt.date) -> str:
        """The fingerprint of a raw day as it was when the run was planned: before any query."""
        return str(self._plan["raw"].get(table, {}).get(str(day), ABSENT))
