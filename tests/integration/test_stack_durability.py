"""What was answered survives SIGKILL, whenever it comes."""

from __future__ import annotations

import functools
import os
import random
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
from tests.integration.conftest import outputs_of, wait_until
from tests.integration.killing import all_messages, kill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dayfold_local.stack import StackInfo

TURNS = int(os.environ.get("DAYFOLD_KILLS", "3"))
ROUNDS = 5  # a writer has written so often to each service before the server is killed
IMPATIENT = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30)


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
        self.rounds = 0

    def run(self) -> None:
        try:
            while True:
                for service in self.clients:
                    key = f"{self.turn:02d}-{self.rounds:05d}"
                    self.sent[service].add(key)
                    getattr(self, f"write_{service}")(key)
                    self.answered[service].add(key)
                self.rounds += 1
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


def under_way(writers: list[Writer]) -> bool:
    """Whether each of them has written to every service some times."""
    return min(writer.rounds for writer in writers) >= ROUNDS


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

    for turn in range(TURNS):
        # When
        writers = [Writer(info, names, turn * 10 + number) for number in range(2)]
        for writer in writers:
            writer.start()
        wait_until(functools.partial(under_way, writers))
        time.sleep(chance.uniform(0, 0.3))
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
    assert min(len(keys) for keys in answered.values()) >= 2 * TURNS * ROUNDS
    body = info.session().client("s3").get_object(
        Bucket=names["Bucket"], Key=f"raw/{min(answered['s3'])}"
    )  # fmt: skip
    assert body["Metadata"] == {"key": min(answered["s3"])}
    assert body["Body"].read() == min(answered["s3"]).encode() * 1000


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
