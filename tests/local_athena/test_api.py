"""The API: tokens, pages, stopping, workgroups, limits, and what outlives the process."""

from __future__ import annotations

import os
import signal
import time
import uuid
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from dayfold_local import process
from dayfold_local.folder import StateFolder
from tests.local_athena.client import Client
from tests.local_athena.conftest import free_port

if TYPE_CHECKING:
    from pathlib import Path

SLOW = (
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x) "
    "CROSS JOIN UNNEST(sequence(1, 10000)) b(y) CROSS JOIN UNNEST(sequence(1, 100)) c(z) "
    "WHERE x * y * z % 7 = 3"
)


def test_a_token_is_one_query(client: Client) -> None:
    # Given a query that was started with a token
    token = uuid.uuid4().hex
    first = client.start("SELECT 1", ClientRequestToken=token)

    # When it is started again, and then with another text
    again = client.start("SELECT 1", ClientRequestToken=token)
    with pytest.raises(ClientError) as refused:
        client.start("SELECT 2", ClientRequestToken=token)

    # Then it is the same query, and the other text is refused
    assert first == again
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert "Idempotent parameters do not match" in str(refused.value)


def test_results_come_in_pages(client: Client) -> None:
    # Given a result of 2,500 rows
    ran = client.run(
        "SELECT x, 'a\"b,\nc' AS t, CAST(NULL AS varchar) AS n, '' AS e FROM UNNEST(sequence(1, "
        "2500)) s(x) ORDER BY x"
    )
    assert ran.state == "SUCCEEDED", ran.reason

    # When its pages are read
    pages = list(client.athena.get_paginator("get_query_results").paginate(QueryExecutionId=ran.id))

    # Then the first starts with the header, none holds more than 1,000 rows, and values are whole
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    assert [cell["VarCharValue"] for cell in rows[0]] == ["x", "t", "n", "e"]
    assert rows[-1] == [
        {"VarCharValue": "2500"},
        {"VarCharValue": 'a"b,\nc'},
        {},
        {"VarCharValue": ""},
    ]
    location = ran.execution["ResultConfiguration"]["OutputLocation"]
    body = client.s3.get_object(Bucket=client.bucket, Key=location.split("/", 3)[3])["Body"].read()
    assert body.startswith(b'"x","t","n","e"\n"1","a""b,\nc",,""\n')


def test_column_types(client: Client) -> None:
    # Given columns of many types
    sql = (
        "SELECT 1 AS i, CAST(1 AS bigint) AS b, 1.5 AS d, 1e0 AS f, 'x' AS v, true AS o, DATE "
        "'2020-01-01' AS dt, "
        "timestamp '2020-01-01 00:00:00.123' AS ts, timestamp '2020-01-01 00:00:00.123 UTC' AS tz, "
        "ARRAY[1] AS a, map(ARRAY['k'], ARRAY[1]) AS m, CAST(ROW(1) AS ROW(x integer)) AS r, "
        "X'6869' AS bin"
    )

    # When they are selected
    ran = client.run(sql)

    # Then names and values are Athena's
    assert ran.types == [
        "integer", "bigint", "decimal", "double", "varchar", "boolean", "date", "timestamp",
        "timestamp with time zone", "array", "map", "row", "varbinary",
    ]  # fmt: skip
    assert ran.rows == [
        [
            "1", "1", "1.5", "1.0", "x", "true", "2020-01-01", "2020-01-01 00:00:00.123",
            "2020-01-01 00:00:00.123 UTC", "[1]", "{k=1}", "{x=1}", "68 69",
        ],
    ]  # fmt: skip


def test_stop_really_stops(client: Client) -> None:
    # Given a query that takes long
    query_id = client.start(SLOW)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        state = client.athena.get_query_execution(QueryExecutionId=query_id)
        if state["QueryExecution"]["Status"]["State"] == "RUNNING":
            break

    # When it is stopped
    client.athena.stop_query_execution(QueryExecutionId=query_id)
    begun = time.monotonic()
    ran = client.wait(query_id)

    # Then it ends at once, and the engine is free
    assert ran.state == "CANCELLED"
    assert client.rows("SELECT 1") == [["1"]]
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", "line 1:"),
        ("", "1"),
        ("SELECT (1", "line 1:"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
    ],
)
def test_malformed_queries_are_not_accepted(client: Client, sql: str, message: str) -> None:
    # Given a text that is no statement
    # When it is started
    with pytest.raises(Exception, match=message) as refused:
        client.start(sql)

    # Then there is no query
    assert "Invalid" in str(refused.value) or "ParamValidation" in type(refused.value).__name__


def test_places_for_results(client: Client) -> None:
    # Given no place, and a bucket that is not there
    # When a query is started
    with pytest.raises(ClientError, match="No output location provided"):
        client.start("SELECT 1", ResultConfiguration={})
    with pytest.raises(ClientError, match="Unable to verify/create output bucket nowhere"):
        client.start("SELECT 1", ResultConfiguration={"OutputLocation": "s3://nowhere/x/"})
    with pytest.raises(ClientError, match="WorkGroup none is not found"):
        client.start("SELECT 1", WorkGroup="none")


def test_workgroups(client: Client) -> None:
    # Given a workgroup with its own place and a limit, which overrides what clients say
    client.athena.create_work_group(
        Name="strict",
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{client.bucket}/strict/"},
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )

    # When queries run in it
    ran = client.run("SELECT 1", WorkGroup="strict")
    built = client.run(
        f"CREATE TABLE build.strict_one WITH (external_location = 's3://{client.bucket}/mine/') "
        "AS SELECT 1 v",
        WorkGroup="strict",
    )
    listed = client.athena.list_query_executions(WorkGroup="strict")["QueryExecutionIds"]

    # Then its place holds for both
    assert ran.execution["ResultConfiguration"]["OutputLocation"].startswith(
        f"s3://{client.bucket}/strict/"
    )
    location = client.glue.get_table(DatabaseName="build", Name="strict_one")["Table"][
        "StorageDescriptor"
    ]["Location"]
    assert location == f"s3://{client.bucket}/strict/tables/{built.id}/"
    assert listed == [built.id, ran.id]


def test_the_scan_limit(client: Client) -> None:
    # Given more than ten million bytes, and a workgroup that allows no more
    client.table("heavy", {"id": "string"}, "raw/heavy/")
    client.put("raw/heavy/a.json", b'{"id": "' + b"x" * 10_000_100 + b'"}\n')
    client.athena.create_work_group(
        Name="small",
        Configuration={
            "BytesScannedCutoffPerQuery": 10_000_000,
            "EnforceWorkGroupConfiguration": False,
        },
    )

    # When it is read
    ran = client.run("SELECT count(id) FROM heavy", WorkGroup="small")

    # Then the query is cancelled
    assert ran.state == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in str(ran.reason)


def test_execution_parameters(client: Client) -> None:
    # Given a query with question marks, one of them in a text
    # When it runs with parameters
    rows = client.rows("SELECT '?' || ?, ? + 1", ExecutionParameters=["'it''s'", "41"])

    # Then each takes its place
    assert rows == [["?it's", "42"]]


def test_batches_and_metadata(client: Client) -> None:
    # Given two queries
    ids = [client.run(f"SELECT {n}").id for n in (1, 2)]

    # When they are asked for together, with an unknown one
    unknown = str(uuid.uuid4())
    answer = client.athena.batch_get_query_execution(QueryExecutionIds=[*ids, unknown])
    numbers = client.athena.get_query_runtime_statistics(QueryExecutionId=ids[0])
    databases = client.athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]

    # Then
    assert [item["QueryExecutionId"] for item in answer["QueryExecutions"]] == ids
    assert [item["QueryExecutionId"] for item in answer["UnprocessedQueryExecutionIds"]] == [
        unknown
    ]
    assert numbers["QueryRuntimeStatistics"]["Rows"]["OutputRows"] == 1
    assert {"build", "lake"} <= {item["Name"] for item in databases}


def test_executions_outlive_the_process(tmp_path: Path) -> None:
    # Given a query that has ended, and one that runs when the process is killed
    folder = StateFolder(tmp_path / "state")
    folder.create()
    port = free_port()
    pid = process.start(folder, port)
    try:
        client = Client.root(port)
        client.s3.create_bucket(Bucket=client.bucket)
        token = uuid.uuid4().hex
        done = client.run("SELECT 'kept' AS x", ClientRequestToken=token)
        running = client.start(SLOW)
        os.kill(pid, signal.SIGKILL)
        process.stop(folder)

        # When the server is back
        process.start(folder, port)

        # Then the ended one is as it was, token and result too, and the other one has failed
        assert client.start("SELECT 'kept' AS x", ClientRequestToken=token) == done.id
        answer = client.athena.get_query_results(QueryExecutionId=done.id)["ResultSet"]["Rows"]
        assert answer[1]["Data"] == [{"VarCharValue": "kept"}]
        lost = client.wait(running)
        assert lost.state == "FAILED"
        assert "stopped while this query ran" in str(lost.reason)
        assert lost.execution["Status"]["AthenaError"]["Retryable"] is True
    finally:
        process.stop(folder)
