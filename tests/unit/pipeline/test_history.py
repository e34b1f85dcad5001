"""`ops.publications`: what was published, told from the ledger and never in the way."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.adapters.ops_table import PUBLICATIONS, OpsTable
from dayfold.domain.days import day_range
from dayfold.errors import ThrottledError
from dayfold.history import save_publications
from dayfold.sweep import make_up
from tests.unit.pipeline.rolling import DAY, back, build
from tests.unit.pipeline.world import BUCKET, client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

MAY = [str(day) for day in day_range(dt.date(2004, 5, 1), dt.date(2004, 5, 31))]
WEEKLY = "kpi.weekly"
PREFIX = "ops/publications/published_on=2004-06-10/"


@pytest.fixture(autouse=True)
def table(world: World) -> None:
    """The table, as the template makes it."""
    del world
    keys = [{"Name": "published_on", "Type": "string"}]
    client("glue").create_table(
        DatabaseName="ops", TableInput={"Name": "publications", "PartitionKeys": keys}
    )


def files() -> dict[str, list[dict[str, Any]]]:
    """What the table holds, by key."""
    s3 = client("s3")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="ops/publications/").get("Contents", [])
    return {
        one["Key"]: [
            json.loads(line)
            for line in gzip.decompress(
                s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
            ).splitlines()
        ]
        for one in listed
    }


def test_a_run_and_a_rollback_leave_one_file_each(world: World) -> None:
    # Given
    world.land(*MAY)
    # When
    build(world, "run-1", str(DAY), tables=[WEEKLY])
    build(world, "run-2", str(DAY), tables=[WEEKLY])
    back(world, "rollback-1", table=WEEKLY, first=DAY)
    # Then
    found = files()
    assert set(found) == {f"{PREFIX}{name}.json.gz" for name in ("run-1", "run-2", "rollback-1")}
    (line,) = found[f"{PREFIX}rollback-1.json.gz"]
    first, second = world.pipeline.ledger.builds(WEEKLY, DAY)
    assert list(line) == list(PUBLICATIONS.columns)
    assert (line["cause"], line["requested_by"], line["cost_usd"]) == ("rollback", "ann", 0)
    assert (line["build_id"], line["undone_build_id"]) == (first.build_id, second.build_id)
    assert json.loads(line["inputs"]) == dict(first.inputs)
    # And the first run's file has the posts that it had to build as well
    tables = {line["table_name"] for line in found[f"{PREFIX}run-1.json.gz"]}
    assert tables == {WEEKLY, "staging.posts"}


def test_all_of_it_can_be_told_anew_from_the_ledger(world: World) -> None:
    # Given
    world.land(*MAY)
    build(world, "run-1", str(DAY))
    back_to = world.pipeline.ledger.builds(WEEKLY, DAY)[0].build_id
    build(world, "run-2", str(DAY))
    back(world, "rollback-1", table=WEEKLY, first=DAY, build_id=back_to)
    told = files()
    for key in told:
        client("s3").delete_object(Bucket=BUCKET, Key=key)
    # When
    days = dict.fromkeys(world.pipeline.tables(), (dt.date.min, dt.date.max))
    count = save_publications(world.pipeline.ledger, world.pipeline.publications, days)
    # Then
    assert files() == told
    assert count == sum(map(len, told.values()))


def test_the_sweep_makes_up_for_a_run_that_could_not_tell(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a run whose end found the table out of reach
    def refuse(*_: object) -> None:
        raise ThrottledError("SlowDown")

    world.land(*MAY)
    with monkeypatch.context() as patch:
        patch.setattr(OpsTable, "save", refuse)
        assert world.run("run-1", days=[str(DAY)])["status"] == "succeeded"
    assert files() == {}
    # When
    make_up(world.pipeline)
    # Then
    assert set(files()) == {f"{PREFIX}run-1.json.gz"}
