"""An extract that gains, loses or retypes columns: noticed once, named, and waited for."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from dayfold.sweep import sweep
from tests.unit.pipeline.world import BUCKET, client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

DAY = "2004-05-20"


def test_a_new_column_is_named_in_the_run_s_warnings_once(world: World) -> None:
    # Given two days alike
    _land(world, "2004-05-18", {"user_id": "u"})
    _land(world, "2004-05-19", {"user_id": "u"})
    world.run("run-1", days=["2004-05-19"], tables=["staging.posts"])
    # When the next day has a column more
    _land(world, DAY, {"user_id": "u", "device": "phone"})
    world.run("run-2", days=[DAY], tables=["staging.posts"])
    world.run("run-3", days=[DAY], tables=["staging.posts"])
    # Then
    line = "raw.events gained column device (string) on 2004-05-20"
    assert _warnings(world, "run-1") == ()
    assert _warnings(world, "run-2") == (line,)
    assert _warnings(world, "run-3") == ()
    known = world.pipeline.raw_schemas.get("raw.events")
    assert known is not None
    assert known.changes == (line,)


def test_a_lost_column_that_a_query_reads_is_waited_for(world: World) -> None:
    # Given
    _land(world, "2004-05-18", {"user_id": "u", "size": 1})
    _land(world, "2004-05-19", {"user_id": "u", "size": 1})
    world.run("run-1", days=["2004-05-19"], tables=["staging.posts"])
    # When the next day comes without it, and later as it should be
    _land(world, DAY, {"person": "u", "size": 1})
    torn = world.run("run-2", days=[DAY], tables=["staging.posts"])
    reasons = world.pipeline.ledger.run("run-2")
    asked_for = world.plan("dry", days=[DAY], tables=["staging.posts"], policy="all", dry_run=True)
    _land(world, DAY, {"user_id": "u", "size": 1})
    mended = world.run("run-3", days=[DAY], tables=["staging.posts"])
    # Then
    assert (torn["published"], torn["waiting"]) == (0, 1)
    assert reasons is not None
    assert (
        "raw.events dt=2004-05-20 has not column user_id as before (string)" in (reasons.waiting[0])
    )
    assert len(asked_for["waves"]) == 1
    assert mended["published"] == 1


def test_a_lost_column_that_no_query_reads_stops_nothing(world: World) -> None:
    # Given
    _land(world, "2004-05-18", {"user_id": "u", "size": 1})
    _land(world, "2004-05-19", {"user_id": "u", "size": 1})
    world.run("run-1", days=["2004-05-19"], tables=["staging.posts"])
    # When
    _land(world, DAY, {"user_id": "u"})
    ended = world.run("run-2", days=[DAY], tables=["staging.posts"])
    # Then
    assert ended["published"] == 1
    assert _warnings(world, "run-2") == ("raw.events lost column size (bigint) on 2004-05-20",)


def test_the_sweep_notices_too(world: World) -> None:
    # Given
    _land(world, "2004-06-08", {"user_id": "u"})
    sweep(world.pipeline)
    # When
    _land(world, "2004-06-09", {"user_id": "u", "device": "phone"})
    looked = sweep(world.pipeline, dry_run=True)
    done = sweep(world.pipeline)
    # Then
    line = "raw.events gained column device (string) on 2004-06-09"
    assert line not in looked.notices
    assert line in done.notices


def _land(world: World, day: str, row: dict[str, object]) -> None:
    """Land a day of rows alike, as gzipped JSON lines, and crawl it."""
    world.land(day)
    body = gzip.compress("".join(f"{json.dumps(row)}\n" for _ in range(20)).encode())
    client("s3").delete_object(Bucket=BUCKET, Key=f"raw/events/dt={day}/part-0.json")
    client("s3").put_object(Bucket=BUCKET, Key=f"raw/events/dt={day}/a.json.gz", Body=body)


def _warnings(world: World, run_id: str) -> tuple[str, ...]:
    run = world.pipeline.ledger.run(run_id)
    assert run is not None
    return run.warnings
