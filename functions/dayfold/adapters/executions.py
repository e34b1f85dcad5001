"""Step Functions: whether the execution behind a run is still going, and starting one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_stepfunctions import SFNClient


class Executions:
    """Looks at executions of the daily run's state machine, and starts them."""

    def __init__(self, stepfunctions: SFNClient, state_machine_arn: str = "") -> None:
        self._stepfunctions = stepfunctions
        self._state_machine_arn = state_machine_arn

    def is_running(self, execution_arn: str) -> bool:
        """Whether the execution exists and has not ended."""
        if not execution_arn:
            return False
        try:
            answer = self._stepfunctions.describe_execution(executionArn=execution_arn)
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) in {"ExecutionDoesNotExist", "InvalidArn"}:
                return False
            raise
        return answer["status"] == "RUNNING"

    def start(self, name: str, event: Mapping[str, object]) -> bool:
        """Start an execution; False if there was one of this name, running or ended.

        Raises:
            ThrottledError: Step Functions has too many calls now.
        """
        try:
            self._stepfunctions.start_execution(
                stateMachineArn=self._state_machine_arn,
                name=name,
                input=json.dumps(event, sort_keys=True),
            )
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) == "ExecutionAlreadyExists":
                return False
            raise
        return True
