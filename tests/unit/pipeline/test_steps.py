"""Steps side by side: one write for all, and each with its own answer where that does not hold."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.errors import RetriableError, ThrottledError
from dayfold.steps import Read, Write, alone, together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dayfold.pipeline import Pipeline
    from dayfold.steps import Step

DAY = dt.date(2004, 5, 20)


@dataclasses.dataclass
class FakeLedger:
    """Keeps each call; refuses a write that holds one of `lost`, and asks to wait at `busy`."""

    lost: set[str] = dataclasses.field(default_factory=set)
    busy: set[str] = dataclasses.field(default_factory=set)
    calls: list[list[str]] = dataclasses.field(default_factory=list)

    def write(self, writes: Sequence[Mapping[str, Any]]) -> bool:
        """One transaction."""
        names = [str(one["name"]) for one in writes]
        self.calls.append(names)
        if self.busy & set(names):
            raise ThrottledError("busy")
        return not self.lost & set(names)

    def partitions(self, table: str, first: dt.date, last: dt.date) -> dict[dt.date, str]:
        """A range of one table."""
        self.calls.append([f"{table} {first} {last}"])
        return {DAY: table, DAY + dt.timedelta(days=1): "another day"}

    def partitions_at(self, days: Mapping[str, Sequence[dt.date]]) -> dict[str, dict[dt.date, str]]:
        """Some days of some tables."""
        self.calls.append(sorted(days))
        return {table: dict.fromkeys(some, table) for table, some in days.items()}


class FakePipeline:
    """Only the ledger of one."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.ledger = ledger


def run(ledger: FakeLedger, *steps: Step) -> list[Any]:
    """What comes of steps side by side."""
    pipeline: Any = FakePipeline(ledger)
    return together(pipeline, steps)


def writes(name: str, *more: str, items: int = 1) -> Step:
    """A step of one write after the other; its outcome has the answers."""
    answers: list[bool] = []
    for one in (name, *more):
        answered = yield Write([{"name": f"{one}{n}"} for n in range(items)])
        answers.append(answered)
    return {"status": name, "answers": answers}


def test_what_several_steps_write_at_once_is_one_call() -> None:
    # Given three steps of two writes each
    ledger = FakeLedger()
    # When
    outcomes = run(ledger, writes("a", "x"), writes("b", "y"), writes("c", "z"))
    # Then there are two calls, and each step has its outcome in its place
    assert ledger.calls == [["a0", "b0", "c0"], ["x0", "y0", "z0"]]
    assert [one["status"] for one in outcomes] == ["a", "b", "c"]
    assert all(one["answers"] == [True, True] for one in outcomes)


def test_a_condition_that_does_not_hold_is_one_steps_alone() -> None:
    # Given one of three whose lease has gone to another
    ledger = FakeLedger(lost={"b0"})
    # When
    outcomes = run(ledger, writes("a"), writes("b"), writes("c"))
    # Then all are asked again apart, and only that one hears it
    assert ledger.calls == [["a0", "b0", "c0"], ["a0"], ["b0"], ["c0"]]
    assert [one["answers"] for one in outcomes] == [[True], [False], [True]]


def test_of_writes_made_apart_only_the_refused_one_is_to_be_tried_again() -> None:
    # Given one of three whose lease has gone, and another that the ledger is then too busy for
    class BusyApart(FakeLedger):
        def write(self, writes: Sequence[Mapping[str, Any]]) -> bool:
            self.busy = {"c0"} if len(writes) == 1 else set()
            return super().write(writes)

    # When
    outcomes = run(BusyApart(lost={"b0"}), writes("a"), writes("b"), writes("c"))
    # Then what was written is known to be
    assert [one["answers"] for one in outcomes[:2]] == [[True], [False]]
    assert isinstance(outcomes[2], ThrottledError)


def test_no_write_is_larger_than_a_transaction_takes() -> None:
    # Given steps of 60 items each
    ledger = FakeLedger()
    # When
    outcomes = run(ledger, *(writes(name, items=60) for name in "abc"))
    # Then
    assert [len(call) for call in ledger.calls] == [60, 60, 60]
    assert len(outcomes) == 3


def test_states_are_read_by_one_call_and_each_step_is_given_its_own() -> None:
    # Given
    def reads(table: str) -> Step:
        found = yield Read(table, (DAY,))
        return {"status": "read", "found": found}

    ledger = FakeLedger()
    # When
    outcomes = run(ledger, reads("kpi.a"), reads("kpi.b"))
    # Then
    assert ledger.calls == [["kpi.a", "kpi.b"]]
    assert [one["found"] for one in outcomes] == [{DAY: "kpi.a"}, {DAY: "kpi.b"}]


def test_whoever_is_behind_one_that_is_told_to_wait_does_not_ask() -> None:
    # Given a second step that Athena throttles
    asked = []

    def starts(name: str) -> Step:
        yield Write([{"name": name}])
        asked.append(name)
        if name == "b":
            raise ThrottledError("too many queries")
        return {"status": "started"}

    # When
    outcomes = run(FakeLedger(), starts("a"), starts("b"), starts("c"))
    # Then the one before it is done, and the one behind is told the same
    assert asked == ["a", "b"]
    assert outcomes[0] == {"status": "started"}
    assert [type(one) for one in outcomes[1:]] == [ThrottledError, ThrottledError]


def test_a_wide_step_goes_on_before_the_next_ones_writes() -> None:
    # Given two steps that fill a transaction each, and start a query then
    events: list[str] = []

    class Ledger(FakeLedger):
        def write(self, writes: Sequence[Mapping[str, Any]]) -> bool:
            events.append(f"write {writes[0]['name']}")
            return super().write(writes)

    def starts(name: str) -> Step:
        yield Write([{"name": f"claim {name}"}] * 100)
        events.append(f"start {name}")
        yield Write([{"name": f"note {name}"}])
        return {"status": name}

    # When
    outcomes = run(Ledger(), starts("a"), starts("b"))
    # Then a's query runs while b is claimed, and what both write last is one call
    assert events == ["write claim a", "start a", "write claim b", "start b", "write note a"]
    assert [one["status"] for one in outcomes] == ["a", "b"]


def test_whoever_is_told_to_wait_stops_those_that_come_to_the_same_place_later() -> None:
    # Given three wide steps, of which Athena throttles the second
    asked = []

    def starts(name: str) -> Step:
        yield Write([{"name": name}] * 100)
        asked.append(name)
        if name == "b":
            raise ThrottledError("too many queries")
        yield Write([{"name": f"note {name}"}])
        return {"status": "started"}

    # When
    outcomes = run(FakeLedger(), starts("a"), starts("b"), starts("c"))
    # Then the first notes what it has started all the same
    assert asked == ["a", "b"]
    assert outcomes[0] == {"status": "started"}
    assert [type(one) for one in outcomes[1:]] == [ThrottledError, ThrottledError]


def test_the_trouble_of_one_step_is_not_that_of_the_others() -> None:
    # Given
    def breaks() -> Step:
        yield Write([{"name": "b"}])
        raise RuntimeError("a fault of ours")

    # When
    outcomes = run(FakeLedger(), breaks(), writes("a", "x"))
    # Then
    assert isinstance(outcomes[0], RuntimeError)
    assert outcomes[1] == {"status": "a", "answers": [True, True]}


def test_a_busy_ledger_is_told_to_all_whose_write_it_was() -> None:
    # Given
    ledger = FakeLedger(busy={"b0"})
    # When
    outcomes = run(ledger, writes("a", items=60), writes("b", items=50), writes("c"))
    # Then
    assert isinstance(outcomes[0], dict)
    assert all(isinstance(one, RetriableError) for one in outcomes[1:])


def test_a_step_alone_has_its_days_only_and_its_errors_as_they_are() -> None:
    # Given
    def reads() -> Step:
        found = yield Read("kpi.a", (DAY,))
        return {"status": "read", "found": found}

    ledger = FakeLedger(busy={"a0"})
    pipeline: Pipeline = FakePipeline(ledger)  # type: ignore[assignment] # the ledger is all of it
    # When / Then
    assert alone(pipeline, reads())["found"] == {DAY: "kpi.a"}
    with pytest.raises(ThrottledError):
        alone(pipeline, writes("a"))
