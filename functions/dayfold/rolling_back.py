"""Rolling back: pointing days at earlier builds, under the same leases that builds take.

First everything is looked up and chosen, and nothing has moved if anything stands against it. Then
the partitions move, tables that read others before those that they read, up to 50 days at a time:
lease, catalog, ledger. A rollback that dies on the way is finished by the same command given again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

from dayfold.domain.backfill import ENDED, run_id_of
from dayfold.domain.days import day_range
from dayfold.domain.partition import ROLLBACK_RUN
from dayfold.domain.rollback import Choice, Wanted
from dayfold.errors import BadRequestError, DayfoldError
from dayfold.history import tell
from dayfold.releasing import days_of_backfill, known_backfill
from dayfold.rollback_steps import Moving, choose_all, pasts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dayfold.pipeline import Pipeline

_SHOWN = 5_000  # partitions that an answer lists: it stays far below Lambda's 6 MB
_FINISH_SECONDS = 60.0  # far more than one day takes
logger = logging.getLogger(__name__)
Choices = dict[str, dict[dt.date, Choice]]


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What is to be rolled back: days of a table, or all that a backfill published."""

    table: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    build_id: str | None = None
    backfill: str | None = None


def roll_back(
    pipeline: Pipeline,
    *,
    request: Request,
    run_id: str,
    by: str | None,
    dry_run: bool = False,
    seconds_left: Callable[[], float],
) -> dict[str, Any]:
    """Point partitions at earlier builds.

    Args:
        pipeline: the outside world.
        request: what is to be rolled back.
        run_id: `rollback-` and an id of this one.
        by: who asks, for the ledger.
        dry_run: only say what would be done.
        seconds_left: of the Lambda's time.

    Returns:
        `moved`, `done` (they showed it already) and `left` as counts; `partitions`, each with
        `table`, `day`, `action`, `reason`, `build_id` and `undone_build_id`; `cut_off`, whether
        time ran out before all had moved, so that the same request goes on.

    Raises:
        BadRequestError: the request makes no sense, a partition is being built now, or there is
            nothing to roll back to; nothing has moved.
        ThrottledError: AWS wants to be called later; the same request goes on.
    """
    wanted, days = _read(pipeline, request)
    pasts = {table: pasts_of(pipeline, table, some) for table, some in days.items()}
    chosen = {table: choose_all(pipeline, some, wanted) for table, some in pasts.items()}
    _refuse_hopeless(chosen)
    undone = {
        (table, day): past.state.published_build_id
        for table, some in pasts.items()
        for day, past in some.items()
        if past.state
    }
    moving = Moving(pipeline, wanted, run_id, by, seconds_left)
    if not dry_run:
        chosen = {table: moving.move(table, pasts[table], some) for table, some in chosen.items()}
        tell(pipeline, run_id, lambda: {table: set(some) for table, some in days.items()})
    return {"run_id": run_id, "cut_off": moving.cut_off, **_answer(chosen, undone)}


def _read(pipeline: Pipeline, request: Request) -> tuple[Wanted, dict[str, list[dt.date]]]:
    """What is wanted, and the days by table: those that read others first."""
    tables = pipeline.tables()
    if request.backfill is not None:
        if request.table or request.first or request.build_id:
            raise BadRequestError("a backfill is rolled back as a whole: give no table, day, build")
        published = _days_of_ended(pipeline, request.backfill)
        ordered = {name: published[name] for name in reversed(list(tables)) if name in published}
        return Wanted(undone_run=run_id_of(request.backfill)), ordered
    if request.table is None or request.first is None:
        raise BadRequestError("a rollback needs a table and a day, or a backfill")
    if request.table not in tables:
        raise BadRequestError(f"unknown table {request.table!r}: there are {', '.join(tables)}")
    last = request.last or request.first
    if request.first > last:
        raise BadRequestError(f"the range is reversed: {request.first} comes after {last}")
    return Wanted(request.build_id), {request.table: list(day_range(request.first, last))}


def _days_of_ended(pipeline: Pipeline, name: str) -> dict[str, list[dt.date]]:
    """The partitions that a backfill was to build, from its plan."""
    backfill = known_backfill(pipeline, name)
    if backfill.status not in ENDED:
        raise BadRequestError(
            f"backfill {name!r} is {backfill.status}: "
            f"`dayfold backfill cancel {name}` ends it first"
        )
    days = days_of_backfill(pipeline, backfill)
    return {table: sorted(some) for table, some in days.items()}


def _refuse_hopeless(chosen: Choices) -> None:
    """Refuse what cannot be done as a whole, before anything moves."""
    lines = [
        (choice.action, f"{table} {day} {choice.reason}")
        for table, choices in chosen.items()
        for day, choice in choices.items()
    ]
    held = [line for action, line in lines if action == "held"]
    if held:
        more = f" (and {len(held) - 1} more)" if len(held) > 1 else ""
        raise BadRequestError(f"nothing was rolled back: {held[0]}{more}; wait for its end")
    if lines and all(action == "leave" for action, _ in lines):
        more = f" (and so {len(lines) - 1} more)" if len(lines) > 1 else ""
        raise BadRequestError(f"nothing to roll back: {lines[0][1]}{more}")


def finish_rollbacks(
    pipeline: Pipeline, days: Sequence[dt.date], *, dry_run: bool = False
) -> list[str]:
    """Finish rollbacks that died on the way: readers may see what the ledger does not say.

    Args:
        pipeline: the outside world.
        days: the days to look at, of which the first and the last count.
        dry_run: only list them.

    Returns:
        A line for each day.
    """
    now = int(pipeline.now().timestamp())
    cut_off = [
        (table, day, state)
        for table in (pipeline.tables() if days else ())
        for day, state in sorted(pipeline.ledger.partitions(table, days[0], days[-1]).items())
        if state.status == "building"
        and state.run_id.startswith(ROLLBACK_RUN)
        and state.lease_until <= now
    ]
    for table, day, state in [] if dry_run else cut_off:
        try:
            roll_back(
                pipeline,
                request=Request(table, day, day, state.build_id),
                run_id=state.run_id,
                by=f"the sweep, for {state.run_id}",
                seconds_left=lambda: _FINISH_SECONDS,
            )
        except DayfoldError:
            logger.warning("%s of %s %s was not finished", state.run_id, table, day, exc_info=True)
    return [f"{table} {day}: {state.run_id}, finished" for table, day, state in cut_off]


def _answer(chosen: Choices, undone: Mapping[tuple[str, dt.date], str | None]) -> dict[str, Any]:
    partitions = [
        {
            "table": table,
            "day": str(day),
            "action": choice.action,
            "reason": choice.reason,
            "build_id": choice.build.build_id if choice.build else None,
            "undone_build_id": undone.get((table, day)) if choice.action == "move" else None,
        }
        for table, choices in chosen.items()
        for day, choice in sorted(choices.items())
    ]
    actions = [one["action"] for one in partitions]
    return {
        "moved": actions.count("move"),
        "done": actions.count("done"),
        "left": actions.count("leave"),
        "partitions": partitions[:_SHOWN],
    }
