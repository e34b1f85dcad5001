"""Step Functions' API in memory: which executions there are, and how they stand."""

# ruff: noqa: N803 - the names of arguments are the API's

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable


class FakeStepFunctions:
    """The executions of one state machine."""

    def __init__(
        self, begin: Callable[[str, dict[str, Any]], None], now: Callable[[], dt.datetime]
    ) -> None:
        self.status: dict[str, str] = {}  # ARN, which is also the name -> status
        self._stopped: dict[str, dt.datetime] = {}
        self._now = now
        self._inputs: dict[str, str] = {}
        self._begin = begin

    def start_execution(self, *, name: str, **more: Any) -> dict[str, Any]:
        given = str(more["input"])
        if name in self.status:
            if self.status[name] != "RUNNING" or self._inputs[name] != given:
                raise _refusal("ExecutionAlreadyExists", "StartExecution")
            return {"executionArn": name}
        self.status[name] = "RUNNING"
        self._inputs[name] = given
        self._begin(name, json.loads(given))
        return {"executionArn": name}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        if executionArn not in self.status:
            raise _refusal("ExecutionDoesNotExist", "DescribeExecution")
        answer = {"executionArn": executionArn, "status": self.status[executionArn]}
        stopped = self._stopped.get(executionArn)
        return {**answer, "stopDate": stopped} if stopped else answer

    def end(self, name: str, status: str) -> None:
        """End an execution."""
        self.status[name] = status
        self._stopped[name] = self._now()


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": operation}}, operation)
