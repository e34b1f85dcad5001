"""`dayfold history`: what readers saw of many partitions, and the table of it written anew."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
from typing import TYPE_CHECKING

import pytest

from dayfold.domain.partition import BuildRecord, RollbackRecord
from tests.unit.cli.conftest import OUTPUTS
from tests.unit.cli.fakes import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_cli.deployment import Deployment
    from tests.unit.cli.conftest import Result
    from tests.unit.cli.fakes import FakeLedger

NEXT = DAY + dt.timedelta(days=1)
WHEN = "2004-05-21T0{}:00:00+00:00"


@pytest.fixture
def told(ledger: FakeLedger) -> FakeLedger:
    """Two tables: one built twice and rolled back, the other built once the day after."""
    builds = [
        BuildRecord(str(DAY), n, f"b{n}", f"run-{n}", "published", WHEN.format(n), cost_usd=0.5)
        for n in (1, 3)
    ]
    undo = RollbackRecord(str(DAY), 4, "b1", "rollback-4", WHEN.format(4), "b3", by="ann")
    other = BuildRecord(str(NEXT), 1, "p1", "run-2", "published", WHEN.format(2))
    ledger.history["kpi.active_users", DAY] = builds
    ledger.rollbacks["kpi.active_users", DAY] = [undo]
    ledger.history["staging.posts", NEXT] = [other]
    return ledger


def test_all_that_readers_saw_comes_in_the_order_of_time(
    dayfold: Callable[..., Result], told: FakeLedger
) -> None:
    # Given
    del told
    # When
    result = dayfold("history", "--format", "csv")
    # Then
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [(row["table"], row["build_id"]) for row in rows] == [
        ("kpi.active_users", "b1"),
        ("staging.posts", "p1"),
        ("kpi.active_users", "b3"),
        ("kpi.active_users", "b1"),
    ]
    assert (rows[-1]["cause"], rows[-1]["by"], rows[-1]["undone_build_id"]) == (
        "rollback",
        "ann",
        "b3",
    )


@pytest.mark.parametrize(
    ("options", "lines"),
    [(("--from", str(NEXT)), 1), (("--table", "active_users"), 3), (("--from", "2003-01-01"), 0)],
)
def test_days_and_tables_can_be_named(
    dayfold: Callable[..., Result], told: FakeLedger, options: tuple[str, ...], lines: int
) -> None:
    # Given
    del told
    # When
    result = dayfold("history", *options)
    # Then
    assert result.code == 0
    assert len(result.out.splitlines()) == 1 + lines


def test_the_table_is_written_anew_a_file_a_run_and_date(
    dayfold: Callable[..., Result], told: FakeLedger, deployment: Deployment
) -> None:
    # Given
    del told
    glue, s3 = deployment.client("glue"), deployment.client("s3")
    glue.create_database(DatabaseInput={"Name": "ops"})
    glue.create_table(
        DatabaseName="ops",
        TableInput={
            "Name": "publications",
            "PartitionKeys": [{"Name": "published_on", "Type": "string"}],
        },
    )
    # When
    result = dayfold("history", "--rebuild")
    # Then
    assert "4 publications in ops.publications" in result.err
    listed = s3.list_objects_v2(Bucket=OUTPUTS["Bucket"], Prefix="ops/publications/")["Contents"]
    place = "ops/publications/published_on=2004-05-21/{}.json.gz"
    runs = ("rollback-4", "run-1", "run-2", "run-3")
    assert [one["Key"] for one in listed] == [place.format(run) for run in runs]
    body = s3.get_object(Bucket=OUTPUTS["Bucket"], Key=place.format("run-3"))["Body"].read()
    (line,) = [json.loads(text) for text in gzip.decompress(body).splitlines()]
    assert (line["build_id"], line["cost_usd"]) == ("b3", 0.5)


def test_a_part_of_the_table_is_not_written(
    dayfold: Callable[..., Result], told: FakeLedger
) -> None:
    # Given
    del told
    # When
    result = dayfold("history", "--rebuild", "--table", "active_users")
    # Then
    assert result.code == 2
    assert "--rebuild writes the whole table" in result.err
