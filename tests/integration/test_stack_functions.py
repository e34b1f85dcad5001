"""Functions on the local stack: whose code, whose rights, what errors, what logs."""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from tests.integration.conftest import outputs_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.stack import StackInfo


def invoke(info: StackInfo, names: dict[str, str], **event: Any) -> tuple[Any, str | None]:
    client = info.session().client("lambda", config=Config(max_pool_connections=20))
    answer = client.invoke(FunctionName=names["GreetFunction"], Payload=json.dumps(event).encode())
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def test_runs_the_deployed_code_with_this_interpreter(started: Callable[..., StackInfo]) -> None:
    # Given
    info = started()

    # When
    answer, error = invoke(info, outputs_of(info), name="you")

    # Then
    assert error is None
    assert answer["text"] == "hello, you"
    assert answer["python"] == sys.executable
    assert "/tmp/unpacked/" in answer["code"]
    assert 2000 < answer["left"] <= 3000


def test_errors_have_their_class_name_and_keep_the_worker(
    started: Callable[..., StackInfo],
) -> None:
    # Given
    info = started()
    names = outputs_of(info)
    before = {invoke(info, names, name="you")[0]["pid"] for _ in range(5)}

    # When
    answer, error = invoke(info, names, refuse=True)
    after, _ = invoke(info, names, name="you")

    # Then
    assert error == "Unhandled"
    assert answer["errorType"] == "Refused"
    assert answer["errorMessage"] == "not you"
    assert after["pid"] in before


def test_step_functions_catches_an_error_by_its_class_name(
    started: Callable[..., StackInfo],
) -> None:
    # Given
    info = started()
    states = info.session().client("stepfunctions")

    # When
    arn = states.start_execution(
        stateMachineArn=outputs_of(info)["GreetStateMachine"], input='{"refuse": true}'
    )["executionArn"]
    wait_until(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")

    # Then
    seen = states.describe_execution(executionArn=arn)
    assert seen["status"] == "SUCCEEDED"
    assert json.loads(seen["output"]) == {"text": "caught"}


def test_role_decides_what_a_function_may_do(started: Callable[..., StackInfo]) -> None:
    # Given
    info = started()
    names = outputs_of(info)

    # When
    _, allowed = invoke(info, names, write="a", table=names["Ledger"])
    answer, refused = invoke(info, names, read="a", table=names["Ledger"])

    # Then
    assert allowed is None
    assert refused == "Unhandled"
    assert "AccessDeniedException" in answer["errorMessage"]
    assert "dynamodb:GetItem" in answer["errorMessage"]


def test_timeout_ends_the_worker_and_says_so(
    started: Callable[..., StackInfo], state: Path
) -> None:
    # Given
    info = started()
    names = outputs_of(info)

    # When
    answer, error = invoke(info, names, sleep=30)

    # Then
    assert error == "Unhandled"
    assert answer == {
        "errorMessage": "Task timed out after 3.00 seconds",
        "errorType": "Sandbox.Timedout",
        "requestId": answer["requestId"],
    }
    pid = re.search(r"asleep in (\d+)", (state / "server.log").read_text())
    assert pid is not None
    wait_until(lambda: not Path("/proc", pid[1]).exists())
    assert invoke(info, names, name="you")[1] is None


def test_invocations_at_once_have_workers_of_their_own(started: Callable[..., StackInfo]) -> None:
    # Given
    info = started()
    names = outputs_of(info)

    # When each lasts longer than the callers take to get going on a busy machine
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: invoke(info, names, sleep=2), range(8)))

    # Then
    assert len({answer["pid"] for answer, _ in answers}) == 8


def test_output_is_in_the_log_group_and_in_the_servers_log(
    started: Callable[..., StackInfo],
) -> None:
    # Given
    info = started()
    names = outputs_of(info)

    # When
    invoke(info, names, name="somebody")

    # Then
    logs = info.session().client("logs")
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{names['GreetFunction']}")["events"]
    assert "greeting somebody" in [event["message"].strip() for event in events]
