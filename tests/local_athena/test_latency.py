"""Queries that take as long as on a far-away engine, on request; and who waits for whom."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from dayfold_local.athena.protocol.runner import turn
from tests.local_athena import alone
from tests.local_athena.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.local_athena.client import Client

LATENCY = 2.0  # seconds


@pytest.fixture
def user(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Client]:
    """Somebody whose queries take two seconds, with a bucket and a database."""
    lake = alone.moto(free_port())
    settings = {"DAYFOLD_ATHENA_LATENCY_SECONDS": str(LATENCY), **getattr(request, "param", {})}
    service = alone.athena(lake.url, tmp_path, **settings)
    made = alone.client_of(service, lake)
    made.s3.create_bucket(Bucket=made.bucket)
    made.glue.create_database(DatabaseInput={"Name": "lake"})
    yield made
    service.stop()
    lake.stop()


def ctas(user: Client, name: str) -> str:
    """Starts a query that makes a table of one row."""
    place = f"s3://{user.bucket}/{name}/"
    return user.start(f"CREATE TABLE {name} WITH (external_location = '{place}') AS SELECT 1 AS n")


def left_by(user: Client, name: str) -> tuple[int, int]:
    """How many files and tables there are of a name."""
    files = user.s3.list_objects_v2(Bucket=user.bucket, Prefix=f"{name}/")["KeyCount"]
    tables = user.glue.get_tables(DatabaseName="lake", Expression=name)["TableList"]
    return files, len(tables)


def test_what_a_query_makes_is_seen_when_its_time_is_over(user: Client) -> None:
    # Given two queries, long enough under way for their work to be done
    stopped, ended = ctas(user, "stopped"), ctas(user, "ended")
    time.sleep(LATENCY / 2)
    before = left_by(user, "stopped"), left_by(user, "ended")

    # When one of them is stopped
    user.athena.stop_query_execution(QueryExecutionId=stopped)
    states = user.wait(stopped).state, user.wait(ended).state

    # Then nothing of it was ever seen, and the other took its time, the work's among it
    assert states == ("CANCELLED", "SUCCEEDED")
    assert before == ((0, 0), (0, 0))
    assert (left_by(user, "stopped"), left_by(user, "ended")) == ((0, 0), (1, 1))
    took = user.athena.get_query_execution(QueryExecutionId=ended)["QueryExecution"]["Statistics"]
    assert took["TotalExecutionTimeInMillis"] >= LATENCY * 1000


@pytest.mark.parametrize("user", [{"DAYFOLD_ATHENA_WORKERS": "1"}], indirect=True)
def test_a_look_does_not_wait_for_the_queries_that_write(user: Client) -> None:
    # Given a query that runs alone, and one that waits for it
    running, waiting = ctas(user, "running"), ctas(user, "waiting")

    # When somebody looks at something meanwhile
    look = user.start("SELECT 1")
    ended = [user.wait(one).execution for one in (running, look, waiting)]

    # Then that comes before the one that waits
    moments = [one["Status"]["CompletionDateTime"] for one in ended]
    assert moments == sorted(moments)


@pytest.mark.parametrize(("seconds", "is_first"), [(0, True), (29, True), (31, False)])
def test_a_query_that_writes_waits_for_looks_half_a_minute(seconds: int, *, is_first: bool) -> None:
    # Given a query that writes, and one that reads some seconds later
    writes = turn("-- days\nCREATE TABLE t AS SELECT 1 AS n", 100.0)
    # When their turns are given
    reads = turn("SELECT 1", 100.0 + seconds)
    # Then
    assert (reads < writes) == is_first
