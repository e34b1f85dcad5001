"""What a request asks for, as far as the local stack must know."""

from __future__ import annotations

from urllib.parse import parse_qs

READS = (
    "Get", "List", "Describe", "Head", "BatchGet", "Search", "Query", "Scan", "Check", "Lookup",
    "Simulate", "Test", "Validate", "Filter", "Estimate", "Detect",
)  # fmt: skip
# Calls that change no configuration: what they leave behind is kept by other means (the journal)
# or is not worth keeping (a log line of the last seconds).
TRAFFIC = frozenset(
    {
        "AssumeRole", "BatchExecuteStatement", "BatchWriteItem", "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch", "Decrypt", "DeleteItem", "DeleteMessage",
        "DeleteMessageBatch", "Encrypt", "ExecuteStatement", "ExecuteTransaction",
        "GenerateDataKey", "Invoke", "Publish", "PublishBatch", "PutEvents", "PutItem",
        "PutLogEvents", "PutMetricData", "ReceiveMessage", "SendMessage", "SendMessageBatch",
        "SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess", "StartExecution",
        "StartSyncExecution", "StopExecution", "TransactWriteItems", "UpdateItem",
    },
)  # fmt: skip


def action_of(headers: dict[str, str]) -> str:
    """The operation that an AWS JSON request names, as in `AWSGlue.StartCrawler`."""
    return headers.get("x-amz-target", "").rpartition(".")[2]


def is_read(action: str) -> bool:
    """Whether an operation of this name only reads."""
    return action.startswith(READS)


def changes_configuration(
    service: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, list[str]],
) -> bool:
    """Whether a request may have changed a service's resources, as opposed to its traffic."""
    if service == "s3":
        # Objects are files already; a bucket's own settings are what a path without a key sets.
        return method in ("PUT", "DELETE") and "/" not in path.strip("/")
    if service in ("lambda", "scheduler"):
        return method not in ("GET", "HEAD") and not path.endswith("/invocations")
    action = action_of(headers) or _named_otherwise(path, body, query_params)
    return not is_read(action) and action not in TRAFFIC


def _named_otherwise(path: str, body: bytes, query_params: dict[str, list[str]]) -> str:
    """The action of a query request (`Action=`) or of a CBOR one (`.../operation/Name`)."""
    if "/operation/" in path:
        return path.rpartition("/")[2]
    named = query_params.get("Action") or parse_qs(body.decode("utf-8", "replace")).get("Action")
    return named[0] if named else ""
