"""`Athena Query State Change`: what EventBridge hears of every query."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.protocol.executions import Execution


def changed(execution: Execution, previous: str | None, caller: Caller) -> None:
    """Sends the event on the caller's default bus, without waiting for it."""
    detail: dict[str, Any] = {
        "versionId": "0",
        "currentState": execution.state,
        "statementType": execution.statement,
        "queryExecutionId": execution.id,
        "workgroupName": execution.workgroup,
        "sequenceNumber": {"QUEUED": "1", "RUNNING": "2"}.get(execution.state, "3"),
    }
    if previous is not None:
        detail["previousState"] = previous
    if execution.error is not None:
        names = {"ErrorCategory": "errorCategory", "ErrorType": "errorType"}
        names |= {"ErrorMessage": "errorMessage", "Retryable": "retryable"}
        detail["athenaError"] = {names[key]: value for key, value in execution.error.items()}
    context = caller.context.copy()  # the caller's account and Region
    with contextlib.suppress(RuntimeError):  # the server is ending, nobody listens any more
        caller.loop.call_soon_threadsafe(context.run, _send, detail)


def _send(detail: dict[str, Any]) -> None:
    from ministack.services import eventbridge

    entry = {
        "Source": "aws.athena",
        "DetailType": "Athena Query State Change",
        "Detail": json.dumps(detail),
        "Resources": [],
    }
    # PutEvents refuses the source to everybody else, here as on AWS.
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001
