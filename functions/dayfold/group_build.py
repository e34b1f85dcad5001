"""Building a group: all its tables side by side, with one look at all their queries at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from dayfold.domain.jobs import Group
from dayfold.errors import RetriableError
from dayfold.finishing import finish_step
from dayfold.inputs import (
    input_digests,
    read_states,
    states_of_inputs,
    unpublished_input,
)
from dayfold.leases import renew
from dayfold.pipeline import Pipeline
from dayfold.starting import Build, start_step
from dayfold.steps import Outcome, Step, together

if TYPE_CHECKING:
    from dayfold.adapters.athena import QueryStatus
    from dayfold.domain.jobs import Job

_RENEW_SECONDS = 60
_RESERVE_SECONDS = 45  # of a Lambda's time, kept for handing the rest back
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
_PAUSE_GROWTH = 1.5
_HELD_PAUSE = 2.0
_LONGEST_RETRY_PAUSE = 60.0  # doubled from 2 s on: Athena's troubles pass in minutes
# Short at first: under a full quota a slot stays empty until somebody asks again.
_FIRST_THROTTLED_PAUSE = 0.3
_LONGEST_THROTTLED_PAUSE = 3.0
One = TypeVar("One")
Ended = Literal["built", "out of time", "cancelled"]


@dataclasses.dataclass
class GroupBuild:
    """The builds of one group, from their claims to their ends."""

    pipeline: Pipeline
    group: Group
    raw: Mapping[str, Mapping[str, str]]  # raw table -> day -> fingerprint when planned
    run_id: str
    seconds_left: Callable[[], float]  # of the Lambda's time
    goes_on: Callable[[], bool]  # asked now and then: keeps the message, sees a cancel
    failures: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with every job waiting to be started."""
        self._inputs: dict[str, dict[str, dict[str, str]]] = {}  # table -> day -> input -> digest
        self._waiting: list[tuple[dt.datetime, Job]] = []
        self._active: list[tuple[Job, Build]] = []
        self._renewed = self.pipeline.now()
        self._throttled_pause = _FIRST_THROTTLED_PAUSE
        self._refused = False

    def build(self) -> Ended:
        """Build until all has ended, time runs out, or the backfill is cancelled.

        Whoever hears that it is cancelled has yet to end the builds that the ledger has.
        """
        self._admit()
        pause = _FIRST_PAUSE
        while self._waiting or self._active:
            if self.seconds_left() < _RESERVE_SECONDS:
                return "out of time"
            if not self._keep():
                self._stop_queries()
                return "cancelled"
            moved = self._try(self._start_due) + self._try(self._look)
            pause = _FIRST_PAUSE if moved else min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE)
            if self._refused:
                self._step_back(moved)
            elif self._waiting or self._active:
                self.pipeline.sleep(pause)
        return "built"

    def _try(self, step: Callable[[], int]) -> int:
        """Do a step; one that AWS refuses for now costs a pause, no claim and no attempt."""
        try:
            return step()
        except RetriableError:
            self._refused = True
            return 0

    def _step_back(self, moved: int) -> None:
        """Wait after a refusal: shortly while something moves, longer when nothing does."""
        if moved:
            self._throttled_pause = _FIRST_THROTTLED_PAUSE
        self.pipeline.sleep(self._throttled_pause * (0.5 + random.random()))  # noqa: S311
        longer = self._throttled_pause * _PAUSE_GROWTH
        self._throttled_pause = min(longer, _LONGEST_THROTTLED_PAUSE)
        self._refused = False

    def _admit(self) -> None:
        """Take up the days whose inputs are there; the others failed before they began."""
        tables, tz = self.pipeline.tables(), self.pipeline.settings.tz
        states = states_of_inputs(self.pipeline, self.group.jobs)
        for job in self.group.jobs:
            table = tables[job.table]
            blocked = {day: unpublished_input(table, day, states, tz) for day in job.days}
            for day, missing in blocked.items():
                if missing:
                    self.failures.append(
                        f"{job.table} {day}: not built, {missing[0]} {missing[1]} failed"
                    )
            days = [day for day in job.days if not blocked[day]]
            if not days:
                continue
            self._inputs[job.table] = {
                **self._inputs.get(job.table, {}),
                **input_digests(table, days, states, self._raw, tz),
            }
            self._wait(job.only(days), 0)

    def _raw(self, table: str, day: dt.date) -> str:
        return self.raw[table][str(day)]

    def _wait(self, job: Job, seconds: float) -> None:
        self._waiting.append((self.pipeline.now() + dt.timedelta(seconds=seconds), job))

    def _keep(self) -> bool:
        """Now and then: renew the leases, keep the message, and see whether to go on."""
        now = self.pipeline.now()
        if (now - self._renewed).total_seconds() < _RENEW_SECONDS:
            return True
        self._renewed = now
        for job, build in list(self._active):
            if not renew(self.pipeline, build):
                self._active.remove((job, build))
                self._wait(job, _HELD_PAUSE)
        return self.goes_on()

    def _start_due(self) -> int:
        now = self.pipeline.now()
        due = [one for one in self._waiting if one[0] <= now]
        steps = [
            start_step(self.pipeline, job, self._inputs[job.table], run_id=self.run_id)
            for _, job in due
        ]

        def taken(one: tuple[dt.datetime, Job], started: Outcome) -> None:
            self._take(one[1], started)
            self._waiting.remove(one)

        return self._move(due, steps, taken)

    def _look(self) -> int:
        """One look at all queries; those that have ended move their builds on."""
        if not self._active:
            return 0
        statuses = self.pipeline.athena.statuses([build.awaited for _, build in self._active])
        ended: list[tuple[tuple[Job, Build], QueryStatus]] = [
            (one, statuses[one[1].awaited])
            for one in self._active
            if statuses[one[1].awaited].is_final
        ]
        steps = [
            finish_step(self.pipeline, build=build, query=query) for (_, build), query in ended
        ]

        def taken(one: tuple[Job, Build], result: Outcome) -> None:
            # In this order: if the ledger cannot be read now, the same step says the same later.
            self._take(one[0], result, one[1])
            self._active.remove(one)

        return self._move([one for one, _ in ended], steps, taken)

    def _move(
        self, whose: Sequence[One], steps: Sequence[Step], taken: Callable[[One, Outcome], None]
    ) -> int:
        """Take steps side by side and go on from each; what AWS refuses for now stays as it is.

        Returns:
            How many have moved.
        """
        moved = 0
        for one, outcome in zip(whose, together(self.pipeline, steps), strict=True):
            try:
                if isinstance(outcome, Exception):
                    raise outcome
                taken(one, outcome)
                moved += 1
            except RetriableError:
                self._refused = True
        return moved

    def _take(self, job: Job, result: Mapping[str, Any], build: Build | None = None) -> None:
        """Go on from what a start or a step answered; `build` is the one that took the step."""
        status = result["status"]
        if status == "building":
            self._active.append((job, Build(**result["build"])))
            return
        if status in {"held", "retry"}:
            doubled = _HELD_PAUSE * 2.0 ** (result.get("tries", 1) - 1)
            self._wait(job, min(doubled, _LONGEST_RETRY_PAUSE))
            return
        covered = job.days if build is None else list(build.days())
        if status in {"failed", "done"}:
            self._note_failures(job.only(covered))
        # What another build holds, or others have settled, is to be looked at again.
        rest = [day for day in job.days if day not in covered]
        if rest:
            self._wait(job.only(rest), 0)

    def _note_failures(self, job: Job) -> None:
        """List the days that failed, by whomever; those of a wide job of mine are tried apart."""
        days = {job.table: job.days}
        states = read_states(self.pipeline, days)[job.table]
        for single in job.apart():
            state = states.get(single.first)
            if state is not None and state.status == "building":
                self._wait(single, _HELD_PAUSE)  # another delivery tries it again already: join it
                continue
            if state is None or state.status != "failed":
                continue
            if state.retry_apart and state.run_id == self.run_id and len(job.days) > 1:
                self._wait(single, 0)
            else:
                self.failures.append(f"{job.table} {single.first}: {state.error}")

    def _stop_queries(self) -> None:
        """Stop the queries of checks too, of which the ledger does not know."""
        for _, build in self._active:
            self.pipeline.athena.stop(build.awaited)
