"""What is left of a query beside its rows: metadata files, reused results, events, statistics."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from dayfold_local.athena.execution import result_metadata

if TYPE_CHECKING:
    from tests.local_athena.client import Client

REUSE = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}


def body_of(client: Client, location: str) -> bytes:
    """An object by its s3:// name."""
    key = location.split("/", 3)[3]
    return bytes(client.s3.get_object(Bucket=client.bucket, Key=key)["Body"].read())


def test_the_metadata_file_describes_the_columns(client: Client) -> None:
    # Given a result with columns of several types
    ran = client.run("SELECT 1.50 AS d, 'x' AS t, ARRAY[1] AS a")
    location = ran.execution["ResultConfiguration"]["OutputLocation"]

    # When its metadata file is read as protocol buffer fields
    message = list(result_metadata.fields(body_of(client, f"{location}.metadata")))
    columns = [
        dict(result_metadata.fields(held))
        for at, held in message
        if at == 4 and held is not None
        if isinstance(held, bytes)
    ]

    # Then it names the query and has what GetQueryResults says of each column
    assert message[0] == (1, ran.id.encode())
    described = client.athena.get_query_results(QueryExecutionId=ran.id)["ResultSet"]
    for held, info in zip(columns, described["ResultSetMetadata"]["ColumnInfo"], strict=True):
        assert held[4] == held[5] == info["Name"].encode()
        assert held[6] == info["Type"].encode()
        assert (held[7], held[8]) == (info["Precision"], info["Scale"])
        assert bool(held[10]) == info["CaseSensitive"]
    assert (columns[0][7], columns[0][8]) == (3, 2)


def test_a_result_is_reused_on_request_only(client: Client) -> None:
    # Given a query over a file that has changed since it ran
    client.table("reused", {"id": "string"}, "raw/reused/")
    client.put_json("raw/reused/a.json", [{"id": "old"}])
    sql = "SELECT id FROM reused"
    first = client.run(sql)
    client.put_json("raw/reused/a.json", [{"id": "new"}])

    # When it runs with reuse, without, with another text, and with an age of nothing
    again = client.run(sql, ResultReuseConfiguration=REUSE)
    fresh = client.run(sql)
    other = client.run(f"{sql} ", ResultReuseConfiguration=REUSE)
    none = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 0}}
    time.sleep(0.01)
    at_once = client.run(sql, ResultReuseConfiguration=none)

    # Then only the first of them has the old rows, without reading anything
    assert [ran.rows for ran in (first, again)] == [[["old"]], [["old"]]]
    assert [ran.rows for ran in (fresh, other, at_once)] == [[["new"]]] * 3
    statistics = again.execution["Statistics"]
    assert statistics["ResultReuseInformation"] == {"ReusedPreviousResult": True}
    assert again.scanned == 0
    assert fresh.execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is False


def test_a_reused_result_has_to_be_there(client: Client) -> None:
    # Given a query whose result was deleted
    first = client.run("SELECT 'gone' AS v")
    location = first.execution["ResultConfiguration"]["OutputLocation"]
    client.s3.delete_object(Bucket=client.bucket, Key=location.split("/", 3)[3])

    # When it runs with reuse
    again = client.run("SELECT 'gone' AS v", ResultReuseConfiguration=REUSE)
    too_old = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 10_081}}
    with pytest.raises(ClientError):
        client.start("SELECT 1", ResultReuseConfiguration=too_old)

    # Then it really runs
    assert again.rows == [["gone"]]
    assert again.execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is False


def test_every_change_of_state_is_an_event(client: Client) -> None:
    # Given a rule that sends Athena's events to a queue
    url = f"http://127.0.0.1:{client.port}"
    events = client.session.client("events", endpoint_url=url)
    sqs = client.session.client("sqs", endpoint_url=url)
    queue = sqs.create_queue(QueueName="athena-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    pattern = {"source": ["aws.athena"], "detail-type": ["Athena Query State Change"]}
    events.put_rule(Name="athena", EventPattern=json.dumps(pattern))
    target = arn["Attributes"]["QueueArn"]
    events.put_targets(Rule="athena", Targets=[{"Id": "queue", "Arn": target}])

    # When a query fails
    ran = client.run("SELECT 1/0")

    # Then the queue has its way through the states, with the reason at the end
    found: list[dict[str, object]] = []
    until = time.monotonic() + 10
    while time.monotonic() < until and len(found) < 3:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages") or []]
        found += [b["detail"] for b in bodies if b["detail"]["queryExecutionId"] == ran.id]
    events.remove_targets(Rule="athena", Ids=["queue"])
    found.sort(key=lambda detail: str(detail["sequenceNumber"]))
    assert [detail["currentState"] for detail in found] == ["QUEUED", "RUNNING", "FAILED"]
    assert found[2]["previousState"] == "RUNNING"
    error = found[2]["athenaError"]
    assert isinstance(error, dict)
    assert error["errorMessage"].startswith("DIVISION_BY_ZERO")


def test_named_queries_and_lists_of_executions(client: Client) -> None:
    # Given a named query and some executions in a workgroup of their own
    named = client.athena.create_named_query(
        Name="mine", Database="lake", QueryString="SELECT 5", WorkGroup="primary"
    )["NamedQueryId"]
    client.athena.create_work_group(Name="listed")
    ids = [client.run(f"SELECT {at}", WorkGroup="listed").id for at in range(3)]

    # When they are read back in pages
    text = client.athena.get_named_query(NamedQueryId=named)["NamedQuery"]["QueryString"]
    pages = client.athena.get_paginator("list_query_executions").paginate(
        WorkGroup="listed", PaginationConfig={"PageSize": 2}
    )
    listed = [found for page in pages for found in page["QueryExecutionIds"]]
    statistics = client.athena.get_query_runtime_statistics(QueryExecutionId=ids[0])

    # Then the text is the same, and the newest comes first
    assert client.rows(text) == [["5"]]
    assert listed == ids[::-1]
    rows = statistics["QueryRuntimeStatistics"]["Rows"]
    assert (rows["OutputRows"], rows["InputBytes"], rows["OutputBytes"]) == (1, 0, 12)
