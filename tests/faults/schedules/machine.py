"""The daily run's state machine: its flow, with the retries and time-outs of its definition."""

from __future__ import annotations

import dataclasses
import functools
import json
import random
from typing import TYPE_CHECKING, Any

from dayfold.finishing import finish_build
from dayfold.pipeline import Pipeline
from dayfold.planner import plan_run
from dayfold.runs import end_run, fail_build
from dayfold.starting import Build, start_build
from dayfold.waves import plan_wave
from tests.faults.schedules.executions import FakeStepFunctions
from tests.faults.schedules.lambdas import InvocationError, Lambdas
from tests.faults.schedules.scheduler import Scheduler
from tests.infrastructure.project import state_machine

if TYPE_CHECKING:
    from collections.abc import Callable


_MAP_AT_ONCE = 3


class AbortedError(Exception):
    """Raised in an execution that somebody has stopped."""


@dataclasses.dataclass
class Machine:
    """Runs executions; each step is an invocation of its function."""

    pipeline: Pipeline
    scheduler: Scheduler
    lambdas: Lambdas
    executions: FakeStepFunctions
    rng: random.Random
    ended: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    def execute(self, name: str, event: dict[str, Any]) -> None:
        """One execution, from Plan run to its end."""
        try:
            self._flow(name, event)
        except AbortedError:
            self.executions.end(name, "ABORTED")

    def abort(self, name: str) -> None:
        """Stop an execution: no step more, though functions that run go on to their end."""
        if self.executions.status.get(name) == "RUNNING":
            self.executions.end(name, "ABORTED")

    def _flow(self, name: str, event: dict[str, Any]) -> None:
        error = None
        try:
            planned = self._task(
                name, "Plan run", {"run_id": name, "execution_arn": name, "event": event}
            )
            wave = self._wave(name, planned["wave"])
            while not wave["done"]:
                self._map(name, wave)
                wave = self._wave(name, wave["wave"])
        except InvocationError as failed:
            error = {"Error": failed.error, "Cause": failed.cause}
        try:
            ended = self._task(name, "End run", {"run_id": name, "error": error})
        except InvocationError:
            self.executions.end(name, "FAILED")
            return
        self.ended[name] = ended
        self.executions.end(name, "SUCCEEDED" if ended["status"] == "succeeded" else "FAILED")

    def _wave(self, name: str, wave: int) -> dict[str, Any]:
        return dict(self._task(name, "Plan wave", {"run_id": name, "wave": wave}))

    # --- Build tables ---------------------------------------------------------------------

    def _map(self, name: str, wave: dict[str, Any]) -> None:
        """A few iterations at once; the first that fails ends the map."""
        left = list(wave["jobs"])
        branches = _Branches(self.scheduler.current)

        def work() -> None:
            try:
                while left and branches.failure is None:
                    self._iteration(name, wave["name"], left.pop(0)["index"])
            except (InvocationError, AbortedError) as error:
                branches.failure = error
            branches.left -= 1
            if branches.waiter is not None and not branches.left:
                branches.waiter.wake = self.scheduler.time

        branches.left = min(_MAP_AT_ONCE, len(left))
        for number in range(branches.left):
            self.scheduler.spawn(f"{name}.{number}", work)
        while branches.left:
            self.scheduler.sleep(1e9)
        if branches.failure is not None:
            raise branches.failure

    def _iteration(self, name: str, wave: str, index: int) -> None:
        job = {"run_id": name, "name": wave, "index": index}
        try:
            state = self._task(name, "Start build", job)
            while state["status"] in {"building", "held", "retry"}:
                if state["status"] == "building":
                    self.scheduler.sleep(state.get("pause", 0.0))
                    state = self._task(name, "Finish build", {"build": state["build"]})
                else:
                    self.scheduler.sleep(2 if state["status"] == "held" else 5)
                    state = self._task(name, "Start build", job)
        except InvocationError as failed:
            error = {"Error": failed.error, "Cause": failed.cause}
            self._task(name, "Fail build", {**job, "error": error})

    # --- Tasks ----------------------------------------------------------------------------

    def _task(self, name: str, state: str, payload: dict[str, Any]) -> Any:
        """A task with its state's own retries."""
        definition = states()[state]
        tries: dict[int, int] = {}
        while True:
            if self.executions.status[name] != "RUNNING":
                raise AbortedError
            try:
                return self._invoke(name, state, payload, definition["TimeoutSeconds"])
            except InvocationError as failed:
                pause = self._pause(definition.get("Retry", []), failed.error, tries)
                if pause is None:
                    raise
                self.scheduler.sleep(pause)

    def _pause(
        self, retriers: list[dict[str, Any]], error: str, tries: dict[int, int]
    ) -> float | None:
        """How long to wait before the next try; None if there is none."""
        for number, retrier in enumerate(retriers):
            names = retrier["ErrorEquals"]
            if error not in names and "States.ALL" not in names:
                continue
            tried = tries.get(number, 0)
            if tried >= retrier["MaxAttempts"]:
                return None
            tries[number] = tried + 1
            longest = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tried
            return self.rng.random() * float(min(longest, retrier["MaxDelaySeconds"]))
        return None

    def _invoke(self, name: str, state: str, payload: dict[str, Any], timeout: float) -> Any:
        step = _STEPS[state]
        sent = json.dumps(payload)
        return self.lambdas.invoke(
            state.lower().replace(" ", "_"),
            f"{name}/{state}",
            lambda _deadline: step(self.pipeline, json.loads(sent)),
            timeout,
        )


@dataclasses.dataclass
class _Branches:
    """The iterations of a map that are under way."""

    waiter: Any
    left: int = 0
    failure: Exception | None = None


def _finish(pipeline: Pipeline, payload: dict[str, Any]) -> dict[str, Any]:
    return finish_build(pipeline, build=Build(**payload["build"]))


_STEPS: dict[str, Callable[[Pipeline, dict[str, Any]], dict[str, Any]]] = {
    "Plan run": lambda pipeline, payload: plan_run(pipeline, **payload),
    "Plan wave": lambda pipeline, payload: plan_wave(pipeline, **payload),
    "Start build": lambda pipeline, payload: start_build(pipeline, **payload),
    "Finish build": _finish,
    "Fail build": lambda pipeline, payload: fail_build(pipeline, **payload),
    "End run": lambda pipeline, payload: end_run(pipeline, **payload),
}


@functools.cache
def states() -> dict[str, dict[str, Any]]:
    """The states of the definition, those inside the map as well."""
    found = dict(state_machine()["States"])
    for state in list(found.values()):
        found.update(state.get("ItemProcessor", {}).get("States", {}))
    return found
