"""Whether the execution behind a run may still be at work."""

from __future__ import annotations

import datetime as dt

import pytest

from dayfold.adapters.executions import Executions

NOW = dt.datetime(2004, 6, 1, 12, tzinfo=dt.UTC)


class StepFunctions:
    """One execution, as it stands."""

    def __init__(self, status: str, seconds_ago: float) -> None:
        self._answer = {"status": status, "stopDate": NOW - dt.timedelta(seconds=seconds_ago)}

    def describe_execution(self, **_: str) -> dict[str, object]:
        return self._answer


@pytest.mark.parametrize(
    ("status", "seconds_ago", "at_work"),
    [
        ("RUNNING", 0, True),
        ("SUCCEEDED", 1, False),
        ("ABORTED", 1, True),  # the Lambda that it called goes on to its time limit
        ("FAILED", 1, True),  # and so do those of its other branches
        ("TIMED_OUT", 119, True),
        ("ABORTED", 121, False),
        ("FAILED", 121, False),
    ],
)
def test_a_stopped_execution_holds_on_as_long_as_its_lambda_may(
    status: str, seconds_ago: float, *, at_work: bool
) -> None:
    # Given
    executions = Executions(StepFunctions(status, seconds_ago), now=lambda: NOW)  # type: ignore[arg-type]
    # When
    found = executions.is_running("arn")
    # Then
    assert found is at_work
