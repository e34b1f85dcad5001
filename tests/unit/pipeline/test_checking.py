"""Checks of builds: what they are compared with, what is kept of them, changed for a backfill."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from dayfold.domain.statements import named_build_table
from dayfold.errors import BadRequestError, ThrottledError
from tests.unit.pipeline.backfilling import drain, start
from tests.unit.pipeline.world import BUCKET, WEEKLY, client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

POSTS_TABLE = "staging.posts"
DAY = dt.date(2004, 5, 20)
BEFORE = [str(DAY - dt.timedelta(days=n)) for n in range(12)]
BROKEN = {"check_name": "not_null(user_id)", "severity": "error", "dt": "2004-05-20"}


@pytest.fixture
def landed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    world.land(*BEFORE)
    # Messages are taken out of the queue before they are delivered.
    monkeypatch.setattr(type(world.pipeline.queue), "hold", lambda *_: None)
    return world


def results(prefix: str = "ops/check_results/") -> list[dict[str, Any]]:
    s3 = client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    files = (s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in found)
    return [json.loads(line) for one in files for line in gzip.decompress(one).splitlines()]


def break_not_null(world: World, severity: str = "error") -> None:
    row: dict[str, str | None] = {
        **BROKEN,
        "severity": severity,
        "broken": "2",
        "sample": '[{"user_id":null}]',
    }
    world.athena.broken[f"'{severity}' AS severity"] = [row]


# --- ops.check_results ----------------------------------------------------------------------


def test_what_every_check_said_is_kept_one_file_a_job(landed: World) -> None:
    # Given a wide build of which one day breaks its check
    break_not_null(landed)
    # When
    landed.run("run-1", days=["2004-05-19", "2004-05-20"], tables=[POSTS_TABLE])
    # Then
    said = [
        (one["table_name"], one["day"], one["check_name"], one["outcome"], one["broken"])
        for one in results()
    ]
    assert said == [
        (POSTS_TABLE, "2004-05-19", "not_null(user_id)", "passed", 0),
        (POSTS_TABLE, "2004-05-20", "not_null(user_id)", "failed", 2),
    ]
    failed = results()[1]
    assert (failed["severity"], failed["run_id"], failed["attempt"]) == ("error", "run-1", 1)
    assert json.loads(failed["sample"]) == [{"user_id": None}]
    listed = client("s3").list_objects_v2(Bucket=BUCKET, Prefix="ops/check_results/")["Contents"]
    (key,) = [one["Key"] for one in listed]
    assert key.startswith(f"ops/check_results/checked_on=2004-06-10/{POSTS_TABLE}-2004-05-19_")
    partitions = client("glue").get_partitions(DatabaseName="ops", TableName="check_results")
    assert [one["Values"] for one in partitions["Partitions"]] == [["2004-06-10"]]


@pytest.mark.parametrize(
    "error",
    [ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject"), ThrottledError("SlowDown")],
)
def test_a_table_that_cannot_be_written_stops_no_publish(
    landed: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    # Given
    class Broken:
        def put_object(self, **_: object) -> None:
            raise error

    monkeypatch.setattr(landed.pipeline.check_results, "_s3", Broken())
    # When
    ended = landed.run("run-1", days=["2004-05-20"], tables=[POSTS_TABLE])
    # Then
    assert ended["status"] == "succeeded"
    assert landed.location(POSTS_TABLE, "2004-05-20")


def test_the_temporary_table_of_a_failed_build_stays_and_of_a_good_one_goes(
    landed: World,
) -> None:
    # Given both tables, as their CTAS would have made them
    dropped: list[str] = []
    catalog = type(landed.pipeline.catalog)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "drop_build_table", lambda _self, name: dropped.append(name))
        landed.run("run-1", days=["2004-05-20"], tables=[POSTS_TABLE])
        break_not_null(landed)
        # When
        landed.run("run-2", days=["2004-05-20"], tables=[POSTS_TABLE], policy="all")
    # Then
    good, failed = landed.pipeline.ledger.builds(POSTS_TABLE, DAY)
    assert failed.status == "failed"
    assert dropped == [named_build_table(POSTS_TABLE, good.build_id)]


# --- change ---------------------------------------------------------------------------------


def test_a_change_is_held_against_the_days_that_readers_see(landed: World) -> None:
    # Given posts of three days published, the others not
    (landed.queries / "staging" / "posts.sql").write_text(_posts_with("change: {rows: [0.5, 2]}"))
    landed.run("run-1", days=["2004-05-10", "2004-05-12", "2004-05-13"], tables=[POSTS_TABLE])
    # When
    landed.run("run-2", days=["2004-05-20"], tables=[POSTS_TABLE])
    # Then
    (checked,) = [
        query.sql
        for query in landed.athena.queries.values()
        if "change(rows" in query.sql and "dt BETWEEN '2004-05-20'" in query.sql
    ]
    assert "FROM staging.posts WHERE dt IN ('2004-05-10', '2004-05-12', '2004-05-13')" in checked


def _posts_with(check: str) -> str:
    from tests.unit.pipeline.world import POSTS

    return POSTS.replace("not_null: [user_id]", check)


# --- A backfill's own checks ----------------------------------------------------------------


def test_a_check_eased_for_a_backfill_lets_it_publish_and_no_other(landed: World) -> None:
    # Given a day that breaks a rule
    break_not_null(landed)
    break_not_null(landed, "warn")
    # When
    start(landed, ease=[f"{POSTS_TABLE}:not_null"], tables=[POSTS_TABLE], days_per_job=4)
    drain(landed)
    # Then it is published with a warning, and everything says why
    (record,) = landed.pipeline.ledger.builds(POSTS_TABLE, DAY)
    assert record.status == "published"
    assert [(one["name"], one["severity"]) for one in record.checks] == [
        ("not_null(user_id)", "warn")
    ]
    assert {one["outcome"] for one in results() if one["day"] == str(DAY)} == {"warned"}
    backfill = landed.pipeline.backfills.get("b1")
    assert backfill is not None
    assert backfill.request["ease"] == [f"{POSTS_TABLE}:not_null"]
    # And a run goes by the file again
    landed.run("run-1", days=[str(DAY)], tables=[POSTS_TABLE], policy="all")
    assert [one.status for one in landed.pipeline.ledger.builds(POSTS_TABLE, DAY)] == [
        "published",
        "failed",
    ]


def test_days_of_a_wide_job_that_are_tried_apart_keep_the_backfill_s_checks(
    landed: World,
) -> None:
    # Given a wide query that fails
    break_not_null(landed)
    landed.athena.failing["raw.events\nWHERE dt BETWEEN '2004-05-16' AND '2004-05-20'"] = (
        "HIVE_BAD_DATA: a file",
        False,
    )
    # When
    start(landed, ease=[f"{POSTS_TABLE}:not_null"], tables=[POSTS_TABLE], days_per_job=4)
    drain(landed)
    # Then
    records = landed.pipeline.ledger.builds(POSTS_TABLE, DAY)
    assert [one.status for one in records] == ["failed", "published"]
    assert records[-1].checks[0]["severity"] == "warn"


def test_changed_checks_of_what_is_not_built_are_said(landed: World) -> None:
    # When
    plan = start(landed, dry_run=True, ease=["kpi.weekly:not_null"], tables=[POSTS_TABLE])
    # Then
    assert plan["warnings"] == ["the checks of kpi.weekly are changed, and it is not built"]


def test_a_wrong_name_starts_nothing(landed: World) -> None:
    # When
    with pytest.raises(BadRequestError, match=r"no such check of kpi\.weekly"):
        start(landed, ease=["kpi.weekly:unique"])
    # Then
    assert landed.pipeline.backfills.get("b1") is None
    assert "not_null: [users]" in WEEKLY
