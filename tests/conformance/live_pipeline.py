"""The whole pipeline on either engine gives the same tables: `make test-trino` runs this file.

The extracts are the real ones where they are present, else generated ones. PIPELINE_DAYS says how
many days are built (30; 195 are all of the real ones).
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from dayfold_local import sample, stack
from dayfold_local.athena import engines
from tests.conformance.server import trino
from tests.integration.conftest import PROJECT, free_port
from tests.integration.shell import Shell
from tests.real_data import COLLEGE_MSG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.live import Live

FIRST = dt.date(2004, 4, 15)
DAYS = int(os.environ.get("PIPELINE_DAYS", "30"))
ZONE = "Asia/Tokyo"

Rows = dict[str, list[str]]


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dt.date]:
    """A folder of extracts and their first day."""
    folder = tmp_path_factory.mktemp("extracts")
    if not COLLEGE_MSG.is_dir():
        sample.write_sample(folder, FIRST + dt.timedelta(days=DAYS), DAYS + 1)
        return folder, FIRST
    last = FIRST + dt.timedelta(days=DAYS)  # the last minutes of a day are answered on the next
    for source in COLLEGE_MSG.glob("*/dt=*"):
        if source.name.removeprefix("dt=") <= last.isoformat():
            shutil.copytree(source, folder / source.relative_to(COLLEGE_MSG))
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
        rows[table] = everything(shell.live, table)
    return rows


def everything(live: Live, table: str) -> list[str]:
    """The rows of a table, as lines of the result file: NULL is nothing there, a text is quoted."""
    athena = live.client("athena")
    query_id = athena.start_query_execution(
        QueryString=f"SELECT * FROM {table}", WorkGroup=live.outputs["Workgroup"]
    )["QueryExecutionId"]
    state = "QUEUED"
    while state in {"QUEUED", "RUNNING"}:
        time.sleep(0.05)
        execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        state = execution["Status"]["State"]
    assert state == "SUCCEEDED", execution["Status"]
    bucket, _, key = execution["ResultConfiguration"]["OutputLocation"][5:].partition("/")
    body = live.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    header, *lines = body.splitlines()
    return [header, *sorted(lines)]


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
    counts = {table: len(lines) - 1 for table, lines in wanted.items()}
    print(f"{DAYS} days of {len(counts)} tables, {sum(counts.values())} rows: {counts}")
    assert all(counts.values())
    assert {table for table in wanted if wanted[table] != found[table]} == set()
