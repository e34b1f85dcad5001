"""The composition root: everything a function needs, put together once per process."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dayfold.adapters.athena import Athena
from dayfold.adapters.aws import client
from dayfold.adapters.backfills import Backfills
from dayfold.adapters.build_files import BuildFiles
from dayfold.adapters.catalog import Catalog
from dayfold.adapters.collection_marks import CollectionMarks
from dayfold.adapters.crawler import Crawler
from dayfold.adapters.executions import Executions
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
from dayfold.settings import Settings, load_settings

if TYPE_CHECKING:
    from dayfold.domain.query_file import Tables


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Pipeline:
    """The outside world as the pipeline sees it; tests put fakes in the place of any part."""

    settings: Settings
    queries: QueryFiles
    ledger: Ledger
    extracts: Extracts
    athena: Athena
    catalog: Catalog
    plans: PlanStore
    executions: Executions
    backfills: Backfills
    queue: Queue
    crawler: Crawler
    sweeps: Sweeps
    raw_schemas: RawSchemas
    build_files: BuildFiles
    whole_days: WholeDays
    publications: OpsTable
    check_results: OpsTable
    garbage: Garbage
    collection_marks: CollectionMarks
    now: Callable[[], dt.datetime] = _now
    sleep: Callable[[float], None] = time.sleep

    def tables(self) -> Tables:
        """All tables, upstream first, read again when a query file has changed."""
        return self.queries.load()


@functools.cache
def connect() -> Pipeline:
    """The pipeline of this process, on AWS or on the local stack."""
    settings = load_settings()
    return Pipeline(
        settings=settings,
        queries=QueryFiles(Path(settings.queries_dir)),
        ledger=Ledger(client("dynamodb"), settings.ledger_table),
        extracts=Extracts(client("s3"), client("glue"), settings.bucket),
        athena=Athena(client("athena"), settings.workgroup),
        catalog=Catalog(client("glue"), settings.bucket),
        plans=PlanStore(client("s3"), settings.bucket),
        executions=Executions(client("stepfunctions"), settings.state_machine_arn),
        backfills=Backfills(client("dynamodb"), settings.ledger_table),
        queue=Queue(client("sqs"), settings.queue_url, settings.dead_letters_url),
        crawler=Crawler(client("glue"), settings.crawler),
        sweeps=Sweeps(client("dynamodb"), settings.ledger_table),
        raw_schemas=RawSchemas(client("dynamodb"), settings.ledger_table),
        build_files=BuildFiles(client("s3"), settings.bucket),
        whole_days=WholeDays(client("glue"), client("s3"), settings.bucket),
        publications=OpsTable(client("s3"), client("glue"), settings.bucket, PUBLICATIONS),
        check_results=OpsTable(client("s3"), client("glue"), settings.bucket, CHECK_RESULTS),
        garbage=Garbage(client("s3"), settings.bucket),
        collection_marks=CollectionMarks(client("dynamodb"), settings.ledger_table),
    )
