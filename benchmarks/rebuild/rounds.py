"""Each tool's rounds: a fresh folder for each, checked against DuckDB alone."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rebuild import dagster, dbt, sqlmesh
from benchmarks.rebuild.breakdown import Spent
from benchmarks.rebuild.compare import same
from benchmarks.rebuild.environments import REPOSITORY
from benchmarks.rebuild.measure import Taken, run
from benchmarks.rebuild.pipeline import Pipeline, pipeline
from benchmarks.rebuild.report import DAYS, RANGE, Line
from benchmarks.rebuild.workload import KPIS, Workload

if TYPE_CHECKING:
    import datetime as dt

TOOLS = ("duckdb", "dayfold", "dbt", "sqlmesh", "dagster")
WAYS = {"days": DAYS, "range": RANGE}
NAMES = {
    "duckdb": {"days": "day by day", "range": "one range"},
    "dbt": {"days": "microbatch", "range": "one range"},
    "sqlmesh": {"days": "1-day batches", "range": "default"},
    "dagster": {"days": "run per day", "range": "one run"},
}
Rebuild = Callable[[Workload, Path, Path, str], Taken]
REBUILDS: dict[str, Rebuild] = {
    "dbt": dbt.rebuild,
    "sqlmesh": sqlmesh.rebuild,
    "dagster": dagster.rebuild,
}
DATABASES = {"dbt": "main", "sqlmesh": "kpi"}  # the schema of the tool's tables in its file


@dataclasses.dataclass
class Rounds:
    """One workload, by every tool."""

    work: Workload
    events: Path
    folder: Path
    rounds: int
    concurrency: int
    rows: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)  # where the pipeline's time went

    def lines_of(self, tool: str) -> Iterator[Line]:
        """A tool's lines of the table."""
        if tool == "dayfold":
            yield from self._dayfold()
            return
        for by, way in WAYS.items():
            taken = [self._round(tool, by, number) for number in range(self.rounds)]
            yield Line(tool, NAMES[tool][by], way, taken, self.work.days * len(KPIS))

    def _round(self, tool: str, by: str, number: int) -> Taken:
        folder = self.folder / f"{tool}-{by}-{number}"
        folder.mkdir(parents=True)
        if tool == "duckdb":
            module = [sys.executable, "-m", "benchmarks.rebuild.duckdb_alone"]
            taken = run([*module, str(self.events), str(folder), by], folder=REPOSITORY)
        else:
            taken = REBUILDS[tool](self.work, self.events, folder, by)
        if number == 0:
            self._check(tool, folder)
        return taken

    def _expected(self) -> dict[str, str]:
        return {kpi.name: f"'{self.folder}/duckdb-days-0/{kpi.name}/*.parquet'" for kpi in KPIS}

    def _check(self, tool: str, folder: Path) -> None:
        if tool in DATABASES:
            found = {kpi.name: f"rebuild.{DATABASES[tool]}.{kpi.name}" for kpi in KPIS}
            database: Path | None = folder / "rebuild.duckdb"
        else:
            inner = folder / "out" if tool == "dagster" else folder
            found = {kpi.name: f"'{inner}/{kpi.name}/*.parquet'" for kpi in KPIS}
            database = None
        self.rows = same(tool, found, self._expected(), database)

    def _dayfold(self) -> Iterator[Line]:
        more: list[Taken] = []
        for how, way, options in (
            ("--days-per-job 1", DAYS, ("--days-per-job", "1")),
            ("wide jobs", RANGE, ()),
        ):
            rounds = [self._dayfold_round(options) for _ in range(self.rounds)]
            partitions = self.work.days * len(KPIS)
            for taken, spent, _ in rounds:
                line = spent.line(partitions, taken.cpu_seconds)
                self.notes.append(f"dayfold, {how}, {line}")
            yield Line("dayfold", how, way, [taken for taken, _, _ in rounds], partitions)
            more += [one for _, _, one in rounds]
        yield Line("dayfold", "one more day", None, more, len(KPIS))

    def _dayfold_round(self, options: Sequence[str]) -> tuple[Taken, Spent, Taken]:
        """The rebuild on a warm stack without a history, as others begin, and one more day."""
        first, last = self.work.all_days[0], self.work.all_days[-1]
        # Not where the last one was: a file system is slow to make files where many were removed.
        folder = Path(tempfile.mkdtemp(prefix="dayfold-", dir=self.folder))
        with pipeline(folder) as live:
            live.land("events", self.events)
            warm = ("--days-per-job", "1", "--concurrency", str(self.concurrency))
            live.rebuild("warm", first, min(self._warm_end(), last), *warm)
            before = Spent.by(live.info.pid)
            taken = live.rebuild("rebuild", first, last, *options)
            spent = Spent.by(live.info.pid) - before
            self._check_dayfold(live)
            return taken, spent, self._one_more_day(live)

    def _warm_end(self) -> dt.date:
        return self.work.all_days[min(2 * self.concurrency, self.work.days) - 1]

    def _one_more_day(self, live: Pipeline) -> Taken:
        more = Workload(self.work.days + 2, self.work.events)
        for day in more.all_days[-2:]:
            folder = self.folder / "more" / str(day)
            more.write(folder, [day])
            live.land("events", folder)
            taken = live.dayfold("run", "--day", str(day), "--wait")
        return taken

    def _check_dayfold(self, live: Pipeline) -> None:
        found = {kpi.name: live.relation(f"staging.{kpi.name}") for kpi in KPIS}
        self.rows = same("dayfold", found, self._expected())
