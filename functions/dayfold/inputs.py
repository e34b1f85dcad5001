"""What a job is about to read: states of its inputs, their digests, and what is missing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from dayfold.adapters.batches import BATCH
from dayfold.domain.days import day_range
from dayfold.domain.fingerprints import ABSENT, window_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from dayfold.domain.jobs import Job
    from dayfold.domain.partition import PartitionState
    from dayfold.domain.table import Input, Table
    from dayfold.pipeline import Pipeline

States = dict[str, dict[dt.date, "PartitionState"]]


def window(one: Input, day: dt.date, tz: ZoneInfo) -> list[dt.date]:
    """The days of an input that building `day` reads."""
    return list(day_range(*one.window.days_for(day, tz)))


def read_states(pipeline: Pipeline, days: Mapping[str, Collection[dt.date]]) -> States:
    """The ledger's partitions between the first and the last day wanted of each table.

    By their keys, a hundred by one call, where that takes no more calls than one for each table.
    """
    spans = {name: (min(wanted), max(wanted)) for name, wanted in days.items() if wanted}
    keys = sum((last - first).days + 1 for first, last in spans.values())
    if keys > len(spans) * BATCH:
        return {name: pipeline.ledger.partitions(name, *span) for name, span in spans.items()}
    return pipeline.ledger.partitions_at(
        {name: list(day_range(*span)) for name, span in spans.items()}
    )


def states_of_inputs(pipeline: Pipeline, jobs: Sequence[Job]) -> States:
    """The ledger's partitions that jobs are about to read."""
    tables, tz = pipeline.tables(), pipeline.settings.tz
    days: dict[str, set[dt.date]] = {}
    for job in jobs:
        for one in tables[job.table].inputs:
            if not one.is_raw:
                ends = [*window(one, job.first, tz), *window(one, job.last, tz)]
                days.setdefault(one.table, set()).update(ends)
    return read_states(pipeline, days)


def input_digests(
    table: Table,
    days: Iterable[dt.date],
    states: States,
    raw: Callable[[str, dt.date], str],
    tz: ZoneInfo,
) -> dict[str, dict[str, str]]:
    """By day and input table, the digest of what building the day reads as things are now.

    Args:
        table: the table to build.
        days: the days to build.
        states: the ledger's states of its built inputs.
        raw: gives the fingerprint of a day of a raw table.
        tz: the business time zone.
    """

    def fingerprint(one: Input, day: dt.date) -> str:
        if one.is_raw:
            return raw(one.table, day)
        state = states.get(one.table, {}).get(day)
        return (state.published_build_id if state else None) or ABSENT

    return {
        str(day): {
            one.table: window_digest({d: fingerprint(one, d) for d in window(one, day, tz)})
            for one in table.inputs
        }
        for day in days
    }


def unpublished_input(
    table: Table, day: dt.date, states: States, tz: ZoneInfo
) -> tuple[str, dt.date] | None:
    """The first built input of a partition, with its day, of which readers see nothing."""
    for one in table.inputs:
        if one.is_raw:
            continue
        for input_day in window(one, day, tz):
            state = states.get(one.table, {}).get(input_day)
            if state is None or not state.is_published:
                return one.table, input_day
    return None
