"""Leases while a build goes on: how long they last, renewing, and watching one in slow calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from dayfold.adapters.ledger_writes import Writes
    from dayfold.domain.partition import PartitionState
    from dayfold.pipeline import Pipeline
    from dayfold.starting import Build

# Four tries of a call that gets no answer, with their pauses (adapters/aws.py).
LONGEST_WRITE = 120


def lease_until(pipeline: Pipeline) -> int:
    """When a lease taken or renewed now ends, in epoch seconds."""
    return int(pipeline.now().timestamp()) + pipeline.settings.lease_seconds


def renew(pipeline: Pipeline, build: Build) -> bool:
    """Renew the leases of a build; False if one has gone to another attempt."""
    return pipeline.ledger.write(renewal(pipeline, build))


def renewal(pipeline: Pipeline, build: Build) -> Writes:
    """The write that renews the leases of a build."""
    return pipeline.ledger.writes.hold(
        build.table, build.days(), run_id=build.run_id, lease_until=lease_until(pipeline)
    )


def held_until(build: Build, states: Mapping[dt.date, PartitionState]) -> float:
    """When the first of a build's leases ends, as just read; 0 if one is not seen to be its own."""
    held = [
        states[day].lease_until
        for day, attempt in build.days().items()
        if day in states and states[day].is_held_by(build.run_id, attempt)
    ]
    return min(held) if len(held) == len(build.attempts) else 0


def watched_lease(pipeline: Pipeline, build: Build, until: float) -> Callable[[], bool]:
    """A look at whether the lease outlasts one more write; it renews a lease that may not.

    Slow calls between the renewal and the catalog's update add up: without the look, a write could
    land when another attempt has been given the lease. What is known of it is good for writes that
    begin before `until`, in epoch seconds.
    """

    def is_held() -> bool:
        nonlocal until
        if pipeline.now().timestamp() < until:
            return True
        until = lease_until(pipeline) - LONGEST_WRITE
        return renew(pipeline, build)

    return is_held
