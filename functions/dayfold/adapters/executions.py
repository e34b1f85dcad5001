"""Step Functions: whether the execution behind a run is still going."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Executions:
    """Looks at executions of the daily run's state machine."""

    def __init__(self, stepfunctions: SFNClient) -> None:
        self._stepfunctions = stepfunctions

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
