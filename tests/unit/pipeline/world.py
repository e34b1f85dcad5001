"""A small world for the pipeline: AWS by moto, Athena in memory, a clock that the test holds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3

from dayfold.adapters.backfills import Backfills
from dayfold.adapters.build_files import BuildFiles
from dayfold.adapters.catalog import Catalog
from dayfold.adapters.collection_marks import CollectionMarks
from dayfold.adapters.crawler import Crawler
from dayfold.adapters.extracts import Extracts
from dayfold.adapters.garbage import Garbage
from dayfold.adapters.ledger import Ledger
from dayfold.adapters.ops_table import CHECK_RESULTS, PUBLICATIONS, OpsTable
from dayfold.adapters.plans import PlanStore
from dayfold.adapters.query_files import QueryFiles
from dayfold.adapters.queue import Queue
from dayfold.adapters.raw_schemas import RawSchemas
from dayfold.adapters.sweeps import Sweeps
from dayfold.adapters.whole_days import WholeDays
from dayfold.domain.days import day_range
from dayfold.finishing import finish_build
from dayfold.pipeline import Pipeline
from dayfold.planner import plan_run
from dayfold.runs import end_run
from dayfold.settings import Settings
from dayfold.starting import Build, start_build
from dayfold.waves import plan_wave
from tests import fast_moto
from tests.unit.pipeline.fake_athena import FakeAthena

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold.adapters.athena import Athena
    from dayfold.adapters.executions import Executions

fast_moto.patch()

BUCKET = "extracts"
LEDGER = "ledger"
CRAWLER = "raw"
REGION = "us-east-1"
MAY = [str(day) for day in day_range(dt.date(2004, 5, 1), dt.date(2004, 5, 31))]

POSTS = """-- Posts.
--
-- owner: tests
-- grain: dt, user_id
-- inputs:
--   raw.events: business-day
-- checks:
--   not_null: [user_id]
SELECT
    CAST(user_id AS varchar) AS user_id, -- who
    dt
FROM raw.events
WHERE dt BETWEEN :files_from AND :files_to
"""
WEEKLY = """-- Weekly users.
--
-- owner: tests
-- grain: dt
-- inputs:
--   staging.posts: [-6, 0]
-- checks:
--   not_null: [users]
SELECT
    CAST(count(*) AS bigint) AS users, -- how many
    dt
FROM staging.posts
WHERE dt BETWEEN CAST(date_add('day', -6, DATE :from) AS varchar) AND :to
GROUP BY dt
"""


@functools.cache
def client(service: str) -> Any:
    """A client for all tests: making one costs more than a whole run."""
    return boto3.client(service, REGION)  # type: ignore[call-overload]


class FakeExecutions:
    """Knows which executions are running."""

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.started: dict[str, dict[str, Any]] = {}  # events by name, as somebody started them

    def is_running(self, execution_arn: str) -> bool:
        return execution_arn in self.running

    def start(self, name: str, event: Mapping[str, object]) -> bool:
        new = name not in self.started
        self.started.setdefault(name, dict(event))
        return new


@dataclasses.dataclass
class World:
    """The pipeline and the levers a test pulls."""

    pipeline: Pipeline
    athena: FakeAthena
    executions: FakeExecutions
    queries: Path
    clock: list[dt.datetime]

    def land(self, *days: str, table: str = "events", text: str = "{}") -> None:
        """Put a file into the raw folder of each day, crawled."""
        s3, glue = client("s3"), client("glue")
        where = {"DatabaseName": "raw", "TableName": table}
        for day in days:
            key = f"raw/{table}/dt={day}/part-0.json"
            s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
        asked = [{"Values": [day]} for day in days]
        known = glue.batch_get_partition(**where, PartitionsToGet=asked)["Partitions"]
        there = {one["Values"][0] for one in known}
        new = [
            {"Values": [day], "StorageDescriptor": {"Columns": []}}
            for day in days
            if day not in there
        ]
        if new:
            glue.batch_create_partition(**where, PartitionInputList=new)

    def location(self, table: str, day: str) -> str | None:
        """Where the catalog points for a day of a published table."""
        database, _, name = table.partition(".")
        glue = client("glue")
        try:
            answer = glue.get_partition(
                DatabaseName=database, TableName=name, PartitionValues=[day]
            )
        except glue.exceptions.EntityNotFoundException:
            return None
        return str(answer["Partition"]["StorageDescriptor"]["Location"])

    def plan(self, run_id: str, **request: Any) -> dict[str, Any]:
        """Plan a run and count it as running."""
        self.executions.running.add(run_id)
        return plan_run(
            self.pipeline, run_id=run_id, execution_arn=run_id, event={"request": request}
        )

    def run(self, run_id: str, **request: Any) -> dict[str, Any]:
        """Plan a run and drive it to its end."""
        self.plan(run_id, **request)
        return self.drive(run_id)

    def drive(self, run_id: str) -> dict[str, Any]:
        """Do what the state machine does, one job after the other."""
        wave = plan_wave(self.pipeline, run_id=run_id, wave=1)
        while not wave["done"]:
            for job in wave["jobs"]:
                self.build(run_id, wave["name"], job["index"])
            wave = plan_wave(self.pipeline, run_id=run_id, wave=wave["wave"])
        ended = end_run(self.pipeline, run_id=run_id, error=None)
        self.executions.running.discard(run_id)
        return ended

    def build(self, run_id: str, name: str, index: int) -> dict[str, Any]:
        """Start and finish one job, starting again where Athena asks for it."""
        started = start_build(self.pipeline, run_id=run_id, name=name, index=index)
        if started["status"] != "building":
            return started
        ended = finish_build(self.pipeline, build=Build(**started["build"]))
        return self.build(run_id, name, index) if ended["status"] == "retry" else ended


def make_world(folder: Path) -> World:
    """A world with the tables staging.posts and kpi.weekly, and no extracts."""
    _make_aws()
    for database, name, text in (("staging", "posts", POSTS), ("kpi", "weekly", WEEKLY)):
        (folder / database).mkdir(parents=True)
        (folder / database / f"{name}.sql").write_text(text)
    settings = _settings(folder)
    athena, executions = FakeAthena(), FakeExecutions()
    clock = [dt.datetime(2004, 6, 10, 12, tzinfo=dt.UTC)]
    pipeline = _pipeline(settings, athena, executions, clock)
    return World(pipeline, athena, executions, folder, clock)


def _settings(folder: Path) -> Settings:
    return Settings(
        bucket=BUCKET,
        ledger_table=LEDGER,
        workgroup="dayfold",
        time_zone="Asia/Tokyo",
        queries_dir=str(folder),
        input_grace_days=2,
        recent_days=7,
        build_concurrency=4,
        backfill_concurrency=20,
        lease_seconds=300,
        retention_days=7,
        kept_builds=3,
        queue_url=client("sqs").create_queue(QueueName="jobs")["QueueUrl"],
        dead_letters_url=client("sqs").create_queue(QueueName="dead")["QueueUrl"],
        sweep_days=45,
        state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:daily-run",
        crawler=CRAWLER,
    )


def _pipeline(
    settings: Settings,
    athena: FakeAthena,
    executions: FakeExecutions,
    clock: list[dt.datetime],
) -> Pipeline:
    s3, glue = client("s3"), client("glue")
    return Pipeline(
        settings=settings,
        queries=QueryFiles(Path(settings.queries_dir)),
        ledger=Ledger(client("dynamodb"), LEDGER),
        extracts=Extracts(s3, glue, BUCKET),
        athena=cast("Athena", athena),
        catalog=Catalog(glue, BUCKET),
        plans=PlanStore(s3, BUCKET),
        executions=cast("Executions", executions),
        backfills=Backfills(client("dynamodb"), LEDGER),
        queue=Queue(client("sqs"), settings.queue_url, settings.dead_letters_url),
        crawler=Crawler(glue, CRAWLER),
        sweeps=Sweeps(client("dynamodb"), LEDGER),
        raw_schemas=RawSchemas(client("dynamodb"), LEDGER),
        build_files=BuildFiles(s3, BUCKET),
        whole_days=WholeDays(glue, s3, BUCKET),
        publications=OpsTable(s3, glue, BUCKET, PUBLICATIONS),
        check_results=OpsTable(s3, glue, BUCKET, CHECK_RESULTS),
        garbage=Garbage(s3, BUCKET),
        collection_marks=CollectionMarks(client("dynamodb"), LEDGER),
        now=lambda: clock[0],
        sleep=lambda _seconds: None,
    )


def _make_aws() -> None:
    client("s3").create_bucket(Bucket=BUCKET)
    glue = client("glue")
    for database in ("raw", "staging", "kpi", "build", "ops"):
        glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(
        DatabaseName="raw",
        TableInput={
            "Name": "events",
            "StorageDescriptor": {"Columns": []},
            "PartitionKeys": [{"Name": "dt", "Type": "string"}],
        },
    )
    glue.create_crawler(
        Name=CRAWLER,
        Role="crawler",
        DatabaseName="raw",
        Targets={"S3Targets": [{"Path": f"s3://{BUCKET}/raw/"}]},
    )
    glue.create_table(
        DatabaseName="ops",
        TableInput={
            "Name": "check_results",
            "StorageDescriptor": {"Columns": []},
            "PartitionKeys": [{"Name": "checked_on", "Type": "string"}],
        },
    )
    _make_ledger()


def _make_ledger() -> None:
    client("dynamodb").create_table(
        TableName=LEDGER,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("pk", "sk", "gsi1pk", "gsi1sk")
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "runs",
                "KeySchema": [
                    {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                    {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
