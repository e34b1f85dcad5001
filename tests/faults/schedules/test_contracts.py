"""The fakes answer as moto does: all that a few schedules ask of them is asked of moto again."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests import fast_moto
from tests.faults.schedules.scenario import PROFILES
from tests.faults.schedules.schedule import run_schedule
from tests.faults.schedules.world import BUCKET, DATABASES, LEDGER, TABLES, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

fast_moto.patch()

SEEDS = [next(n for n, one in enumerate(PROFILES) if one.name == name) for name in ("all at once",)]
# moto has no crawler and does not mind which version of a table an update names.
NOT_IN_MOTO = {("glue", "get_crawler"), ("glue", "start_crawler")}
REFUSED_BY_AWS_ALONE = {"VersionMismatchException"}


@dataclasses.dataclass
class Call:
    """What was asked of a fake, and what it said."""

    service: str
    operation: str
    params: dict[str, Any]
    said: Any


def record(fake: Any, service: str, operations: list[str], calls: list[Call]) -> None:
    """Let a fake note what it is asked; what it asks of itself on the way is not noted."""
    inside = False

    def noting(operation: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def noted(**params: Any) -> Any:
            nonlocal inside
            if inside:
                return ask(**params)
            inside = True
            given = copy.deepcopy(params)
            try:
                answer = ask(**params)
                calls.append(Call(service, operation, given, copy.copy(answer)))
            except ClientError as error:
                calls.append(Call(service, operation, given, error.response["Error"]["Code"]))
                raise
            finally:
                inside = False
            return answer

        return noted

    for operation in operations:
        setattr(fake, operation, noting(operation, getattr(fake, operation)))


def recorded(seed: int) -> list[Call]:
    """All calls of one schedule to DynamoDB, S3 and Glue, in order."""
    calls: list[Call] = []

    def prepare(world: World) -> None:
        for service in ("dynamodb", "s3", "glue"):
            fake = getattr(world, service)
            client = boto3.client(service, "us-east-1")
            known = [name for name in dir(fake) if name in client.meta.method_to_api_mapping]
            record(fake, service, known, calls)

    result = run_schedule(seed, prepare=prepare, page=1_000)
    assert result.failure is None, result.told()
    return [call for call in calls if (call.service, call.operation) not in NOT_IN_MOTO]


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """moto's clients, over a world as the schedules' is before it begins."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        clients: dict[str, Any] = {
            name: boto3.client(name, "us-east-1") for name in ("dynamodb", "s3", "glue")
        }
        clients["s3"].create_bucket(Bucket=BUCKET)
        for database in DATABASES:
            clients["glue"].create_database(DatabaseInput={"Name": database})
        for database, table in TABLES:
            clients["glue"].create_table(
                DatabaseName=database,
                TableInput={
                    "Name": table,
                    "StorageDescriptor": {"Columns": []},
                    "PartitionKeys": [{"Name": "dt", "Type": "string"}],
                },
            )
        make_ledger(clients["dynamodb"])
        yield clients


def make_ledger(dynamodb: Any) -> None:
    keys = ("pk", "sk", "gsi1pk", "gsi1sk")
    index = [("gsi1pk", "HASH"), ("gsi1sk", "RANGE")]
    dynamodb.create_table(
        TableName=LEDGER,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "runs",
                "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in index],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def gist(call: Call, said: Any) -> Any:  # noqa: PLR0911 - one for each kind of call
    """What the pipeline may rely on in an answer."""
    if isinstance(said, str):
        return said
    if call.operation in {"get_item", "query"}:
        return said.get("Item"), said.get("Items"), said.get("LastEvaluatedKey")
    if call.operation == "batch_get_item":
        items = [one for some in said["Responses"].values() for one in some]
        return sorted(items, key=str), said.get("UnprocessedKeys")
    if call.operation == "list_objects_v2":
        files = [(one["Key"], one["Size"], one["ETag"]) for one in said.get("Contents", [])]
        return files, [one["Prefix"] for one in said.get("CommonPrefixes", [])], said["IsTruncated"]
    if call.operation == "get_table":
        return storage(said["Table"])
    if call.operation == "get_tables":
        return sorted(one["Name"] for one in said["TableList"])
    if call.operation in {"batch_get_partition", "get_partitions"}:
        return sorted((one["Values"], storage(one)) for one in said["Partitions"])
    if call.operation.startswith("batch_"):
        values = ("PartitionValueList", "PartitionValues", "TableName")
        return [[one.get(name) for name in values] for one in said.get("Errors", [])]
    return None


def storage(described: dict[str, Any]) -> list[Any]:
    kept = described["StorageDescriptor"]
    return [kept.get("Location", ""), [one["Name"] for one in kept.get("Columns", [])]]


@pytest.mark.parametrize("seed", SEEDS)
def test_moto_says_the_same(seed: int, moto: dict[str, Any]) -> None:
    # Given all that a schedule has asked of the fakes
    calls = recorded(seed)
    assert len(calls) > 300
    # When
    tokens: set[str] = set()
    for number, call in enumerate(calls):
        # moto knows no tokens: a transaction that is repeated would be another one.
        token = call.params.get("ClientRequestToken")
        if token in tokens:
            continue
        if token is not None and isinstance(call.said, dict):
            tokens.add(token)
        if call.said in REFUSED_BY_AWS_ALONE if isinstance(call.said, str) else False:
            continue
        params = {"Bucket": BUCKET, **call.params} if call.service == "s3" else call.params
        if call.service == "dynamodb" and not call.operation.startswith(("transact", "batch")):
            params = {"TableName": LEDGER, **params}
        try:
            said = getattr(moto[call.service], call.operation)(**params)
        except ClientError as error:
            said = error.response["Error"]["Code"]
        # Then
        assert gist(call, said) == gist(call, call.said), (number, call.operation, params)
