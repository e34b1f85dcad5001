"""Functions on the local stack: whose code, whose rights, what errors, what logs."""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.conftest import wait_until

if TYPE_CHECKING:
    from tests.integration.conftest import SmallStack


def test_runs_the_deployed_code_with_this_interpreter(small_stack: SmallStack) -> None:
    # When
    answer, error = small_stack.invoke(name="you")

    # Then
    assert error is None
    assert answer["text"] == "hello, you"
    assert answer["python"] == sys.executable
    assert "/tmp/unpacked/" in answer["code"]
    assert 2000 < answer["left"] <= 3000


def test_errors_have_their_class_name_and_keep_the_worker(small_stack: SmallStack) -> None:
    # Given
    before = {small_stack.invoke(name="you")[0]["pid"] for _ in range(5)}

    # When
    answer, error = small_stack.invoke(refuse=True)
    after, _ = small_stack.invoke(name="you")

    # Then
    assert error == "Unhandled"
    assert answer["errorType"] == "Refused"
    assert answer["errorMessage"] == "not you"
    assert after["pid"] in before


def test_step_functions_catches_an_error_by_its_class_name(small_stack: SmallStack) -> None:
    # Given
    states = small_stack.info.session().client("stepfunctions")

    # When
    arn = states.start_execution(
        stateMachineArn=small_stack.outputs["GreetStateMachine"], input='{"refuse": true}'
    )["executionArn"]
    wait_until(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")

    # Then
    seen = states.describe_execution(executionArn=arn)
    assert seen["status"] == "SUCCEEDED"
    assert json.loads(seen["output"]) == {"text": "caught"}


def test_role_decides_what_a_function_may_do(small_stack: SmallStack) -> None:
    # Given
    table = small_stack.outputs["Ledger"]

    # When
    _, allowed = small_stack.invoke(write="a", table=table)
    answer, refused = small_stack.invoke(read="a", table=table)

    # Then
    assert allowed is None
    assert refused == "Unhandled"
    assert "AccessDeniedException" in answer["errorMessage"]
    assert "dynamodb:GetItem" in answer["errorMessage"]


def test_timeout_ends_the_worker_and_says_so(small_stack: SmallStack) -> None:
    # When
    answer, error = small_stack.invoke(sleep=30)

    # Then
    assert error == "Unhandled"
    assert answer == {
        "errorMessage": "Task timed out after 3.00 seconds",
        "errorType": "Sandbox.Timedout",
        "requestId": answer["requestId"],
    }
    *_, pid = re.findall(r"asleep in (\d+)", (small_stack.state / "server.log").read_text())
    wait_until(lambda: not Path("/proc", pid).exists())
    assert small_stack.invoke(name="you")[1] is None


def test_output_is_in_the_log_group_and_in_the_servers_log(small_stack: SmallStack) -> None:
    # When
    small_stack.invoke(name="somebody")

    # Then
    logs = small_stack.info.session().client("logs")
    group = f"/aws/lambda/{small_stack.outputs['GreetFunction']}"
    events = logs.filter_log_events(logGroupName=group)["events"]
    assert "greeting somebody" in [event["message"].strip() for event in events]


def test_invocations_at_once_have_workers_of_their_own(small_stack: SmallStack) -> None:
    # Given a function that has been called, so that its name and a client are at hand
    small_stack.invoke(name="you")

    # When each lasts longer than the callers take to get going on a busy machine
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: small_stack.invoke(sleep=2), range(8)))

    # Then
    assert len({answer["pid"] for answer, _ in answers}) == 8
