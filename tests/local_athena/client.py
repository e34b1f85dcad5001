"""A user of the local Athena: runs statements and looks at what comes back."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import dataclass, field
from typing import Any

import boto3

FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
JSON_SERDE = "org.openx.data.jsonserde.JsonSerDe"
PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


@dataclass
class Ran:
    """A query that has ended."""

    id: str
    state: str
    reason: str | None
    execution: dict[str, Any]
    rows: list[list[str | None]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    @property
    def scanned(self) -> int:
        """DataScannedInBytes."""
        return int(self.execution["Statistics"]["DataScannedInBytes"])


class Client:
    """One identity's clients."""

    bucket = "lake-bucket"

    def __init__(self, port: int, key: str, secret: str, token: str | None = None) -> None:
        self.port = port
        self.session = boto3.Session(key, secret, token, region_name="us-east-1")
        url = f"http://127.0.0.1:{port}"
        self.athena: Any = self.session.client("athena", endpoint_url=url)
        self.s3: Any = self.session.client("s3", endpoint_url=url)
        self.glue: Any = self.session.client("glue", endpoint_url=url)
        self.iam: Any = self.session.client("iam", endpoint_url=url)
        self.sts: Any = self.session.client("sts", endpoint_url=url)

    @classmethod
    def root(cls, port: int) -> Client:
        """The account itself."""
        return cls(port, "000000000000", "local")

    def as_role(self, name: str, statements: list[dict[str, Any]]) -> Client:
        """The same endpoint as a role with just these rights."""
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
            ],
        }
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy)
        given = self.sts.assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="test")[
            "Credentials"
        ]
        return Client(
            self.port, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        )

    def start(self, sql: str, database: str = "lake", **more: Any) -> str:
        """StartQueryExecution."""
        more.setdefault("ResultConfiguration", {"OutputLocation": f"s3://{self.bucket}/results/"})
        context = {"Database": database}
        answer = self.athena.start_query_execution(
            QueryString=sql, QueryExecutionContext=context, **more
        )
        return str(answer["QueryExecutionId"])

    def wait(self, query_id: str) -> Ran:
        """Waits for the end."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            found = self.athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if found["Status"]["State"] in FINAL:
                status = found["Status"]
                return Ran(query_id, status["State"], status.get("StateChangeReason"), found)
            time.sleep(0.01)
        raise TimeoutError(query_id)

    def run(self, sql: str, database: str = "lake", **more: Any) -> Ran:
        """Runs a statement to its end, whichever; rows are without the header."""
        ran = self.wait(self.start(sql, database, **more))
        if ran.state == "SUCCEEDED":
            answer = self.athena.get_query_results(QueryExecutionId=ran.id)["ResultSet"]
            rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in answer["Rows"]]
            ran.types = [column["Type"] for column in answer["ResultSetMetadata"]["ColumnInfo"]]
            is_query = ran.execution["StatementType"] == "DML"
            ran.rows = rows[1:] if is_query else rows
        return ran

    def rows(self, sql: str, database: str = "lake", **more: Any) -> list[list[str | None]]:
        """The rows of a query that has to succeed."""
        ran = self.run(sql, database, **more)
        assert ran.state == "SUCCEEDED", ran.reason
        return ran.rows

    def put(self, key: str, body: bytes) -> int:
        """Puts an object; returns its size."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return len(body)

    def put_json(self, key: str, rows: list[dict[str, Any]]) -> int:
        """JSON lines; gzip if the key ends so."""
        body = "".join(json.dumps(row) + "\n" for row in rows).encode()
        return self.put(key, gzip.compress(body, mtime=0) if key.endswith(".gz") else body)

    def table(
        self,
        name: str,
        columns: dict[str, str],
        prefix: str,
        serde: str = JSON_SERDE,
        keys: dict[str, str] | None = None,
        parameters: dict[str, str] | None = None,
        table_parameters: dict[str, str] | None = None,
    ) -> None:
        """A table over a prefix."""
        self.glue.create_table(
            DatabaseName="lake",
            TableInput={
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": table_parameters or {},
                "PartitionKeys": [{"Name": n, "Type": t} for n, t in (keys or {}).items()],
                "StorageDescriptor": self.storage(columns, prefix, serde, parameters),
            },
        )

    def storage(
        self,
        columns: dict[str, str],
        prefix: str,
        serde: str = JSON_SERDE,
        parameters: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """A StorageDescriptor."""
        return {
            "Columns": [{"Name": n, "Type": t} for n, t in columns.items()],
            "Location": f"s3://{self.bucket}/{prefix}",
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters or {}},
        }

    def partition(
        self,
        table: str,
        values: list[str],
        columns: dict[str, str],
        prefix: str,
        serde: str = JSON_SERDE,
    ) -> None:
        """A partition at any place."""
        self.glue.create_partition(
            DatabaseName="lake",
            TableName=table,
            PartitionInput={
                "Values": values,
                "StorageDescriptor": self.storage(columns, prefix, serde),
            },
        )
