"""What judging costs: a year of days of twenty tables, and how many calls find what is stale."""

from __future__ import annotations

import collections
import datetime as dt
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import heading, show
from dayfold.domain.days import day_range
from dayfold_local import stack
from tests.integration.conftest import PROJECT, free_port
from tests.integration.live import Live

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from dayfold.domain.partition import PartitionState
    from dayfold.domain.planning import Facts
    from dayfold.pipeline import Pipeline

States = dict[str, dict[dt.date, "PartitionState"]]
TABLES = 20
ROUNDS = 5
BUDGET_SECONDS = 5.0
YEAR = list(day_range(dt.date(2025, 1, 1), dt.date(2025, 12, 31)))
MARGIN = dt.timedelta(days=40)  # what the longest trailing window reads before the year
LATE = "raw/events/dt=2025-06-15/late.json.gz"
SERVICES = ("s3", "glue", "dynamodb")
ITEMS, PARTITIONS = 25, 100  # that one BatchWriteItem and one BatchCreatePartition take


def main() -> None:
    """Fill a ledger with a year of published partitions, and plan over it, again and again."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        live = Live.of(stack.up(state, free_port(), {}, PROJECT))
        try:
            _measure(live, Path(folder) / "queries")
        finally:
            stack.down(state)


def _measure(live: Live, queries: Path) -> None:
    pipeline = _connect(live, _twenty(queries))
    _land(live)
    _publish(live, pipeline)
    calls = _count_calls()
    heading(f"Staleness: {len(YEAR)} days of {TABLES} tables, planned by plan_run on a local stack")
    before, wall, cpu = _plan(pipeline, calls)
    live.put_bytes(LATE, b"late")
    after, late_wall, _ = _plan(pipeline, calls)
    show(f"judge {before['up_to_date']:,} partitions, all up to date", wall, BUDGET_SECONDS)
    show("... of it this process's own work (CPU)", cpu)
    show("the same after a file of one day is late", late_wall, BUDGET_SECONDS)
    stale = sum(len(job["reasons"]) for wave in after["waves"] for job in wave["jobs"])
    print(f"stale by the late file: {stale} partitions; up to date: {after['up_to_date']:,}")
    print("calls of one plan: " + ", ".join(f"{n} {name}" for name, n in sorted(calls.items())))


def _plan(
    pipeline: Pipeline, calls: collections.Counter[str]
) -> tuple[dict[str, Any], list[float], list[float]]:
    from dayfold.planner import plan_run

    request = {"first": str(YEAR[0]), "last": str(YEAR[-1]), "dry_run": True}
    wall, cpu, plan = [], [], {}
    for _ in range(ROUNDS):
        calls.clear()
        began, worked = time.perf_counter(), time.process_time()
        plan = plan_run(pipeline, run_id="bench", execution_arn="", event={"request": request})
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - worked)
    return plan, wall, cpu


def _twenty(folder: Path) -> Path:
    """The queries that ship, and KPIs among them again under other names until there are 20."""
    shutil.copytree(PROJECT / "queries", folder)
    kpis = sorted((folder / "kpi").glob("*.sql"))
    missing = TABLES - len(list(folder.glob("*/*.sql")))
    for number in range(missing):
        source = kpis[number % len(kpis)]
        shutil.copy(source, source.with_name(f"{source.stem}_again_{number}.sql"))
    return folder


def _connect(live: Live, queries: Path) -> Pipeline:
    """The pipeline of this process, with the settings of the deployed function."""
    from dayfold.pipeline import connect

    deployed = live.client("lambda").get_function_configuration(
        FunctionName=live.outputs["PlanRunFunction"]
    )
    credentials = live.info.session().get_credentials()
    os.environ |= deployed["Environment"]["Variables"]
    os.environ |= {
        "DAYFOLD_QUERIES_DIR": str(queries),
        "AWS_ENDPOINT_URL": live.info.endpoint_url,
        "AWS_DEFAULT_REGION": live.info.region,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
    }
    return connect()


def _land(live: Live) -> None:
    """A small file a day of both extracts, and a catalog that shows them."""
    glue = live.client("glue")
    for name in ("events", "users"):
        keys = [{"Name": "dt", "Type": "string"}]
        storage: dict[str, Any] = {"Columns": []}
        table = {"Name": name, "PartitionKeys": keys, "StorageDescriptor": storage}
        glue.create_table(DatabaseName="raw", TableInput=table)
        days = list(day_range(YEAR[0] - MARGIN, YEAR[-1] + MARGIN))
        for day in days:
            live.put_bytes(f"raw/{name}/dt={day}/part.json.gz", b"a day's extract, unread here")
        for start in range(0, len(days), PARTITIONS):
            glue.batch_create_partition(
                DatabaseName="raw",
                TableName=name,
                PartitionInputList=[
                    {"Values": [str(day)], "StorageDescriptor": storage}
                    for day in days[start : start + PARTITIONS]
                ],
            )


def _publish(live: Live, pipeline: Pipeline) -> None:
    """A ledger in which every partition was built from what there is."""
    from dayfold.adapters.items import record_item, to_values
    from dayfold.domain.requests import RunRequest
    from dayfold.planner import gather

    facts = gather(pipeline, RunRequest(trigger="benchmark"), tuple(YEAR))
    ledger: States = {}
    items = []
    for name, days in _needed(facts).items():
        ledger[name] = {day: _state(facts, ledger, name, day) for day in days}
        for day, state in ledger[name].items():
            keys = {"pk": f"TABLE#{name}", "sk": f"DAY#{day}"}
            items.append({"PutRequest": {"Item": to_values({**keys, **record_item(state)})}})
    dynamodb = live.client("dynamodb")
    for start in range(0, len(items), ITEMS):
        batch = {live.outputs["LedgerTable"]: items[start : start + ITEMS]}
        dynamodb.batch_write_item(RequestItems=batch)


def _needed(facts: Facts) -> dict[str, list[dt.date]]:
    from dayfold.domain.planning import needed_days

    needed = needed_days(facts.tables, list(facts.tables), YEAR, facts.tz)
    return {name: sorted(needed[name]) for name in facts.tables}


def _state(facts: Facts, ledger: States, name: str, day: dt.date) -> PartitionState:
    import dataclasses

    from dayfold.domain.fingerprints import window_digest
    from dayfold.domain.partition import PartitionState
    from dayfold.domain.planning import input_fingerprints
    from dayfold.domain.statements import executed_hash

    built, known = f"{day}-a1-0123456789", dataclasses.replace(facts, ledger=ledger)
    table = facts.tables[name]
    return PartitionState(
        status="published",
        attempt=1,
        run_id="benchmark",
        build_id=built,
        published_build_id=built,
        published_at=f"{day}T16:00:00.000+00:00",
        location=f"s3://bucket/builds/{name}/{built}/dt={day}/",
        sql_hash=executed_hash(table, facts.tz),
        inputs={
            one.table: window_digest(input_fingerprints(known, one, day)) for one in table.inputs
        },
        rows=1_000,
        bytes_scanned=1_000_000,
        seconds=2.0,
        cost_usd=0.0001,
    )


def _count_calls() -> collections.Counter[str]:
    """Counts the calls of this process to AWS from here on, by service and operation."""
    from dayfold.adapters.aws import client

    calls: collections.Counter[str] = collections.Counter()

    def count(model: OperationModel, **_: object) -> None:
        calls[f"{model.service_model.service_name}:{model.name}"] += 1

    for service in SERVICES:
        client(service).meta.events.register("before-call", count)
    return calls


if __name__ == "__main__":
    main()
