"""The whole pipeline on either engine gives the same tables: `make test-trino` runs this file.

The extracts are the real ones where they are present, else generated ones. PIPELINE_DAYS says how
many days are built (30; 195 are all of the real ones).
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from dayfold_local import sample, stack
from dayfold_local.athena import engines
from tests.conformance.server import trino
from tests.integration.conftest import PROJECT, free_port
from tests.integration.shell import Shell

if TYPE_CHECKING:
    from pathlib import Path

REAL = PROJECT.parent / "shared" / "data" / "college_msg"
FIRST = dt.date(2004, 4, 15)
DAYS = int(os.environ.get("PIPELINE_DAYS", "30"))
ZONE = "Asia/Tokyo"

Rows = dict[str, list[dict[str, str | None]]]


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dt.date]:
    """A folder of extracts and their first day."""
    folder = tmp_path_factory.mktemp("extracts")
    if not REAL.is_dir():
        sample.write_sample(folder, FIRST + dt.timedelta(days=DAYS), DAYS + 1)
        return folder, FIRST
    last = FIRST + dt.timedelta(days=DAYS)  # the last minutes of a day are answered on the next
    for source in REAL.glob("*/dt=*"):
        if source.name.removeprefix("dt=") <= last.isoformat():
            shutil.copytree(source, folder / source.relative_to(REAL))
    return folder, FIRST


def built(shell: Shell, extracts: tuple[Path, dt.date], port: int) -> Rows:
    """One day by the daily run, the others by a backfill; every row of every table then."""
    folder, first = extracts
    last = first + dt.timedelta(days=DAYS - 1)
    shell.done("up", "--time-zone", ZONE, "--port", port)
    shell.live.deliver_events(enabled=False)
    for table in ("events", "users"):
        shell.done("land", table, folder / table)
    shell.done("crawl", "--wait")
    shell.done("run", "--day", last, "--wait")
    shell.done("backfill", "start", "--from", first, "--to", last, "--name", "all", "--wait")
    rows: Rows = {}
    for path in sorted((PROJECT / "queries").glob("*/*.sql")):
        table = f"{path.parent.name}.{path.stem}"
        found = shell.live.query(f"SELECT * FROM {table}")
        rows[table] = sorted(found, key=str)
    return rows


def test_the_pipeline_gives_the_same_tables_on_either_engine(
    tmp_path: Path, extracts: tuple[Path, dt.date], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the tables that the pipeline builds on DuckDB
    shell = Shell(PROJECT, tmp_path / "duckdb")
    try:
        wanted = built(shell, extracts, free_port())
    finally:
        stack.down(shell.state)

    # When it builds them on a Trino server that reads and writes the same stack
    shell, port = Shell(PROJECT, tmp_path / "trino"), free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with trino.running(tmp_path / "server", free_port(), endpoint, "000000000000", "local") as url:
        for name, value in engines.settings("trino", url).items():
            monkeypatch.setenv(name, value)
        try:
            found = built(shell, extracts, port)
        finally:
            stack.down(shell.state)

    # Then every row is the same
    assert sum(map(len, wanted.values())) > 0
    assert {table for table in wanted if wanted[table] != found[table]} == set()
