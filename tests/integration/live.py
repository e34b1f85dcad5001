"""A live stack in a test's hands: land, crawl, run, query, as a user would, by AWS's own calls."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import gzip
import json
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dayfold.adapters.ledger import Ledger
from dayfold_local.stack import StackInfo
from tests.integration.conftest import outputs_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 180


@dataclasses.dataclass(frozen=True)
class Live:
    """A deployed stack and its clients."""

    info: StackInfo
    outputs: Mapping[str, str]

    @classmethod
    def of(cls, info: StackInfo) -> Live:
        """The deployed application of a running local stack."""
        return cls(info, outputs_of(info))

    def client(self, service: str) -> Any:
        """A client with root's rights."""
        return _client(self.info, service)

    @property
    def ledger(self) -> Ledger:
        """The stack's ledger."""
        return Ledger(self.client("dynamodb"), self.outputs["LedgerTable"])

    def put(self, table: str, day: str, rows: Iterable[Mapping[str, Any]], name: str = "a") -> None:
        """Put rows into a day of an extract, as gzipped JSON lines."""
        body = gzip.compress("".join(f"{json.dumps(row)}\n" for row in rows).encode())
        self.put_bytes(f"raw/{table}/dt={day}/{name}.json.gz", body)

    def put_bytes(self, key: str, body: bytes) -> None:
        """Put any object into the bucket."""
        self.client("s3").put_object(Bucket=self.outputs["Bucket"], Key=key, Body=body)

    def land(self, folder: Path) -> None:
        """Put a folder of extracts, `<table>/dt=DAY/<file>`, into raw/."""
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        s3, bucket = self.client("s3"), self.outputs["Bucket"]

        def put(path: Path) -> None:
            key = f"raw/{path.relative_to(folder).as_posix()}"
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(put, files))

    def crawl(self) -> dict[str, Any]:
        """Crawl and wait; returns what the crawler says of it."""
        glue, name = self.client("glue"), self.outputs["CrawlerName"]
        glue.start_crawler(Name=name)
        while (crawler := glue.get_crawler(Name=name)["Crawler"])["State"] != "READY":
            time.sleep(_POLL_SECONDS)
        return dict(crawler["LastCrawl"])

    def deliver_events(self, enabled: bool) -> None:
        """Let the crawler's events reach the state machine, or lose them all."""
        events = self.client("events")
        for rule in events.list_rules()["Rules"]:
            (events.enable_rule if enabled else events.disable_rule)(Name=rule["Name"])

    def start(self, request: Mapping[str, Any], run_id: str | None = None) -> str:
        """Start a run; returns its execution's ARN."""
        answer = self.client("stepfunctions").start_execution(
            stateMachineArn=self.outputs["StateMachineArn"],
            name=run_id or f"run-{uuid.uuid4().hex[:8]}",
            input=json.dumps(request),
        )
        return str(answer["executionArn"])

    def wait(self, execution_arn: str) -> dict[str, Any]:
        """Wait for a run's end; returns Step Functions' description of it."""
        states = self.client("stepfunctions")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = states.describe_execution(executionArn=execution_arn)
            if answer["status"] != "RUNNING":
                return dict(answer)
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"still running after {_PATIENCE_SECONDS} s: {execution_arn}")

    def run(self, **request: Any) -> dict[str, Any]:
        """Start a run and wait for its end."""
        return self.wait(self.start({"request": request}))

    def wait_for_all_runs(self) -> list[str]:
        """Wait until no execution runs; returns the states in which they ended."""
        arns = [one["executionArn"] for one in self.executions()]
        return [str(self.wait(arn)["status"]) for arn in arns]

    def executions(self) -> list[dict[str, Any]]:
        """The executions of the daily run, newest first."""
        pages = self.client("stepfunctions").get_paginator("list_executions")
        arn = self.outputs["StateMachineArn"]
        return [
            dict(one) for page in pages.paginate(stateMachineArn=arn) for one in page["executions"]
        ]

    def query(self, sql: str) -> list[dict[str, str | None]]:
        """Run SQL as root, and read all of its rows as text by column."""
        athena = self.client("athena")
        query_id = athena.start_query_execution(
            QueryString=sql, WorkGroup=self.outputs["Workgroup"]
        )["QueryExecutionId"]
        state = "QUEUED"
        while state in {"QUEUED", "RUNNING"}:
            status = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            state = status["Status"]["State"]
            time.sleep(0.005)
        if state != "SUCCEEDED":
            raise AssertionError(status["Status"].get("StateChangeReason"))
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
        rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
        names = [cell["VarCharValue"] for cell in rows[0]]
        return [
            {name: cell.get("VarCharValue") for name, cell in zip(names, row, strict=True)}
            for row in rows[1:]
        ]

    def table(self, name: str) -> list[tuple[str | None, ...]]:
        """All rows of a table, in a fixed order."""
        rows = [tuple(row.values()) for row in self.query(f"SELECT * FROM {name}")]
        return sorted(rows, key=str)

    def ledger_items(self, prefix: str) -> list[dict[str, Any]]:
        """The raw items of the ledger whose sort key begins with `prefix`."""
        pages = self.client("dynamodb").get_paginator("scan")
        return [
            dict(item)
            for page in pages.paginate(TableName=self.outputs["LedgerTable"])
            for item in page["Items"]
            if item["sk"]["S"].startswith(prefix)
        ]


@functools.cache
def _client(info: StackInfo, service: str) -> Any:
    """One per server and service: making a client takes longer than most calls."""
    return info.session().client(service)


def event(user: str, day: str, number: int = 0, **more: Any) -> dict[str, Any]:
    """One post, at noon in Tokyo of `day`."""
    values = {
        "event_id": f"{day}-{user}-{number}",
        "ts": f"{day}T03:00:{number % 60:02}Z",
        "company_id": "acme",
        "group_id": "g1",
        "user_id": user,
        "event_type": "message",
        "target_user_id": "u0",
    }
    return {**values, **more}


def user(name: str, **more: Any) -> dict[str, Any]:
    """One line of a users snapshot."""
    return {"user_id": name, "company_id": "acme", "group_id": "g1", **more}
