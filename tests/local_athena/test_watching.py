"""A look at running queries is answered when the first of them ends."""

from __future__ import annotations

import asyncio
import time

from dayfold_local.athena.protocol.executions import Execution
from dayfold_local.athena.protocol.watching import Watch


def query(name: str, state: str = "RUNNING") -> Execution:
    """An execution of which only the id and the state matter."""
    return Execution(
        name, "SELECT 1", "0", "us-east-1", "w", "default", "s3://b/", "DML", state=state
    )


def seconds_of_a_look(watch: Watch, queries: list[Execution], ends: str | None) -> float:
    """How long a look of at most 2 s takes if a thread ends one of the queries meanwhile."""

    async def look() -> float:
        loop = asyncio.get_running_loop()
        if ends is not None:
            loop.call_later(0.05, lambda: loop.run_in_executor(None, watch.ended, ends))
        start = time.monotonic()
        await watch.first_end(queries, 2.0)
        return time.monotonic() - start

    return asyncio.run(look())


def test_a_look_is_answered_at_the_first_end() -> None:
    # Given two running queries of which one ends in a moment
    watch = Watch()
    # When both are looked at
    seconds = seconds_of_a_look(watch, [query("a"), query("b")], "b")
    # Then the answer waits for that end, not for the patience's, and nobody is left waiting
    assert 0.04 < seconds < 1.5
    assert not watch._waiting


def test_a_look_at_what_has_ended_waits_for_nothing() -> None:
    # Given a query that has ended beside one that runs
    watch = Watch()
    # When both are looked at
    seconds = seconds_of_a_look(watch, [query("a"), query("b", "FAILED")], None)
    # Then the answer is there at once
    assert seconds < 1.0
    assert not watch._waiting
