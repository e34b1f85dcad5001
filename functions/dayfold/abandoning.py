"""Ending what a run has under way: its backfill is cancelled, or a step of it cannot be retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold.ending import fail
from dayfold.inputs import read_states
from dayfold.steps import alone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping

    from dayfold.domain.partition import PartitionState
    from dayfold.pipeline import Pipeline


def abandon(
    pipeline: Pipeline, days: Mapping[str, Collection[dt.date]], run_id: str, reason: str
) -> int:
    """Stop the queries of a run's builds and end them as failed, so that the days are buildable.

    Args:
        pipeline: the outside world.
        days: by table, where to look.
        run_id: whose builds; those of others are let be.
        reason: why, for the ledger.

    Returns:
        How many builds were under way.

    Raises:
        ThrottledError: AWS wants to be called later; the same call again goes on.
    """
    tables, left = pipeline.tables(), 0
    for name, states in read_states(pipeline, days).items():
        builds: dict[str, dict[dt.date, PartitionState]] = {}
        for day, state in states.items():
            if day in days[name] and state.status == "building" and state.run_id == run_id:
                builds.setdefault(state.build_id, {})[day] = state
        for build_id, its_days in builds.items():
            query_id = next(iter(its_days.values())).query_id
            if query_id is not None:
                pipeline.athena.stop(query_id)
            attempts = {day: state.attempt for day, state in its_days.items()}
            step = fail(pipeline, tables[name], attempts, run_id, build_id, query_id, reason)
            alone(pipeline, step)
            left += 1
    return left
