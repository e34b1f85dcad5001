"""The log of calls: by whom, which, and once."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config

from dayfold_local.wire_log import WireLog, operation
from tests.faults.schedules.wire import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from botocore.awsrequest import AWSPreparedRequest

# What each call needs to be sent at all.
GIVEN: dict[str, dict[str, Any]] = {
    "batch_create_partition": {"DatabaseName": "d", "TableName": "t", "PartitionInputList": []},
    "batch_get_item": {"RequestItems": {"t": {"Keys": [{"pk": {"S": "x"}}]}}},
    "batch_get_partition": {"DatabaseName": "d", "TableName": "t", "PartitionsToGet": []},
    "batch_get_query_execution": {"QueryExecutionIds": ["q"]},
    "batch_update_partition": {
        "DatabaseName": "d",
        "TableName": "t",
        "Entries": [{"PartitionValueList": [], "PartitionInput": {}}],
    },
    "change_message_visibility": {"QueueUrl": "q", "ReceiptHandle": "r", "VisibilityTimeout": 1},
    "create_table": {"DatabaseName": "d", "TableInput": {"Name": "t"}},
    "delete_objects": {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}]}},
    "delete_table": {"DatabaseName": "d", "Name": "t"},
    "describe_execution": {"executionArn": "e"},
    "get_crawler": {"Name": "c"},
    "get_item": {"TableName": "t", "Key": {"pk": {"S": "x"}}},
    "get_object": {"Bucket": "b", "Key": "k/x", "Range": "bytes=-8"},
    "get_query_execution": {"QueryExecutionId": "q"},
    "get_query_results": {"QueryExecutionId": "q"},
    "get_queue_attributes": {"QueueUrl": "q"},
    "get_table": {"DatabaseName": "d", "Name": "t"},
    "get_tables": {"DatabaseName": "d"},
    "list_objects_v2": {"Bucket": "b", "Prefix": "raw/x", "StartAfter": "raw/y"},
    "put_item": {"TableName": "t", "Item": {"pk": {"S": "x"}}},
    "put_object": {"Bucket": "b", "Key": "k", "Body": b"x"},
    "query": {"TableName": "t"},
    "send_message": {"QueueUrl": "q", "MessageBody": "m"},
    "send_message_batch": {"QueueUrl": "q", "Entries": [{"Id": "1", "MessageBody": "m"}]},
    "start_crawler": {"Name": "c"},
    "start_execution": {"stateMachineArn": "s"},
    "start_query_execution": {"QueryString": "SELECT 1"},
    "stop_query_execution": {"QueryExecutionId": "q"},
    "transact_write_items": {"TransactItems": [{}]},
    "update_table": {"DatabaseName": "d", "TableInput": {"Name": "t"}},
}


class NotSentError(Exception):
    """Raised in the place of sending a request."""


def request_of(service: str, name: str) -> AWSPreparedRequest:
    """What boto3 would have sent."""
    caught: list[AWSPreparedRequest] = []

    def stop(request: AWSPreparedRequest, **_: Any) -> None:
        caught.append(request)
        raise NotSentError

    client: Any = boto3.client(
        service,  # type: ignore[call-overload]
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="A" * 20,
        aws_secret_access_key="local",
        config=Config(s3={"addressing_style": "path"}),
    )
    client.meta.events.register("before-send", stop)
    with pytest.raises(NotSentError):
        getattr(client, name)(**GIVEN.get(name, {}))
    return caught[0]


@pytest.fixture
def log(tmp_path: Path) -> tuple[Callable[[AWSPreparedRequest], None], Path]:
    """Sends a request through a log, and where that writes."""
    passed: list[str] = []

    async def app(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        passed.append(scope["type"])

    wire = WireLog(app, tmp_path / "calls.jsonl", lambda key: f"owner of {key[:4]}")

    def send(request: AWSPreparedRequest) -> None:
        path, _, query = request.url.partition(":1")[2].partition("?")
        given: list[tuple[str, Any]] = list(request.headers.items())  # text, and bytes
        headers = [
            (name.lower().encode(), value if isinstance(value, bytes) else value.encode())
            for name, value in given
        ]
        scope = {
            "type": "http",
            "method": request.method,
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
        }
        asyncio.run(wire(scope, None, None))
        assert passed.pop() == "http"

    return send, tmp_path / "calls.jsonl"


@pytest.mark.parametrize(("service", "name"), sorted(OPERATIONS))
def test_each_call_of_the_pipeline_is_noted_once_by_its_name(
    log: tuple[Callable[[AWSPreparedRequest], None], Path], service: str, name: str
) -> None:
    # Given
    send, path = log
    request = request_of(service, name)
    # When it comes twice
    send(request)
    send(request)
    # Then
    (line,) = path.read_text().splitlines()
    call = json.loads(line)
    assert call["client"] == "owner of AAAA"
    assert xform_name(call["operation"]) == name


def test_a_call_that_nobody_has_a_name_for_is_told_by_its_form() -> None:
    # When / Then
    assert operation("s3", "PUT", "/bucket", "versioning=") == "PUT ?versioning="
    assert operation("s3", "GET", "/bucket/key", "tagging=") == "GET key?tagging="
    assert operation("lambda", "POST", "/x/invocations", "") == "POST /x/invocations"
