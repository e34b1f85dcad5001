"""Noticing that a raw extract has gained, lost or retyped columns, once, on the day it happens."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from dayfold.domain.parquet_footer import Footer
from dayfold.domain.raw_schemas import (
    RawSchema,
    compare,
    known_after,
    sample_csv,
    sample_json,
    sample_parquet,
)
from dayfold.ending import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold.domain.planning import RawPartition
    from dayfold.domain.raw_schemas import Sample
    from dayfold.pipeline import Pipeline

_KEPT = 30  # changes, and days with trouble, that are remembered of a table


def notice_raw_changes(
    pipeline: Pipeline, raw: Mapping[str, Mapping[dt.date, RawPartition]]
) -> list[str]:
    """Look at the newest day of each raw table, and keep what has changed since the day before.

    Returns:
        A line for each change that nobody has noticed before.
    """
    noticed: list[str] = []
    for table, days in raw.items():
        crawled = [day for day, partition in days.items() if partition.crawled]
        if not crawled:
            continue
        newest = max(crawled)
        noticed += _notice(pipeline, table, newest, days[newest].fingerprint)
    return noticed


def _notice(pipeline: Pipeline, table: str, day: dt.date, fingerprint: str) -> list[str]:
    known = pipeline.raw_schemas.get(table)
    if known is not None and (known.fingerprint == fingerprint or known.day > str(day)):
        return []
    sample = _sample(pipeline, table, day)
    if sample is None:
        return []
    changes = [] if known is None else compare(known, sample)
    lines = [change.said(table, str(day)) for change in changes]
    after = known_after(known, sample, changes)
    trouble = {
        change.column: change.before if change.kind == "lost" else f"{change.after} now"
        for change in changes
        if change.kind != "gained"
    }
    before = known or RawSchema(table, str(day), fingerprint, {}, {})
    troubles = dict(before.troubles)
    if trouble:
        troubles[str(day)] = {"fingerprint": fingerprint, "columns": trouble}
    schema = dataclasses.replace(
        before,
        day=str(day),
        fingerprint=fingerprint,
        types=after.types,
        shares=after.shares,
        noticed_at=timestamp(pipeline) if lines else before.noticed_at,
        changes=(*before.changes, *lines)[-_KEPT:],
        troubles={at: troubles[at] for at in sorted(troubles)[-_KEPT:]},
    )
    return lines if pipeline.raw_schemas.put(schema, seen=known) else []


def _sample(pipeline: Pipeline, table: str, day: dt.date) -> Sample | None:
    """What one file of a day says of its columns; None if it is empty or damaged."""
    head = pipeline.extracts.look(table, day)
    if isinstance(head, Footer):
        return sample_parquet(head)
    if not head:
        return None
    if head[0].lstrip().startswith("{"):
        return sample_json(head)
    return sample_csv(head, pipeline.extracts.columns(table))


def raw_troubles(
    pipeline: Pipeline, raw: Mapping[str, Mapping[dt.date, RawPartition]]
) -> dict[str, dict[dt.date, dict[str, str]]]:
    """By raw table and day, the columns that the files as they are now have lost or retyped."""
    troubles: dict[str, dict[dt.date, dict[str, str]]] = {}
    for table, days in raw.items():
        known = pipeline.raw_schemas.get(table)
        for at, trouble in known.troubles.items() if known else ():
            day, columns = dt.date.fromisoformat(at), trouble["columns"]
            if day in days and days[day].fingerprint == trouble["fingerprint"]:
                assert isinstance(columns, dict)
                troubles.setdefault(table, {})[day] = columns
    return troubles
