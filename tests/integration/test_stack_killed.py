"""What was under way when the server was killed, as the next one finds it."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from dayfold_local import stack
from dayfold_local.stack import StackInfo
from tests.integration.conftest import (
    free_port,
    outputs_of,
    processes_on,
    small_project,
    wait_until,
)
from tests.integration.killing import all_messages, kill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Killed:
    """A stack that was killed and started again, and what was under way."""

    before: StackInfo
    after: StackInfo
    names: dict[str, str]
    done: str  # an execution that had ended
    running: str  # one that had not


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    """Killed with an execution under way, a message in flight, and another one deleted."""
    folder = tmp_path_factory.mktemp("killed")
    project, state = small_project(folder / "project"), folder / "state"
    try:
        info = stack.up(state, free_port(), {}, project)
        names = outputs_of(info)
        done, running = under_way(info, names, state)
        send_and_receive(info, names["Jobs"])
        kill(info)
        wait_until(lambda: not processes_on(state))
        yield Killed(info, stack.up(state, info.port, {}, project), names, done, running)
    finally:
        stack.down(state)


def under_way(info: StackInfo, names: dict[str, str], state: Path) -> tuple[str, str]:
    """An execution that has ended, and one whose function is at work."""
    states = info.session().client("stepfunctions")
    machine = names["GreetStateMachine"]
    done = states.start_execution(stateMachineArn=machine, name="done", input='{"name": "a"}')
    arn = str(done["executionArn"])
    wait_until(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")
    running = states.start_execution(stateMachineArn=machine, name="running", input='{"sleep": 60}')
    wait_until(lambda: "asleep in" in (state / "server.log").read_text())
    return arn, str(running["executionArn"])


def send_and_receive(info: StackInfo, url: str) -> None:
    """Two messages that somebody has taken, of which one is done with."""
    sqs = info.session().client("sqs")
    for body in ("stays", "goes"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
    for message in received["Messages"]:
        if message["Body"] == "goes":
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_deployment_survives_a_kill(killed: Killed) -> None:
    # When
    names, again = killed.names, killed.after

    # Then
    assert again.pid != killed.before.pid
    assert outputs_of(again) == names
    answer = again.session().client("lambda").invoke(
        FunctionName=names["GreetFunction"],
        Payload=json.dumps({"name": "you", "write": "a", "table": names["Ledger"]}).encode(),
    )  # fmt: skip
    assert "FunctionError" not in answer


def test_running_execution_is_found_ended(killed: Killed) -> None:
    # When
    states = killed.after.session().client("stepfunctions")

    # Then
    ended = states.describe_execution(executionArn=killed.running)
    assert ended["status"] == "FAILED"
    assert ended["error"] == "States.ServiceRestart"
    history = states.get_execution_history(executionArn=killed.running)["events"]
    assert history[-1]["type"] == "ExecutionFailed"
    assert states.describe_execution(executionArn=killed.done)["status"] == "SUCCEEDED"
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(
            stateMachineArn=killed.names["GreetStateMachine"], name="running", input="{}"
        )


def test_message_in_flight_comes_back_and_a_deleted_one_does_not(killed: Killed) -> None:
    # When
    sqs = killed.after.session().client("sqs")

    # Then
    assert all_messages(sqs, killed.names["Jobs"]) == {"stays"}
