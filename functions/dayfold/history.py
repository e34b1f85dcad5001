"""Telling what has changed for readers: `ops.publications` and `kpi.days`.

Both are worked out from the ledger. Nothing here may stop a publish: what fails is logged, and the
next sweep makes up for it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import TYPE_CHECKING, Any

from dayfold.adapters.aws import UNREACHABLE
from dayfold.errors import DayfoldError
from dayfold.whole_days import refresh_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dayfold.adapters.ledger import Ledger
    from dayfold.adapters.ops_table import OpsTable
    from dayfold.domain.publications import Publication
    from dayfold.pipeline import Pipeline

Built = dict[str, set[dt.date]]  # days by table
logger = logging.getLogger(__name__)


def tell(pipeline: Pipeline, run_id: str, built: Callable[[], Built]) -> None:
    """Bring both tables up to date with what a run, a backfill or a rollback has published.

    Args:
        pipeline: the outside world.
        run_id: who published.
        built: gives the days by table that it may have published.
    """
    tell_publications(pipeline, run_id, built)
    refresh_after(pipeline, built)


def tell_publications(pipeline: Pipeline, run_id: str, built: Callable[[], Built]) -> None:
    """Write what a run has published into `ops.publications`; again replaces it."""
    try:
        save_publications(pipeline.ledger, pipeline.publications, built(), run_id)
    except (*UNREACHABLE, DayfoldError):
        logger.warning("the publications of %s were not told", run_id, exc_info=True)


def save_publications(
    ledger: Ledger,
    target: OpsTable,
    days: Mapping[str, Iterable[dt.date]],
    run_id: str | None = None,
) -> int:
    """Write the publications of some partitions; returns how many there are.

    Args:
        ledger: the ledger.
        target: the table.
        days: the days by table, of which the first and the last count.
        run_id: whose; None is everybody's.
    """
    files: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for table, some in days.items():
        if not (wanted := sorted(some)):
            continue
        span = wanted[0], wanted[-1]
        for history in ledger.publications(table, *span, run_id=run_id).values():
            for one in history:
                place = one.moment.astimezone(dt.UTC).date().isoformat(), one.run_id
                files.setdefault(place, []).append(_line(table, one))
    for (published_on, owner), lines in sorted(files.items()):
        target.save(published_on, owner, lines)
    return sum(map(len, files.values()))


def _line(table: str, one: Publication) -> dict[str, Any]:
    return {
        "table_name": table,
        "day": one.day,
        "attempt": one.attempt,
        "build_id": one.build_id,
        "published_at": one.published_at,
        "cause": one.cause,
        "run_id": one.run_id,
        "requested_by": one.by,
        "undone_build_id": one.undone_build_id,
        "location": one.location,
        "sql_hash": one.sql_hash,
        "inputs": json.dumps(dict(one.inputs), sort_keys=True),
        "row_count": one.rows,
        "bytes_scanned": one.bytes_scanned,
        "cost_usd": one.cost_usd,
    }
