"""Steps of builds, taken alone or side by side: what several ask of the ledger at once is one call.

A step is a generator. It does its own calls of Athena and the catalog, and yields what it wants of
the ledger, to be given the answer; what it returns is its outcome. So the same few lines serve a
build of the daily run, and the builds of a group, whose claims, notes, renewals and ends are
written together.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dayfold.adapters.ledger_writes import TRANSACTION, Writes
from dayfold.errors import RetriableError, ThrottledError
from dayfold.inputs import read_states

if TYPE_CHECKING:
    from dayfold.pipeline import Pipeline


@dataclasses.dataclass(frozen=True, slots=True)
class Write:
    """Wants all of some writes or none; is given False if a condition did not hold."""

    writes: Writes


@dataclasses.dataclass(frozen=True, slots=True)
class Read:
    """Wants the ledger's partitions of some days of a table; is given those that it has."""

    table: str
    days: tuple[dt.date, ...]


Wish = Write | Read
Outcome = dict[str, Any]
Step = Generator[Wish, Any, Outcome]


def alone(pipeline: Pipeline, step: Step) -> Outcome:
    """Take one step to its end."""
    answer: Any = None
    while True:
        try:
            wish = step.send(answer)
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return outcome
        answer = _granted(pipeline, wish)


def together(pipeline: Pipeline, steps: Sequence[Step]) -> list[Outcome | Exception]:
    """Take steps to their ends side by side; one goes on as soon as it has what it wanted.

    Returns:
        The outcome of each, or its error: the trouble of one is not that of the others. But when
        AWS asks one to wait, those that come to the same place after it do not ask.
    """
    side = _SideBySide(steps)
    side.send(dict.fromkeys(range(len(steps))))
    while side.wishes:
        granted, refused = _granted_at_once(pipeline, side.take_batch())
        side.outcomes |= refused
        side.send(granted)
    return [side.outcomes[number] for number in range(len(steps))]


class _SideBySide:
    """Steps under way: what each has come to."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._places = [0] * len(steps)  # how often each has gone on
        self._told_to_wait: dict[int, ThrottledError] = {}  # by place
        self.wishes: dict[int, Wish] = {}  # of steps by their numbers, the oldest wish first
        self.outcomes: dict[int, Outcome | Exception] = {}

    def send(self, answers: Mapping[int, Any]) -> None:
        """Let steps go on with what they wanted, to their next wishes or their ends."""
        for number, answer in answers.items():
            place = self._places[number]
            self._places[number] += 1
            try:
                if place in self._told_to_wait:
                    raise self._told_to_wait[place]
                self.wishes[number] = self._steps[number].send(answer)
            except StopIteration as ended:
                self.outcomes[number] = ended.value
            except ThrottledError as error:
                self.outcomes[number] = self._told_to_wait[place] = error
            except Exception as error:  # noqa: BLE001 - raised by whoever takes the outcomes
                self.outcomes[number] = error

    def take_batch(self) -> dict[int, Wish]:
        """All reads; if there are none, the oldest writes, as many as a transaction takes."""
        batch: dict[int, Wish] = {}
        reads = any(isinstance(wish, Read) for wish in self.wishes.values())
        items = 0
        for number, wish in self.wishes.items():
            if isinstance(wish, Write):
                items += len(wish.writes)
                if reads:
                    continue
                if batch and items > TRANSACTION:
                    break
            batch[number] = wish
        for number in batch:
            del self.wishes[number]
        return batch


def _granted_at_once(
    pipeline: Pipeline, wishes: Mapping[int, Wish]
) -> tuple[dict[int, Any], dict[int, RetriableError]]:
    """The answers to reads, or to the writes of one transaction; and what AWS refuses for now."""
    writes = [wish for wish in wishes.values() if isinstance(wish, Write)]
    try:
        if not writes:
            reads = {n: wish for n, wish in wishes.items() if isinstance(wish, Read)}
            return _read(pipeline, reads), {}
        done = pipeline.ledger.write([one for wish in writes for one in wish.writes])
    except RetriableError as error:
        return {}, dict.fromkeys(wishes, error)
    if done or len(writes) == 1:
        return dict.fromkeys(wishes, done), {}
    # A condition that does not hold is one build's: the others are as good as before.
    granted: dict[int, Any] = {}
    refused: dict[int, RetriableError] = {}
    for number, wish in wishes.items():
        alone_granted, alone_refused = _granted_at_once(pipeline, {number: wish})
        granted |= alone_granted
        refused |= alone_refused
    return granted, refused


def _read(pipeline: Pipeline, wishes: Mapping[int, Read]) -> dict[int, Any]:
    days: dict[str, set[dt.date]] = {}
    for wish in wishes.values():
        days.setdefault(wish.table, set()).update(wish.days)
    found = read_states(pipeline, days)
    return {
        number: {day: found[wish.table][day] for day in wish.days if day in found[wish.table]}
        for number, wish in wishes.items()
    }


def _granted(pipeline: Pipeline, wish: Wish) -> Any:  # noqa: ANN401 - each wish has its answer
    if isinstance(wish, Write):
        return pipeline.ledger.write(wish.writes)
    found = pipeline.ledger.partitions(wish.table, min(wish.days), max(wish.days))
    return {day: found[day] for day in wish.days if day in found}
