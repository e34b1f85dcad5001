"""The local Athena as a process of its own, on a Trino server: `make test-trino` runs this file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awswrangler as wr  # noqa: TID253 - tests may load what they need
import pytest

from tests.local_athena import alone
from tests.local_athena.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.engines import Trino
    from tests.local_athena.alone import Process

ROOT = {"AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "local"}


@pytest.fixture(scope="module")
def service(
    client: Client, url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    """The service over the Glue and S3 of the suite's server, which the Trino server has too."""
    endpoint = f"http://127.0.0.1:{client.port}"
    state: Path = tmp_path_factory.mktemp("alone")
    made = alone.athena(endpoint, state, trino_url=url, **ROOT)
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def user(service: Process, client: Client) -> Client:
    """Somebody whose Athena is the service."""
    made = Client.root(client.port)
    made.athena = made.session.client("athena", endpoint_url=service.url)
    return made


def test_it_answers_as_the_server_does(user: Client, trino: Trino) -> None:
    # Given a question with a row of NULLs, an order
    sql = (
        "SELECT k, approx_distinct(s) AS n, max(ts) AS t, sum(d204) AS d FROM typed "
        "GROUP BY k ORDER BY k"
    )
    # When both are asked
    told, shown = trino.ask(sql), user.rows(sql)
    # Then
    assert told.error is None
    assert shown == [list(row) for row in told.rows]


def test_what_it_makes_stands_in_glue_and_the_bucket(user: Client) -> None:
    # When a table is made, filled further and read
    place = f"s3://{user.bucket}/alone/"
    made = user.run(
        f"CREATE TABLE alone_made WITH (format = 'PARQUET', external_location = '{place}', "
        "partitioned_by = ARRAY['odd']) AS SELECT k, s, CAST(k % 2 AS varchar) AS odd FROM typed"
    )
    assert made.state == "SUCCEEDED", made.reason
    filled = user.run("INSERT INTO alone_made SELECT 100, 'more', '9'")
    assert filled.state == "SUCCEEDED", filled.reason
    # Then
    rows = user.rows("SELECT odd, count(*), max(k) FROM alone_made GROUP BY odd ORDER BY odd")
    assert rows == [["0", "6", "12"], ["1", "6", "11"], ["9", "1", "100"]]
    partitions = user.glue.get_partitions(DatabaseName="lake", TableName="alone_made")
    assert sorted(one["Values"][0] for one in partitions["Partitions"]) == ["0", "1", "9"]
    assert user.s3.list_objects_v2(Bucket=user.bucket, Prefix="alone/odd=9/")["KeyCount"] == 1


@pytest.mark.filterwarnings("ignore:The copy keyword")
@pytest.mark.parametrize("ctas", [False, True])
def test_awswrangler_reads_frames(
    user: Client, service: Process, monkeypatch: pytest.MonkeyPatch, *, ctas: bool
) -> None:
    # Given awswrangler with the service as its Athena
    lake = f"http://127.0.0.1:{user.port}"
    for name, value in {"athena": service.url, "glue": lake, "s3": lake, "sts": lake}.items():
        monkeypatch.setattr(wr.config, f"{name}_endpoint_url", value)
    read: Any = wr.athena.read_sql_query
    # When
    frame = read(
        "SELECT k, s, d52 FROM typed WHERE k < 3 ORDER BY k",
        database="lake",
        ctas_approach=ctas,
        s3_output=f"s3://{user.bucket}/results/",
        boto3_session=user.session,
    )
    # Then
    assert sorted(frame["s"]) == ["Hello World", "abc"]
    assert sorted(map(str, frame["d52"])) == ["-2.55", "1.25"]


def test_an_error_of_the_server_is_the_querys(user: Client) -> None:
    # When
    ran = user.run("SELECT 1 / (k - k) FROM typed")
    # Then
    assert (ran.state, (ran.reason or "").partition(":")[0]) == ("FAILED", "DIVISION_BY_ZERO")
