"""A query reads and writes with the caller's rights, and with nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.local_athena.client import Client

CTAS = (
    "CREATE TABLE build.{name} WITH (external_location = 's3://{bucket}/builds/{name}/', "
    "partitioned_by = ARRAY['dt']) AS SELECT id, dt FROM rights"
)


def rights(bucket: str, **changes: list[str]) -> list[dict[str, Any]]:
    """What a role needs for a CTAS from lake.rights into build, with actions left out by name."""
    base = "arn:aws:glue:us-east-1:000000000000:"
    lake = [f"{base}catalog", f"{base}database/lake", f"{base}table/lake/*"]
    build = [f"{base}catalog", f"{base}database/build", f"{base}table/build/*"]
    given = {
        "athena:*": ["*"],
        "glue:GetTable": [*lake, *build],
        "glue:GetPartitions": lake,
        "glue:GetDatabase": [*lake, *build],
        "glue:CreateTable": build,
        "glue:BatchCreatePartition": build,
        "s3:GetBucketLocation": [f"arn:aws:s3:::{bucket}"],
        "s3:ListBucket": [f"arn:aws:s3:::{bucket}"],
        "s3:GetObject": [f"arn:aws:s3:::{bucket}/*"],
        "s3:PutObject": [f"arn:aws:s3:::{bucket}/*"],
        **changes,
    }
    return [
        {"Effect": "Allow", "Action": action, "Resource": resources}
        for action, resources in given.items()
        if resources
    ]


@pytest.fixture(scope="module")
def table(client: Client) -> str:
    """A table with one partition."""
    client.table("rights", {"id": "string"}, "raw/rights/", keys={"dt": "string"})
    client.put_json("raw/rights/dt=1/a.json", [{"id": "a"}])
    client.partition("rights", ["1"], {"id": "string"}, "raw/rights/dt=1/")
    return "rights"


def test_all_rights_are_enough(client: Client, table: str) -> None:
    # Given a role with what a CTAS needs
    role = client.as_role("complete", rights(client.bucket))

    # When it builds and reads
    built = role.run(CTAS.format(name="complete", bucket=client.bucket))

    # Then it may
    assert built.state == "SUCCEEDED", built.reason
    assert role.rows("SELECT id FROM rights") == [["a"]]


@pytest.mark.parametrize(
    ("action", "resources", "text"),
    [
        ("s3:GetObject", "arn:aws:s3:::{bucket}/results/*", "Access Denied"),
        ("s3:ListBucket", "", "Access Denied"),
        ("glue:GetTable", "", "Insufficient permissions to execute the query"),
        ("glue:GetPartitions", "", "Insufficient permissions to execute the query"),
        ("glue:CreateTable", "", "Insufficient permissions to execute the query"),
        ("glue:BatchCreatePartition", "", "Insufficient permissions to execute the query"),
        ("s3:PutObject", "arn:aws:s3:::{bucket}/results/*", "Access Denied"),
    ],
)
def test_one_right_is_missing(
    client: Client, table: str, action: str, resources: str, text: str,
) -> None:  # fmt: skip
    # Given a role that lacks one right
    name = action.replace(":", "-").lower()
    left = [resources.format(bucket=client.bucket)] if resources else []
    role = client.as_role(name, rights(client.bucket, **{action: left}))

    # When it builds
    failed = role.run(CTAS.format(name=name.replace("-", "_"), bucket=client.bucket))

    # Then the query fails and names who lacks what
    assert failed.state == "FAILED"
    assert failed.reason is not None
    assert text in failed.reason
    assert action in failed.reason
    assert f"assumed-role/{name}/test" in failed.reason


def test_results_need_a_right_too(client: Client, table: str) -> None:
    # Given a role that may not write to the results' place
    role = client.as_role("no-results", rights(client.bucket, **{"s3:PutObject": []}))

    # When it selects
    failed = role.run("SELECT 1")

    # Then it fails in Athena's words
    assert failed.reason is not None
    assert failed.reason.startswith("Access denied when writing output to url: s3://")


def test_the_bucket_must_be_visible(client: Client, table: str) -> None:
    # Given a role that may not see where the bucket is
    role = client.as_role("no-bucket", rights(client.bucket, **{"s3:GetBucketLocation": []}))

    # When it starts a query
    # Then the query is not accepted
    with pytest.raises(ClientError, match="Unable to verify/create output bucket"):
        role.start("SELECT 1")
