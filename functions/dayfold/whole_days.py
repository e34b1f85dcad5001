"""Keeping `kpi.days`: judging days as a run would, and swapping the table as a whole.

Rows of days that are not judged again are taken over from the version before. A version is worked
out from what the ledger said after the version before was in place, so a newer one never says
something older.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from typing import TYPE_CHECKING

from dayfold.adapters.aws import UNREACHABLE
from dayfold.domain.days import ONE_DAY
from dayfold.domain.planning import decide
from dayfold.domain.requests import RunRequest
from dayfold.domain.whole_days import DayRow, day_rows, tables_digest, touched_days
from dayfold.ending import timestamp
from dayfold.errors import DayfoldError
from dayfold.planner import gather, recent_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dayfold.adapters.whole_days import Version
    from dayfold.pipeline import Pipeline

_TRIES = 5  # swaps that others may win
_STEP_DAYS = 366  # judged at once, so that ten years fit in a Lambda's memory
_RENEWED_AFTER = dt.timedelta(days=7)  # versions expire after 90
logger = logging.getLogger(__name__)


def refresh(pipeline: Pipeline, days: Iterable[dt.date] | None = None) -> bool:
    """Bring the rows of some days up to date.

    Args:
        pipeline: the outside world.
        days: the days to judge. None judges the sweep's window; and every day the ledger knows, if
            a table has come, gone or changed its query since all of them were judged.

    Returns:
        Whether readers see other rows than before.

    Raises:
        ThrottledError: AWS wants to be called later.
    """
    tables = pipeline.tables()
    now_digest = tables_digest(tables, pipeline.settings.tz)
    for _ in range(_TRIES):
        seen = pipeline.whole_days.current()
        before = {row.dt: row for row in seen.rows}
        judge_all = days is None and seen.tables_digest != now_digest
        wanted = _all_days(pipeline) if judge_all else _some_days(pipeline, days)
        judged = _judge(pipeline, wanted, timestamp(pipeline))
        fresh = {
            day: row for day, row in judged.items() if not row.says_the_same_as(before.get(day))
        }
        gone = {str(day) for day in wanted if str(day) in before and str(day) not in judged}
        if not fresh and not gone and not (_is_old(pipeline, seen) or judge_all):
            return False
        rows = {day: row for day, row in {**before, **fresh}.items() if day not in gone}
        judged_by = now_digest if judge_all else seen.tables_digest
        ordered = [rows[day] for day in sorted(rows)]
        if pipeline.whole_days.swap(seen, ordered, judged_by, pipeline.now()):
            return bool(fresh or gone)
    logger.warning("kpi.days was not refreshed: others did so all the time")
    return False


def refresh_after(
    pipeline: Pipeline, built: Callable[[], Mapping[str, Iterable[dt.date]]] | None = None
) -> None:
    """Refresh what builds may have changed; a failure is logged, and the next sweep mends it.

    Args:
        pipeline: the outside world.
        built: gives the days by table; None is what `refresh` judges by itself.
    """
    try:
        refresh(pipeline, None if built is None else touched_days(pipeline.tables(), built()))
    except (*UNREACHABLE, DayfoldError):
        logger.warning("kpi.days was not refreshed", exc_info=True)


def _is_old(pipeline: Pipeline, seen: Version) -> bool:
    """Whether a version's file comes near to the age at which the bucket drops it."""
    if seen.version_id is None:
        return False
    made_on = dt.datetime.strptime(seen.made_on, "%Y%m%d").replace(tzinfo=dt.UTC)
    return pipeline.now() - made_on > _RENEWED_AFTER


def _judge(pipeline: Pipeline, days: list[dt.date], now: str) -> dict[str, DayRow]:
    rows: dict[str, DayRow] = {}
    for start in range(0, len(days), _STEP_DAYS):
        step = tuple(days[start : start + _STEP_DAYS])
        facts = gather(pipeline, RunRequest(trigger="days"), step)
        decisions, _ = decide(facts, tuple(facts.tables), step, "stale")
        rows |= day_rows(facts, decisions, step)
    return {day: dataclasses.replace(row, updated_at=now) for day, row in rows.items()}


def _some_days(pipeline: Pipeline, days: Iterable[dt.date] | None) -> list[dt.date]:
    """The days asked for that are over, or those of the sweep's window, oldest first."""
    if days is None:
        days = recent_days(pipeline, pipeline.settings.sweep_days)
    today = pipeline.now().astimezone(pipeline.settings.tz).date()
    return sorted(day for day in set(days) if day < today)


def _all_days(pipeline: Pipeline) -> list[dt.date]:
    """Every day of which the ledger knows anything, with the sweep's window."""
    today = pipeline.now().astimezone(pipeline.settings.tz).date()
    known = set(_some_days(pipeline, None))
    for name in pipeline.tables():
        known.update(pipeline.ledger.partitions(name, dt.date.min, today - ONE_DAY))
    return sorted(known)
