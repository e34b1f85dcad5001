"""Glue on the local stack: the partition calls and rights that the emulator alone gets wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.stack import StackInfo
    from tests.integration.conftest import SmallStack

ARN = "arn:aws:glue:us-east-1:000000000000"
DAYS = [f"2004-05-{day:02d}" for day in range(1, 31)]


def partition(day: str, build: int = 1) -> dict[str, Any]:
    return {"Values": [day], "StorageDescriptor": {"Location": f"s3://b/{build}/dt={day}/"}}


@pytest.fixture
def glue(small_stack: SmallStack) -> Iterator[Any]:
    """A Glue client and a table `kpi.sample` with thirty days."""
    client = small_stack.info.session().client("glue")
    keys = [{"Name": "dt", "Type": "string"}]
    client.create_table(DatabaseName="kpi", TableInput={"Name": "sample", "PartitionKeys": keys})
    client.batch_create_partition(
        DatabaseName="kpi", TableName="sample", PartitionInputList=[partition(d) for d in DAYS]
    )
    yield client
    client.delete_table(DatabaseName="kpi", Name="sample")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("dt = '2004-05-20'", ["2004-05-20"]),
        ("dt BETWEEN '2004-05-02' AND '2004-05-04'", DAYS[1:4]),
        ("dt >= '2004-05-29'", DAYS[28:]),
        ("dt IN ('2004-05-01', '2004-05-30') AND NOT dt < '2004-05-02'", ["2004-05-30"]),
        ("(dt < '2004-05-02' OR dt > '2004-05-29')", ["2004-05-01", "2004-05-30"]),
        ("dt LIKE '2004-05-1%' AND dt <> '2004-05-10'", DAYS[10:19]),
        ("", DAYS),
    ],
)
def test_get_partitions_filters_as_glue_does(
    glue: Any, expression: str, expected: list[str]
) -> None:
    # When
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName="kpi",
        TableName="sample",
        Expression=expression,
        PaginationConfig={"PageSize": 7},
    )

    # Then
    assert [part["Values"][0] for page in pages for part in page["Partitions"]] == expected


def test_get_partitions_refuses_what_is_no_partition_key(glue: Any) -> None:
    with pytest.raises(glue.exceptions.InvalidInputException, match="not a partition key"):
        glue.get_partitions(DatabaseName="kpi", TableName="sample", Expression="hour = '1'")


def test_partitions_are_updated_and_deleted_in_batches_with_errors_in_the_body(glue: Any) -> None:
    # Given
    where = {"DatabaseName": "kpi", "TableName": "sample"}

    # When
    glue.update_partition(
        **where, PartitionValueList=[DAYS[0]], PartitionInput=partition(DAYS[0], 2)
    )
    entries = [
        {"PartitionValueList": [day], "PartitionInput": partition(day, 3)}
        for day in (DAYS[1], "1999-01-01")
    ]
    updated = glue.batch_update_partition(**where, Entries=entries)
    deleted = glue.batch_delete_partition(
        **where, PartitionsToDelete=[{"Values": [DAYS[2]]}, {"Values": ["1999-01-01"]}]
    )

    # Then
    found = glue.get_partitions(**where)["Partitions"]
    locations = [part["StorageDescriptor"]["Location"] for part in found[:3]]
    assert locations == [
        f"s3://b/2/dt={DAYS[0]}/",
        f"s3://b/3/dt={DAYS[1]}/",
        f"s3://b/1/dt={DAYS[3]}/",
    ]
    assert [error["ErrorDetail"]["ErrorCode"] for error in updated["Errors"]] == [
        "EntityNotFoundException"
    ]
    assert [error["PartitionValues"] for error in deleted["Errors"]] == [["1999-01-01"]]
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_partition(**where, PartitionInput=partition(DAYS[0]))


def user_of(info: StackInfo, name: str, statement: dict[str, Any]) -> boto3.Session:
    """A session of an IAM user who may do what one statement says."""
    iam = info.session().client("iam")
    iam.create_user(UserName=name)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=info.region)


def test_a_table_call_needs_catalog_database_and_table(small_stack: SmallStack, glue: Any) -> None:
    # Given
    arns = [f"{ARN}:catalog", f"{ARN}:database/kpi", f"{ARN}:table/kpi/*"]

    # When / Then
    for missing in (None, *arns):
        session = user_of(
            small_stack.info,
            f"reader-{arns.index(missing) if missing else 'whole'}",
            {"Action": "glue:GetTable", "Resource": [arn for arn in arns if arn != missing]},
        )
        client = session.client("glue", endpoint_url=small_stack.info.endpoint_url)
        if missing is None:
            assert client.get_table(DatabaseName="kpi", Name="sample")["Table"]
        else:
            with pytest.raises(client.exceptions.AccessDeniedException):
                client.get_table(DatabaseName="kpi", Name="sample")


def test_a_crawler_is_checked_as_a_crawler(small_stack: SmallStack) -> None:
    # Given
    aws = small_stack.info.session()
    trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    role = aws.client("iam").create_role(
        RoleName="crawler", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )
    aws.client("glue").create_crawler(
        Name="sample-raw",
        Role=role["Role"]["Arn"],
        DatabaseName="kpi",
        Targets={"S3Targets": [{"Path": "s3://b/raw/"}]},
    )
    arn = f"{ARN}:crawler/sample-raw"
    statement = {"Action": "glue:GetCrawler", "Resource": arn}
    session = user_of(small_stack.info, "crawler-reader", statement)
    client = session.client("glue", endpoint_url=small_stack.info.endpoint_url)

    # When / Then
    assert client.get_crawler(Name="sample-raw")["Crawler"]["Name"] == "sample-raw"
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.start_crawler(Name="sample-raw")
