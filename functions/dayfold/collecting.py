"""Collecting what is dead: files of builds, their temporary tables, old plans and results.

A build's records are marked before its first file is deleted and once more when all are gone, so
that a collection cut off anywhere is finished by the next, and nobody rolls back to what is half
deleted.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dayfold.domain.collection import (
    Burial,
    Limits,
    Past,
    build_prefix,
    bury,
    days_of_build,
    dead_build_tables,
    is_build_id,
    judge,
    orphans,
)
from dayfold.domain.days import day_range
from dayfold.domain.publications import publications
from dayfold.domain.statements import named_build_table
from dayfold.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold.adapters.garbage import File
    from dayfold.domain.collection import Verdict

_RESERVE_SECONDS = 30  # of a Lambda's time, kept for the answer
_SHOWN = 1_000  # burials that an answer lists: it stays far below Lambda's 6 MB
_TABLE = re.compile(r"(staging|kpi)\.[a-z][a-z0-9_]*")


@dataclasses.dataclass
class Collected:
    """What a collection has done, or would do."""

    builds: int = 0  # builds of which something was deleted
    days: int = 0  # their partitions' folders
    files: int = 0
    bytes: int = 0
    build_tables: int = 0
    plans: int = 0
    results: int = 0
    spared: int = 0  # judged dead, but needed by somebody when it came to it
    cut_off: bool = False  # time ran out: the next collection goes on
    items: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def note(self, what: str, name: str, reason: str, files: list[File]) -> None:
        """Count files under what they belong to."""
        size = sum(file.size for file in files)
        self.files += len(files)
        self.bytes += size
        if len(self.items) < _SHOWN:
            line = {"what": what, "name": name, "reason": reason}
            self.items.append({**line, "files": len(files), "bytes": size})


def collect_garbage(
    pipeline: Pipeline, *, dry_run: bool, seconds_left: Callable[[], float]
) -> dict[str, Any]:
    """Delete what nobody can need any more, or only say what that would be.

    Returns:
        Counts (`builds`, `days`, `files`, `bytes`, `build_tables`, `plans`, `results`, `spared`),
        `cut_off`, and `items`, each with `what`, `name`, `reason`, `files` and `bytes`.

    Raises:
        ThrottledError: AWS wants to be called later; the next collection goes on.
    """
    settings = pipeline.settings
    limits = Limits(
        pipeline.now(), dt.timedelta(days=settings.retention_days), settings.kept_builds
    )
    work = _Collection(pipeline, limits, dry_run, seconds_left, Collected())
    work.run()
    return {"dry_run": dry_run, **dataclasses.asdict(work.done)}


@dataclasses.dataclass
class _Collection:
    """One collection on its way through the tables."""

    pipeline: Pipeline
    limits: Limits
    dry_run: bool
    seconds_left: Callable[[], float]
    done: Collected

    def run(self) -> None:
        names = self.pipeline.garbage.folders("builds/")
        needed: set[str] = set()
        for table in filter(_TABLE.fullmatch, names):
            needed |= self._table(table)
        if not self.done.cut_off:
            self._build_tables(needed)
            self._plans()
            self._results()

    def _table(self, table: str) -> set[str]:
        """Collect one table's builds; returns the temporary tables that it still needs."""
        # The bucket first: what a claim has named since then is not among these.
        there = [
            name for name in self.pipeline.garbage.folders(f"builds/{table}/") if is_build_id(name)
        ]
        pasts = self._pasts(table)
        verdicts = {day: judge(table, past, self.limits) for day, past in pasts.items()}
        states = [past.state for past in pasts.values() if past.state]
        underway = {state.build_id for state in states if state.status == "building"}
        mentioned = underway | {str(state.published_build_id) for state in states}
        known = mentioned | {name for builds in verdicts.values() for name in builds}
        strange = [name for name in there if name not in known]
        shown = self._shown(table, pasts, strange)
        present = set(there)
        burials = [
            one for one in bury(table, verdicts, mentioned, shown) if one.build_id in present
        ]
        changed = {name: self._last_written(table, name) for name in strange}
        burials += orphans(
            table, {k: v for k, v in changed.items() if v}, known, shown, self.limits
        )
        for burial in burials:
            if self._out_of_time():
                break
            self._bury(burial)
        return {named_build_table(table, name) for name in underway | _failed(pasts, verdicts)}

    def _pasts(self, table: str) -> dict[dt.date, Past]:
        """What is known of every partition of a table."""
        ledger, ever = self.pipeline.ledger, (dt.date.min, dt.date.max)
        states = ledger.partitions(table, *ever)
        records = ledger.builds(table, *ever)
        seen = publications(records, ledger.rollbacks(table, *ever))
        places = self.pipeline.catalog.locations(table, states)
        pasts: dict[dt.date, Past] = {}
        for day, state in states.items():
            pasts[day] = Past(state, [], seen.get(day, ()), places.get(day))
        for record in records:
            day = dt.date.fromisoformat(record.day)
            pasts.setdefault(day, Past(None, []))
            pasts[day] = dataclasses.replace(pasts[day], builds=[*pasts[day].builds, record])
        return pasts

    def _shown(self, table: str, pasts: Mapping[dt.date, Past], strange: list[str]) -> list[str]:
        """Where the catalog points, on the days of the ledger and of builds it does not know."""
        days = {day for name in strange for day in day_range(*days_of_build(name))} - set(pasts)
        more = self.pipeline.catalog.locations(table, days)
        return [*(past.shown for past in pasts.values() if past.shown), *more.values()]

    def _last_written(self, table: str, build_id: str) -> dt.datetime | None:
        files = self.pipeline.garbage.files(build_prefix(table, build_id))
        return max((file.modified for file in files), default=None)

    def _bury(self, burial: Burial) -> None:
        """Mark a build, delete its files, and note that they are gone."""
        pipeline = self.pipeline
        marked: set[dt.date] = set(burial.attempts)
        if burial.attempts and not self.dry_run:
            marked = pipeline.collection_marks.open(
                burial.table, burial.build_id, burial.attempts, burial.seen
            )
            self.done.spared += len(burial.attempts) - len(marked)
            if marked != set(burial.attempts):
                # Somebody needs it on a day: only the days that nobody needs.
                burial = dataclasses.replace(burial, days=tuple(sorted(marked)))
                if not marked:
                    return
        files = pipeline.garbage.files(build_prefix(burial.table, burial.build_id))
        dead = set(burial.keys(file.key for file in files))
        buried = [file for file in files if file.key in dead]
        if not self.dry_run:
            pipeline.garbage.delete([file.key for file in buried])
            attempts = {day: n for day, n in burial.attempts.items() if day in marked}
            pipeline.collection_marks.close(burial.table, burial.build_id, attempts)
        self.done.builds += 1
        self.done.days += len({file.key.split("/")[3] for file in buried})
        name = f"{burial.table} {burial.build_id}"
        if burial.days:
            name += f" ({len(burial.days)} of its days)"
        self.done.note("build", name, burial.reason, buried)

    def _build_tables(self, needed: set[str]) -> None:
        made = self.pipeline.catalog.build_tables()
        for name in dead_build_tables(made, needed, self.limits):
            if not self.dry_run:
                self.pipeline.catalog.drop_build_table(name)
            self.done.build_tables += 1
            self.done.note("table", f"build.{name}", "its build has ended", [])

    def _plans(self) -> None:
        """Plans of runs that ended long ago; a backfill's stays, for its retry and its rollback."""
        for run_id in self.pipeline.garbage.folders("plans/"):
            if self._out_of_time():
                return
            run = self.pipeline.ledger.run(run_id)
            if run is None or run.ended_at is None:
                continue
            if self.limits.is_past(dt.datetime.fromisoformat(run.ended_at)):
                files = self.pipeline.garbage.files(f"plans/{run_id}/")
                self._delete(files)
                self.done.plans += 1
                self.done.note("plan", run_id, f"its run ended {run.ended_at[:10]}", files)

    def _results(self) -> None:
        """Results of queries: they are read when the query ends, and by nobody days later."""
        if self._out_of_time():
            return
        old = [
            file
            for file in self.pipeline.garbage.files("results/")
            if self.limits.is_past(file.modified)
        ]
        if old:
            self._delete(old)
            self.done.results = len(old)
            self.done.note(
                "results", "results/", f"older than {self.limits.retention.days} days", old
            )

    def _delete(self, files: list[File]) -> None:
        if not self.dry_run:
            self.pipeline.garbage.delete([file.key for file in files])

    def _out_of_time(self) -> bool:
        self.done.cut_off = self.done.cut_off or self.seconds_left() < _RESERVE_SECONDS
        return self.done.cut_off


def _failed(
    pasts: Mapping[dt.date, Past], verdicts: Mapping[dt.date, Mapping[str, Verdict]]
) -> set[str]:
    """Builds that failed and may still be looked at through their temporary tables."""
    return {
        build.build_id
        for day, past in pasts.items()
        for build in past.builds
        if build.status == "failed" and verdicts[day][build.build_id].fate == "alive"
    }
