"""What was answered survives SIGKILL, whenever it comes."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import botocore.exceptions
import pytest
from botocore.config import Config

from dayfold.errors import ConfigurationError
from dayfold_local import process, stack
from dayfold_local.folder import StateFolder
from tests.integration.conftest import outputs_of, processes_on, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dayfold_local.stack import StackInfo

IMPATIENT = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)


def kill(info: StackInfo) -> None:
    os.kill(info.pid, signal.SIGKILL)
    wait_until(lambda: not process.answers(info.port))


def answering(state: Path) -> StackInfo | None:
    info = stack.info(state)
    return info if info is not None and process.answers(info.port) else None


class Writer(threading.Thread):
    """Writes to every service in turn and notes what was answered, until the server is gone."""

    def __init__(self, info: StackInfo, names: dict[str, str], turn: int) -> None:
        super().__init__(daemon=True)
        session = info.session()
        self.clients: dict[str, Any] = {
            name: session.client(name, config=IMPATIENT)
            for name in ("dynamodb", "s3", "glue", "sqs", "ssm")
        }
        self.names = names
        self.turn = turn
        self.answered: dict[str, set[str]] = {name: set() for name in self.clients}
        self.sent: dict[str, set[str]] = {name: set() for name in self.clients}

    def run(self) -> None:
        number = 0
        try:
            while True:
                for service in self.clients:
                    key = f"{self.turn:02d}-{number:05d}"
                    self.sent[service].add(key)
                    getattr(self, f"write_{service}")(key)
                    self.answered[service].add(key)
                number += 1
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, OSError):
            return

    def write_dynamodb(self, key: str) -> None:
        table = self.names["Ledger"]
        put = [
            {
                "Put": {
                    "TableName": table,
                    "Item": {"pk": {"S": half}, "sk": {"S": key}},
                }
            }
            for half in ("left", "right")
        ]
        self.clients["dynamodb"].transact_write_items(TransactItems=put)

    def write_s3(self, key: str) -> None:
        self.clients["s3"].put_object(
            Bucket=self.names["Bucket"], Key=f"raw/{key}", Body=key.encode() * 1000,
            Metadata={"key": key},
        )  # fmt: skip

    def write_glue(self, key: str) -> None:
        partition = {"Values": [key], "StorageDescriptor": {"Location": f"s3://x/{key}"}}
        self.clients["glue"].create_partition(
            DatabaseName="kpi", TableName="posts", PartitionInput=partition
        )

    def write_sqs(self, key: str) -> None:
        self.clients["sqs"].send_message(QueueUrl=self.names["Jobs"], MessageBody=key)

    def write_ssm(self, key: str) -> None:
        self.clients["ssm"].put_parameter(Name="/last", Value=key, Type="String", Overwrite=True)


def found(info: StackInfo, names: dict[str, str]) -> dict[str, set[str]]:
    """What the stack remembers of what the writers wrote."""
    session = info.session()
    items = session.client("dynamodb").get_paginator("scan").paginate(TableName=names["Ledger"])
    halves: dict[str, set[str]] = {"left": set(), "right": set()}
    for page in items:
        for item in page["Items"]:
            halves[item["pk"]["S"]].add(item["sk"]["S"])
    assert halves["left"] == halves["right"]  # never half a transaction
    s3 = session.client("s3")
    listed = s3.get_paginator("list_objects_v2").paginate(Bucket=names["Bucket"])
    objects = {entry["Key"].removeprefix("raw/") for page in listed for entry in page["Contents"]}
    glue = session.client("glue").get_paginator("get_partitions")
    partitions = glue.paginate(DatabaseName="kpi", TableName="posts")
    return {
        "dynamodb": halves["left"],
        "s3": objects,
        "glue": {part["Values"][0] for page in partitions for part in page["Partitions"]},
        "sqs": all_messages(session.client("sqs"), names["Jobs"]),
    }


def all_messages(sqs: Any, url: str) -> set[str]:
    bodies: set[str] = set()
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600, WaitTimeSeconds=0
        )
        if not answer.get("Messages"):
            return bodies
        bodies |= {message["Body"] for message in answer["Messages"]}


def test_kills_while_writing_lose_nothing_answered(started: Callable[..., StackInfo]) -> None:
    # Given
    info = started()
    names = outputs_of(info)
    keys = [{"Name": "dt", "Type": "string"}]
    info.session().client("glue").create_table(
        DatabaseName="kpi", TableInput={"Name": "posts", "PartitionKeys": keys}
    )
    chance = random.Random(20040520)
    answered: dict[str, set[str]] = {}
    sent: dict[str, set[str]] = {}

    for turn in range(4):
        # When
        writers = [Writer(info, names, turn * 10 + number) for number in range(2)]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.2, 0.8))
        kill(info)
        for writer in writers:
            writer.join()
            for service, keys_answered in writer.answered.items():
                answered.setdefault(service, set()).update(keys_answered)
                sent.setdefault(service, set()).update(writer.sent[service])
        info = started()

        # Then
        remembered = found(info, names)
        for service, seen in remembered.items():
            assert answered[service] <= seen, service
            assert seen <= sent[service], service
        last = info.session().client("ssm").get_parameter(Name="/last")["Parameter"]["Value"]
        assert last in sent["ssm"]
    assert min(len(keys) for keys in answered.values()) > 20
    body = info.session().client("s3").get_object(
        Bucket=names["Bucket"], Key=f"raw/{min(answered['s3'])}"
    )  # fmt: skip
    assert body["Metadata"] == {"key": min(answered["s3"])}
    assert body["Body"].read() == min(answered["s3"]).encode() * 1000


def test_deployment_survives_a_kill(started: Callable[..., StackInfo]) -> None:
    # Given
    info = started()
    names = outputs_of(info)

    # When
    kill(info)
    again = started()

    # Then
    assert again.pid != info.pid
    assert outputs_of(again) == names
    answer = again.session().client("lambda").invoke(
        FunctionName=names["GreetFunction"],
        Payload=json.dumps({"name": "you", "write": "a", "table": names["Ledger"]}).encode(),
    )  # fmt: skip
    assert "FunctionError" not in answer


def test_kill_in_the_middle_of_a_deployment_is_mended_by_the_next_up(
    started: Callable[..., StackInfo], state: Path
) -> None:
    # Given the template is stored; a question to the server would be answered after its work only
    with ThreadPoolExecutor(1) as threads:
        deploying = threads.submit(started)
        info = wait_until(lambda: answering(state))
        wait_until(lambda: list(state.rglob("dayfold-artifacts/template.json")))
        time.sleep(0.1)

        # When
        kill(info)
        failure = deploying.exception()
    again = started()

    # Then
    assert failure is not None
    assert "Bucket" in outputs_of(again)


def test_running_execution_is_found_ended_and_its_worker_is_gone(
    started: Callable[..., StackInfo], state: Path
) -> None:
    # Given
    info = started()
    names = outputs_of(info)
    states = info.session().client("stepfunctions")
    done = states.start_execution(
        stateMachineArn=names["GreetStateMachine"], name="done", input='{"name": "a"}'
    )["executionArn"]
    wait_until(lambda: states.describe_execution(executionArn=done)["status"] != "RUNNING")
    running = states.start_execution(
        stateMachineArn=names["GreetStateMachine"], name="running", input='{"sleep": 60}'
    )["executionArn"]
    wait_until(lambda: "asleep in" in (state / "server.log").read_text())

    # When
    kill(info)
    wait_until(lambda: not processes_on(state), seconds=5)
    states = started().session().client("stepfunctions")

    # Then
    ended = states.describe_execution(executionArn=running)
    assert ended["status"] == "FAILED"
    assert ended["error"] == "States.ServiceRestart"
    history = states.get_execution_history(executionArn=running)["events"]
    assert history[-1]["type"] == "ExecutionFailed"
    assert states.describe_execution(executionArn=done)["status"] == "SUCCEEDED"
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(
            stateMachineArn=names["GreetStateMachine"], name="running", input="{}"
        )


def test_message_in_flight_comes_back_and_a_deleted_one_does_not(
    started: Callable[..., StackInfo],
) -> None:
    # Given
    info = started()
    url = outputs_of(info)["Jobs"]
    sqs = info.session().client("sqs")
    for body in ("stays", "goes"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
    for message in received["Messages"]:
        if message["Body"] == "goes":
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    # When
    kill(info)
    sqs = started().session().client("sqs")

    # Then
    assert all_messages(sqs, url) == {"stays"}


def test_torn_end_of_the_journal_is_dropped_and_damage_within_is_told(
    started: Callable[..., StackInfo], state: Path
) -> None:
    # Given
    info = started()
    names = outputs_of(info)
    table = info.session().client("dynamodb")
    for key in ("a", "b"):
        table.put_item(TableName=names["Ledger"], Item={"pk": {"S": "p"}, "sk": {"S": key}})
    kill(info)
    journal = max(StateFolder(state).journal.iterdir())
    whole = journal.read_bytes()
    assert whole.count(b"\n") == 2

    # When
    journal.write_bytes(whole[:-7])
    info = started()

    # Then
    kept = info.session().client("dynamodb").scan(TableName=names["Ledger"])["Items"]
    assert [item["sk"]["S"] for item in kept] == ["a"]

    # And given
    kill(info)
    damaged = StateFolder(state).journal / "99999998.journal"
    damaged.write_bytes(b"garbage\n" + whole)

    # When / Then
    with pytest.raises(ConfigurationError, match="journal is damaged"):
        started()
