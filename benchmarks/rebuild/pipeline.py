"""The pipeline's rebuild: a local stack of its own, warm, and `dayfold backfill start --wait`."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rebuild.measure import Taken, run
from benchmarks.rebuild.project import write_project
from dayfold_local import stack

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

DAYFOLD = [sys.executable, "-m", "dayfold_cli.main"]


@dataclasses.dataclass(slots=True)
class Pipeline:
    """A local stack that runs, and the commands a person would give."""

    project: Path
    state: Path
    info: stack.StackInfo

    def dayfold(self, *arguments: str) -> Taken:
        """Run a command as a process of its own, the server's work counted with it."""
        where = ["--state", str(self.state), "--project", str(self.project)]
        return run(
            [*DAYFOLD, *arguments, *where],
            folder=self.project,
            environment={"AWS_EC2_METADATA_DISABLED": "true"},
            beside=self.info.pid,
        )

    def land(self, table: str, folder: Path) -> None:
        """Put extracts into the stack, and let the crawler find them; no run is started."""
        self.dayfold("land", table, str(folder))
        glue = self.info.session().client("glue")
        self._daily_run(enabled=False)
        self.dayfold("crawl", "--wait")
        assert glue.get_table(DatabaseName="raw", Name=table)

    def _daily_run(self, *, enabled: bool) -> None:
        """The crawler's success starts a run, which would work beside what is measured."""
        events = self.info.session().client("events")
        for rule in events.list_rules()["Rules"]:
            (events.enable_rule if enabled else events.disable_rule)(Name=rule["Name"])

    def rebuild(
        self, name: str, first: dt.date, last: dt.date, *options: str, tables: Sequence[str] = ()
    ) -> Taken:
        """Build all tables, or some, of a range of days anew."""
        chosen = [word for table in tables for word in ("--table", table)]
        span = ["--from", str(first), "--to", str(last), "--policy", "all"]
        return self.dayfold("backfill", "start", *span, *chosen, "--name", name, "--wait", *options)

    def locations(self, table: str) -> dict[str, str]:
        """Where each day of a published table is, as a folder on this machine."""
        glue = self.info.session().client("glue")
        database, _, name = table.partition(".")
        pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
        root = self.state / "s3" / "000000000000"
        return {
            one["Values"][0]: f"{root}/{one['StorageDescriptor']['Location'].removeprefix('s3://')}"
            for page in pages
            for one in page["Partitions"]
        }

    def relation(self, table: str) -> str:
        """A published table as a relation in DuckDB's SQL, every day where it points."""
        files = [
            (day, str(file))
            for day, folder in self.locations(table).items()
            for file in Path(folder).iterdir()
            if not file.name.endswith(".meta.json")
        ]
        listed = ", ".join(f"'{file}'" for _, file in files)
        days = ", ".join(f"('{file}', '{day}')" for day, file in files)
        return (
            f"(SELECT data.*, days.dt FROM read_parquet([{listed}], filename=true) AS data "
            f"JOIN (VALUES {days}) AS days(file, dt) ON data.filename = days.file)"
        )


@contextlib.contextmanager
def pipeline(
    folder: Path,
    *,
    time_zone: str = "UTC",
    project: Path | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Iterator[Pipeline]:
    """A stack in a folder, with the workload's project unless another is given.

    It goes down with the benchmark, also when that is told to end.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    project = project or write_project(folder / "project")
    state = folder / "state"
    settings: dict[str, Any] = {"BusinessTimeZone": time_zone, **(parameters or {})}
    info = stack.up(state, _free_port(), settings, project)
    try:
        yield Pipeline(project, state, info)
    finally:
        stack.down(state)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
