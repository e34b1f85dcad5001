"""An extract that gains, loses or retypes columns: noticed once, named, and waited for."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import random
from typing import TYPE_CHECKING, Any

from dayfold.domain.parquet_footer import Footer
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


def test_a_parquet_extract_is_compared_by_its_footer(world: World) -> None:
    # Given two days of Parquet, the second larger than what is read of a file at first
    _land_parquet(world, "2004-05-18", {"user_id": ["u"], "size": [1]})
    world.run("run-1", days=["2004-05-18"], tables=["staging.posts"])
    noise = [random.Random(n).randbytes(16).hex() for n in range(20_000)]
    # When
    _land_parquet(world, DAY, {"person": noise, "size": noise})
    torn = world.run("run-2", days=[DAY], tables=["staging.posts"])
    # Then the columns are named, and what reads one of them waits
    assert sorted(_warnings(world, "run-2")) == [
        "raw.events changed column size from bigint to string on 2004-05-20",
        "raw.events gained column person (string) on 2004-05-20",
        "raw.events lost column user_id (string) on 2004-05-20",
    ]
    assert (torn["published"], torn["waiting"]) == (0, 1)


def test_a_parquet_file_that_is_cut_off_says_nothing(world: World) -> None:
    # Given
    _land_parquet(world, "2004-05-19", {"user_id": ["u"]})
    world.run("run-1", days=["2004-05-19"], tables=["staging.posts"])
    # When half of a file arrives, and the whole of it later
    body = _parquet({"user_id": ["u"], "device": ["phone"]})
    _land_body(world, DAY, "a.parquet", body[: len(body) // 2])
    world.run("run-2", days=[DAY], tables=["staging.posts"])
    _land_body(world, DAY, "a.parquet", body)
    world.run("run-3", days=[DAY], tables=["staging.posts"])
    # Then
    assert _warnings(world, "run-2") == ()
    assert _warnings(world, "run-3") == ("raw.events gained column device (string) on 2004-05-20",)


def test_a_footer_larger_than_what_is_read_at_first_is_read_whole(world: World) -> None:
    # Given a file of so many columns that its footer alone fills what is read of a file's end
    columns = {f"c{n}_{'x' * 100}": [1] for n in range(1000)}
    _land_body(world, DAY, "a.parquet", _parquet(columns))
    # When
    footer = world.pipeline.extracts.look("raw.events", dt.date.fromisoformat(DAY))
    # Then
    assert isinstance(footer, Footer)
    assert footer.columns == dict.fromkeys(columns, "bigint")


def _parquet(columns: dict[str, list[Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="none", use_dictionary=False)
    return buffer.getvalue()


def _land_parquet(world: World, day: str, columns: dict[str, list[Any]]) -> None:
    _land_body(world, day, "a.parquet", _parquet(columns))


def _land_body(world: World, day: str, name: str, body: bytes) -> None:
    """Land a day of one file, and crawl it."""
    world.land(day)
    client("s3").delete_object(Bucket=BUCKET, Key=f"raw/events/dt={day}/part-0.json")
    client("s3").put_object(Bucket=BUCKET, Key=f"raw/events/dt={day}/{name}", Body=body)


def _land(world: World, day: str, row: dict[str, object]) -> None:
    """Land a day of rows alike, as gzipped JSON lines, and crawl it."""
    body = gzip.compress("".join(f"{json.dumps(row)}\n" for _ in range(20)).encode())
    _land_body(world, day, "a.json.gz", body)


def _warnings(world: World, run_id: str) -> tuple[str, ...]:
    run = world.pipeline.ledger.run(run_id)
    assert run is not None
    return run.warnings
