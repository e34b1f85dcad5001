"""A real server process with the crawler in it, and what the tests do on it."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

PROJECT = Path(__file__).parents[2]
ACCOUNT = "000000000000"
DAY1, DAY2, DAY3 = "2024-01-01", "2024-01-02", "2024-01-03"
TRUST_GLUE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "glue.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    ],
}
CONFIGURATION = {
    "Version": 1.0,
    "CrawlerOutput": {
        "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
    },
    "Grouping": {"TableLevelConfiguration": 3},
}


@dataclasses.dataclass
class Server:
    """A running server."""

    state: Path
    port: int
    process: subprocess.Popen[bytes]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)


def start_server(state: Path) -> Server:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log_file = state.with_suffix(".log")
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "dayfold_local.server",
                "--state", str(state), "--port", str(port),
            ],
            cwd=PROJECT,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'functions'}"},
        )  # fmt: skip
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Server(state, port, process)
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    raise AssertionError(log_file.read_text())


@dataclasses.dataclass
class Lake:
    """One bucket, database, role and crawler of its own on a server."""

    server: Server
    name: str
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        self.s3 = self.server.client("s3")
        self.glue = self.server.client("glue")
        self.iam = self.server.client("iam")
        self.s3.create_bucket(Bucket=self.name)
        self.glue.create_database(DatabaseInput={"Name": self.database})
        self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(TRUST_GLUE))
        self.allow()
        self.only_tls()
        self.glue.create_crawler(
            Name=self.name,
            Role=f"arn:aws:iam::{ACCOUNT}:role/{self.name}",
            DatabaseName=self.database,
            **{
                "Targets": {"S3Targets": [{"Path": f"s3://{self.name}/raw/"}]},
                "SchemaChangePolicy": {
                    "UpdateBehavior": "UPDATE_IN_DATABASE",
                    "DeleteBehavior": "LOG",
                },
                "Configuration": json.dumps(CONFIGURATION),
                **self.extra,
            },
        )

    @property
    def database(self) -> str:
        return self.name.replace("-", "_")

    def allow(self, *, without: str = "") -> None:
        """Gives the role the rights that template.yaml gives the crawler's, but for one."""
        statements = [
            {**statement, "Action": [it for it in statement["Action"] if it != without]}
            for statement in role_statements(self.name, self.database)
            if statement["Action"] != [without]
        ]
        self.iam.put_role_policy(
            RoleName=self.name,
            PolicyName="crawl",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
        )

    def only_tls(self) -> None:
        """As the template's bucket policy."""
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{self.name}", f"arn:aws:s3:::{self.name}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        document = {"Version": "2012-10-17", "Statement": [statement]}
        self.s3.put_bucket_policy(Bucket=self.name, Policy=json.dumps(document))

    def put(self, key: str, data: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=f"raw/{key}", Body=data)

    def crawl(self) -> dict[str, Any]:
        """Runs the crawler to its end; its last crawl."""
        self.glue.start_crawler(Name=self.name)
        return self.wait()

    def wait(self) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            crawler = self.glue.get_crawler(Name=self.name)["Crawler"]
            if crawler["State"] == "READY":
                last: dict[str, Any] = crawler["LastCrawl"]
                return last
            time.sleep(0.02)
        raise AssertionError("the crawl does not end")

    def warnings(self, crawl: dict[str, Any]) -> list[str]:
        """The warnings of a crawl, from its log."""
        events = self.server.client("logs").filter_log_events(
            logGroupName=crawl["LogGroup"], logStreamNames=[crawl["LogStream"]]
        )["events"]
        start = f"[{crawl['MessagePrefix']}] WARN : "
        return [
            event["message"].removeprefix(start)
            for event in events
            if event["message"].startswith(start)
        ]

    def columns(self, table: str) -> dict[str, str]:
        found = self.table(table)["StorageDescriptor"]["Columns"]
        return {column["Name"]: column["Type"] for column in found}

    def table(self, table: str) -> Any:
        return self.glue.get_table(DatabaseName=self.database, Name=table)["Table"]

    def tables(self) -> list[str]:
        found = self.glue.get_tables(DatabaseName=self.database)["TableList"]
        return sorted(table["Name"] for table in found)

    def partitions(self, table: str) -> dict[str, Any]:
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=table)
        return {"/".join(item["Values"]): item for item in found["Partitions"]}


def role_statements(bucket: str, database: str) -> list[dict[str, Any]]:
    glue = f"arn:aws:glue:us-east-1:{ACCOUNT}"
    return [
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": f"arn:aws:s3:::{bucket}",
            "Condition": {"StringLike": {"s3:prefix": ["raw", "raw/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": f"arn:aws:s3:::{bucket}/raw/*",
        },
        {
            "Effect": "Allow",
            "Action": [
                "glue:GetTables", "glue:GetPartitions", "glue:CreateTable", "glue:UpdateTable",
                "glue:DeleteTable", "glue:BatchCreatePartition", "glue:BatchUpdatePartition",
                "glue:BatchDeletePartition",
            ],
            "Resource": [
                f"{glue}:catalog", f"{glue}:database/{database}", f"{glue}:table/{database}/*",
            ],
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws-glue/crawlers:*",
        },
    ]  # fmt: skip


def json_lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def event(number: int, **more: Any) -> dict[str, Any]:
    return {"event_id": f"e{number}", "amount": number, **more}


def put_day(lake: Lake, day: str, *rows: dict[str, Any], file: str = "a.json.gz") -> None:
    """Puts one day of events."""
    lake.put(f"events/dt={day}/{file}", gz(json_lines(*rows)))
