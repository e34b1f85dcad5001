"""The world of a schedule: the real pipeline on fakes of AWS, on one clock, from one seed."""

from __future__ import annotations

import dataclasses
import functools
import random
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

from dayfold import pipeline as pipeline_module
from dayfold.adapters.athena import Athena
from dayfold.adapters.executions import Executions
from dayfold.pipeline import Pipeline
from dayfold.settings import Settings, read_settings
from tests.faults.schedules.athena import FakeAthena
from tests.faults.schedules.dynamodb import FakeDynamoDB
from tests.faults.schedules.executions import FakeStepFunctions
from tests.faults.schedules.glue import FakeGlue
from tests.faults.schedules.lambdas import Lambdas
from tests.faults.schedules.machine import Machine
from tests.faults.schedules.objects import FakeS3
from tests.faults.schedules.queue import DEAD_LETTERS, QUEUE, FakeSQS
from tests.faults.schedules.reader import Reader
from tests.faults.schedules.scheduler import Scheduler
from tests.faults.schedules.tables import START, TIME_ZONE, Queries
from tests.faults.schedules.wire import Client, Faults, Wire
from tests.faults.schedules.workers import Workers
from tests.infrastructure.project import template

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold.adapters.query_files import QueryFiles

BUCKET, LEDGER = "lake", "ledger"
DATABASES = ("raw", "staging", "kpi", "build", "ops")
TABLES = (("raw", "events"), ("ops", "check_results"), ("ops", "publications"))  # the template's
KEPT_BUILDS = (1, 3)  # in turn: with the least, rollbacks want what a collection calls dead
PAGE = 7  # so that whatever is listed comes in pages


@dataclasses.dataclass
class World:
    """Everything there is, and the levers that a schedule pulls."""

    rng: random.Random
    scheduler: Scheduler
    dynamodb: FakeDynamoDB
    s3: FakeS3
    glue: FakeGlue
    sqs: FakeSQS
    athena: FakeAthena
    executions: FakeStepFunctions
    queries: Queries
    reader: Reader
    wire: Wire
    pipeline: Pipeline
    lambdas: Lambdas
    machine: Machine
    workers: Workers

    def land(
        self, day: str, name: str = "part-0", text: str = "{}", *, crawled: bool = True
    ) -> None:
        """Put a file into a raw day."""
        self.s3.put_object(Key=f"raw/events/dt={day}/{name}.json", Body=text)
        if crawled:
            self._show(day)

    def crawl(self) -> None:
        """Show every raw day in the catalog."""
        for key in self.s3.under("raw/events/dt="):
            self._show(key.split("/")[2].removeprefix("dt="))

    def _show(self, day: str) -> None:
        if day not in self.glue.partitions["raw", "events"]:
            location = f"s3://{BUCKET}/raw/events/dt={day}/"
            self.glue.create_partition(
                DatabaseName="raw",
                TableName="events",
                PartitionInput={"Values": [day], "StorageDescriptor": {"Location": location}},
            )

    def start_run(self, name: str, event: dict[str, Any]) -> None:
        """Start an execution as an actor of its own."""
        self.executions.start_execution(name=name, input="{}" if not event else _json(event))

    def ask(self, function: str, call: Callable[[], Any]) -> Any:
        """Invoke a function as a person does, who waits for the answer."""
        return self.lambdas.invoke(function, function, lambda _deadline: call())


def make_world(seed: int, page: int = PAGE) -> World:
    """A world with its tables' databases, and nothing in them."""
    rng = random.Random(seed)
    random.seed(seed)  # what the pipeline draws, its jitter, repeats too
    scheduler = Scheduler(random.Random(rng.random()), START)
    s3 = FakeS3(scheduler.now, page)
    glue = make_catalog(scheduler)
    queries = Queries()
    athena = FakeAthena(
        random.Random(rng.random()), scheduler.clock, s3, glue, queries.load, TIME_ZONE
    )
    reader = Reader(glue, s3, athena, scheduler.clock)
    dynamodb = FakeDynamoDB(scheduler.clock, page)
    sqs = make_queue(scheduler)

    def after_each() -> None:
        athena.tick()
        reader.look()

    faults = Faults(random.Random(rng.random()))
    wire = Wire(scheduler, random.Random(rng.random()), faults, after_each)
    executions = FakeStepFunctions(
        lambda name, event: _begin(scheduler, machine, name, event),  # made below
        scheduler.now,
    )
    names = ("athena", "dynamodb", "glue", "s3", "sqs", "stepfunctions")
    fakes = dict(zip(names, (athena, dynamodb, glue, s3, sqs, executions), strict=True))
    pipeline = make_pipeline(
        lambda service: Client(wire, service, fakes[service]), queries, scheduler, seed
    )
    lambdas = Lambdas(scheduler)
    machine = Machine(pipeline, scheduler, lambdas, executions, rng)
    workers = Workers(pipeline, scheduler, lambdas, sqs, rng)
    # fmt: off
    world = World(
        rng, scheduler, dynamodb, s3, glue, sqs, athena, executions,
        queries, reader, wire, pipeline, lambdas, machine, workers,
    )
    # fmt: on
    glue.crawl = world.crawl
    return world


def make_pipeline(
    client: Callable[[str], Any], queries: Queries, scheduler: Scheduler, seed: int
) -> Pipeline:
    """The pipeline as it puts itself together, on other clients and with the schedule's time."""
    settings = functools.partial(make_settings, kept_builds=KEPT_BUILDS[seed % len(KEPT_BUILDS)])
    with (
        mock.patch.object(pipeline_module, "client", client),
        mock.patch.object(pipeline_module, "load_settings", settings),
    ):
        connected = pipeline_module.connect.__wrapped__()
    athena = Athena(
        client("athena"),
        connected.settings.workgroup,
        sleep=scheduler.sleep,
        clock=scheduler.clock,
    )
    arn = connected.settings.state_machine_arn
    return dataclasses.replace(
        connected,
        athena=athena,
        executions=Executions(client("stepfunctions"), arn, scheduler.now),
        queries=cast("QueryFiles", queries),
        now=scheduler.now,
        sleep=scheduler.sleep,
    )


def make_catalog(scheduler: Scheduler) -> FakeGlue:
    """The catalog with the template's tables, all of them empty."""
    glue = FakeGlue(DATABASES, scheduler.now)
    for database, table in TABLES:
        described = {"Name": table, "StorageDescriptor": {"Columns": []}}
        glue.create_table(DatabaseName=database, TableInput=described)
    return glue


def make_settings(kept_builds: int) -> Settings:
    """The template's settings, with the places of this world."""
    known = template()
    variables = known["Globals"]["Function"]["Environment"]["Variables"]
    # What the template does not say is found out at the deployment.
    environment = {f"DAYFOLD_{one.name.upper()}": "1" for one in dataclasses.fields(Settings)}
    for name, value in variables.items():
        given = value
        if isinstance(value, dict):
            given = known["Parameters"].get(value.get("Ref"), {}).get("Default", "-")
        environment[name] = str(given) or "-"
    environment |= {
        "DAYFOLD_BUCKET": BUCKET,
        "DAYFOLD_LEDGER_TABLE": LEDGER,
        "DAYFOLD_TIME_ZONE": TIME_ZONE,
        "DAYFOLD_QUEUE_URL": QUEUE,
        "DAYFOLD_DEAD_LETTERS_URL": DEAD_LETTERS,
        "DAYFOLD_RECENT_DAYS": "2",
        "DAYFOLD_SWEEP_DAYS": "4",
        "DAYFOLD_KEPT_BUILDS": str(kept_builds),
    }
    return read_settings(environment)


def make_queue(scheduler: Scheduler) -> FakeSQS:
    """The backfill's queue with the template's numbers."""
    queue = template()["Resources"]["BackfillQueue"]["Properties"]
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    return FakeSQS(scheduler.clock, float(queue["VisibilityTimeout"]), int(receives))


def _begin(scheduler: Scheduler, machine: Machine, name: str, event: dict[str, Any]) -> None:
    scheduler.spawn(name, functools.partial(machine.execute, name, event))


def _json(event: dict[str, Any]) -> str:
    import json

    return json.dumps(event, sort_keys=True)
