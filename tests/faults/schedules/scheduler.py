"""Actors in lock-step: one runs at a time, and who goes on is drawn from a seed.

Each actor is a thread, since the pipeline is ordinary blocking code; a baton is handed from one to
the next at every AWS call and every sleep, so that the same seed gives the same interleaving. Time
is a number that only sleeping and waiting move.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_PATIENCE_SECONDS = 60.0  # real time: a baton that nobody hands on is a mistake of the harness


class Killed(BaseException):
    """Ends a process at once: nothing of the pipeline may catch it, as nothing catches SIGKILL."""


class Abandoned(BaseException):
    """Ends an actor because the schedule is over."""


class StuckError(AssertionError):
    """Raised when a schedule does not come to an end."""


@dataclasses.dataclass(eq=False)
class Actor:
    """One process, or whoever calls one."""

    name: str
    body: Callable[[], object]
    wake: float
    born: float = 0.0
    deadline: float | None = None  # when its Lambda's time is over
    turn: threading.Semaphore = dataclasses.field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None


class Scheduler:
    """Runs actors, one at a time."""

    def __init__(self, rng: random.Random, start: dt.datetime, most_turns: int = 40_000) -> None:
        self._rng = rng
        self._actors: list[Actor] = []
        self._over = threading.Semaphore(0)
        self._failure: BaseException | None = None
        self._turns = 0
        self._most_turns = most_turns
        self.time = start.timestamp()
        self.current: Actor | None = None

    # --- Time -----------------------------------------------------------------------------

    def now(self) -> dt.datetime:
        """The schedule's time."""
        return dt.datetime.fromtimestamp(self.time, dt.UTC)

    def clock(self) -> float:
        """The same in seconds."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let the others go on for some time."""
        if self.current is None:
            self.time += seconds
            return
        self.current.wake = self.time + max(seconds, 0.0)
        self.switch()

    # --- Actors ---------------------------------------------------------------------------

    def spawn(self, name: str, body: Callable[[], object], after: float = 0.0) -> Actor:
        """Add an actor that begins after some seconds."""
        actor = Actor(name, body, self.time + after, self.time + after)
        self._actors.append(actor)
        return actor

    def others(self) -> int:
        """How many actors there are beside the one that asks."""
        return len(self._actors) - 1

    def run(self) -> None:
        """Run until every actor has ended; raises what went wrong in one of them."""
        if not self._actors:
            return
        self._turns = 0
        self._hand_to(self._choose())
        turns = -1
        while not self._over.acquire(timeout=_PATIENCE_SECONDS):
            # A machine that is busy with other things is slow; what makes no turn is stuck.
            if self._turns == turns:
                raise StuckError("the harness lost its baton")
            turns = self._turns
        if self._failure is not None:
            raise self._failure

    def switch(self) -> None:
        """Hand the baton on; returns when it comes back."""
        me = self.current
        if me is None:
            return
        self._turns += 1
        if self._turns > self._most_turns and self._failure is None:
            self._failure = StuckError(f"no end after {self._most_turns} turns")
        if self._failure is not None:
            raise Abandoned
        following = self._choose()
        if following is not me:
            self._hand_to(following)
            me.turn.acquire()
        self._check(me)

    def _check(self, me: Actor) -> None:
        if self._failure is not None:
            raise Abandoned
        if me.deadline is not None and self.time > me.deadline:
            raise Killed("out of time")

    def _choose(self) -> Actor:
        ready = [actor for actor in self._actors if actor.wake <= self.time]
        if not ready:
            self.time = min(actor.wake for actor in self._actors)
            ready = [actor for actor in self._actors if actor.wake <= self.time]
        return ready[0] if len(ready) == 1 else ready[self._rng.randrange(len(ready))]

    def _hand_to(self, actor: Actor) -> None:
        self.current = actor
        if actor.thread is None:
            actor.thread = threading.Thread(target=self._live, args=(actor,), daemon=True)
            actor.thread.start()
        else:
            actor.turn.release()

    def _live(self, actor: Actor) -> None:
        try:
            if self._failure is None:
                actor.body()
        except (Killed, Abandoned):
            pass
        except BaseException as error:  # noqa: BLE001 - told to whoever runs the schedule
            self._failure = self._failure or error
        self._actors.remove(actor)
        self.current = None
        if self._actors:
            self._hand_to(self._choose())
        else:
            self._over.release()
