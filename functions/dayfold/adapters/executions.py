"""Step Functions: whether the execution behind a run is still going, and starting one."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_stepfunctions import SFNClient

# The longest time limit of the functions that the state machine calls (template.yaml; a test
# compares them): an execution that is stopped, or in which a branch has failed, does not stop the
# Lambdas that it has called.
CALLED_SECONDS = 120
_CUT_OFF = frozenset({"ABORTED", "FAILED", "TIMED_OUT"})


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Executions:
    """Looks at executions of the daily run's state machine, and starts them."""

    def __init__(
        self,
        stepfunctions: SFNClient,
        state_machine_arn: str = "",
        now: Callable[[], dt.datetime] = _now,
    ) -> None:
        self._stepfunctions = stepfunctions
        self._state_machine_arn = state_machine_arn
        self._now = now

    def is_running(self, execution_arn: str) -> bool:
        """Whether the execution exists and has not ended, nor may a Lambda of it be at work yet."""
        if not execution_arn:
            return False
        try:
            answer = self._stepfunctions.describe_execution(executionArn=execution_arn)
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) in {"ExecutionDoesNotExist", "InvalidArn"}:
                return False
            raise
        if answer["status"] in _CUT_OFF:
            return answer["stopDate"] + dt.timedelta(seconds=CALLED_SECONDS) > self._now()
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
