"""Lambda: a process per invocation, with a deadline, that may outlive its caller."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from dayfold.errors import DayfoldError
from tests.faults.schedules.scheduler import Actor, Killed
from tests.infrastructure.project import template

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.schedules.scheduler import Scheduler


_EXPECTED = (DayfoldError, ClientError, BotoCoreError)


class InvocationError(Exception):
    """How an invocation failed, as its caller sees it: the error's name and its cause."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


@dataclasses.dataclass
class Outcome:
    """What became of an invocation."""

    waiter: Actor | None
    value: Any = None
    failure: InvocationError | None = None
    ended: bool = False


class Lambdas:
    """Runs functions as processes of their own."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def invoke(
        self,
        function: str,
        name: str,
        handler: Callable[[float], Any],
        timeout: float | None = None,
    ) -> Any:
        """Run a handler in its own process and wait for it.

        Args:
            function: the folder of the function, whose time the template gives.
            name: the process's name in the story of the schedule.
            handler: what it does, given its deadline.
            timeout: seconds after which the caller no longer waits; the process may go on.

        Raises:
            InvocationError: it failed, died, or took too long.
        """
        scheduler = self._scheduler
        outcome = Outcome(scheduler.current)
        seconds = function_seconds(function)
        actor = scheduler.spawn(name, lambda: None)
        actor.deadline = scheduler.time + seconds
        actor.body = functools.partial(self._process, actor, outcome, handler)
        scheduler.sleep(min(seconds + 1, timeout or seconds + 1))
        if not outcome.ended:
            outcome.waiter = None
            raise InvocationError("States.Timeout", f"{function} took too long")
        if outcome.failure is not None:
            raise outcome.failure
        return outcome.value

    def _process(self, actor: Actor, outcome: Outcome, handler: Callable[[float], Any]) -> None:
        assert actor.deadline is not None
        try:
            # What a function returns travels as JSON.
            outcome.value = json.loads(json.dumps(handler(actor.deadline)))
        except Killed as death:
            late = self._scheduler.time > actor.deadline
            outcome.failure = InvocationError(
                "Sandbox.Timedout" if late else "Runtime.ExitError", str(death)
            )
        except _EXPECTED as error:  # any other is a mistake, of the pipeline's or of the harness's
            outcome.failure = InvocationError(type(error).__name__, str(error))
        outcome.ended = True
        if outcome.waiter is not None:
            outcome.waiter.wake = self._scheduler.time


@functools.cache
def function_seconds(function: str) -> float:
    """The time that the template gives a function."""
    resource = "".join(word.capitalize() for word in function.split("_")) + "Function"
    known = template()
    properties = known["Resources"][resource]["Properties"]
    return float(properties.get("Timeout", known["Globals"]["Function"]["Timeout"]))
