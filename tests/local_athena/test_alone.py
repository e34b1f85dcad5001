"""The local Athena as a service of its own: over moto's Glue and S3, asked as its users would."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

import awswrangler as wr  # noqa: TID253 - tests may load what they need
import pytest
from pyathena import connect

from tests.local_athena import alone
from tests.local_athena.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.local_athena.alone import Process
    from tests.local_athena.client import Client

DAYS = {"2026-01-01": [1, 2, 3], "2026-01-02": [4, 5]}


@pytest.fixture(scope="module")
def lake() -> Iterator[Process]:
    """A Glue and an S3 that know nothing of this project."""
    made = alone.moto(free_port())
    yield made
    made.stop()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service's folder."""
    return tmp_path_factory.mktemp("alone")


@pytest.fixture(scope="module")
def service(lake: Process, state: Path) -> Iterator[Process]:
    """The service in a process of its own."""
    made = alone.athena(lake.url, state)
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def user(service: Process, lake: Process) -> Client:
    """Somebody with a bucket, a database and two days of JSON lines."""
    made = alone.client_of(service, lake)
    made.s3.create_bucket(Bucket=made.bucket)
    made.glue.create_database(DatabaseInput={"Name": "lake"})
    for day, numbers in DAYS.items():
        rows = [{"n": n, "name": f"row {n}"} for n in numbers]
        made.put_json(f"raw/dt={day}/part.json.gz", rows)
    return made


@pytest.fixture
def raw(user: Client) -> Iterator[str]:
    """The table over those days, made with DDL; its partitions are found in the bucket."""
    done = user.run(
        "CREATE EXTERNAL TABLE raw (n bigint, name string) PARTITIONED BY (dt string) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        f"LOCATION 's3://{user.bucket}/raw/'"
    )
    assert done.state == "SUCCEEDED", done.reason
    user.rows("MSCK REPAIR TABLE raw")
    yield "raw"
    user.rows("DROP TABLE raw")


def test_a_table_is_made_filled_and_asked(user: Client, raw: str) -> None:
    # Given a table of two partitions
    # When one of its days is asked for, and a table is made of both
    ran = user.run(f"SELECT sum(n), count(*) FROM {raw} WHERE dt = '2026-01-02'")
    made = user.run(
        f"CREATE TABLE kpi WITH (external_location = 's3://{user.bucket}/kpi/', "
        f"partitioned_by = ARRAY['dt']) AS SELECT sum(n) AS total, dt FROM {raw} GROUP BY dt"
    )

    # Then only that day's file was read, and Glue and S3 have the table
    one_day = user.s3.head_object(Bucket=user.bucket, Key="raw/dt=2026-01-02/part.json.gz")
    assert (ran.rows, ran.scanned) == ([["9", "2"]], one_day["ContentLength"])
    assert made.state == "SUCCEEDED", made.reason
    listed = user.glue.get_partitions(DatabaseName="lake", TableName="kpi")["Partitions"]
    assert {part["Values"][0] for part in listed} == set(DAYS)
    assert sorted(user.rows("SELECT dt, total FROM kpi")) == [
        ["2026-01-01", "6"],
        ["2026-01-02", "9"],
    ]


def test_a_file_that_changes_is_read_anew(user: Client) -> None:
    # Given a table whose file was read once
    user.table("changing", {"n": "bigint"}, "changing/")
    user.put_json("changing/a.json", [{"n": 1}])
    before = user.rows("SELECT n FROM changing")

    # When the file is replaced
    user.put_json("changing/a.json", [{"n": 2}])

    # Then the new one is read
    assert (before, user.rows("SELECT n FROM changing")) == ([["1"]], [["2"]])


def test_failures_of_the_catalog_and_the_store_are_the_querys(user: Client) -> None:
    # Given a table in a bucket that is not there
    user.table("nowhere", {"n": "bigint"}, "x/")
    entry = user.glue.get_table(DatabaseName="lake", Name="nowhere")["Table"]
    storage = {**entry["StorageDescriptor"], "Location": "s3://no-such-bucket/x/"}
    named = {"Name": "nowhere", "TableType": "EXTERNAL_TABLE"}
    user.glue.update_table(DatabaseName="lake", TableInput={**named, "StorageDescriptor": storage})

    # When it is asked, and a table that Glue does not have
    lost = user.run("SELECT * FROM nowhere")
    unknown = user.run("SELECT * FROM never_made")
    again = user.run(f"CREATE EXTERNAL TABLE nowhere (n int) LOCATION 's3://{user.bucket}/x/'")

    # Then each fails in Athena's words
    assert str(lost.reason).endswith("The specified bucket does not exist: no-such-bucket")
    assert "TABLE_NOT_FOUND" in str(unknown.reason)
    assert again.state == "FAILED"


@pytest.mark.filterwarnings("ignore:The copy keyword")
def test_awswrangler(user: Client, service: Process, lake: Process, raw: str) -> None:
    # Given wrangler with Athena at one place, and Glue and S3 at another
    wr.config.athena_endpoint_url = service.url
    wr.config.s3_endpoint_url = wr.config.glue_endpoint_url = lake.url
    asked: dict[str, Any] = {
        "database": "lake",
        "boto3_session": user.session,
        "s3_output": f"s3://{user.bucket}/wrangler/",
    }
    try:
        # When it reads a query plainly, by CTAS and by UNLOAD
        sql = f"SELECT n, name FROM {raw}"
        plain = wr.athena.read_sql_query(sql, ctas_approach=False, **asked)
        ctas = wr.athena.read_sql_query(sql, ctas_approach=True, **asked)
        unloaded = wr.athena.read_sql_query(
            sql, ctas_approach=False, unload_approach=True, **{**asked, "s3_output": f"s3://{user.bucket}/unloaded/"}
        )  # fmt: skip
    finally:
        for name in ("athena_endpoint_url", "s3_endpoint_url", "glue_endpoint_url"):
            wr.config.reset(name)

    # Then all three have the rows
    for frame in (plain, ctas, unloaded):
        assert sorted(frame["n"].tolist()) == [1, 2, 3, 4, 5]
        assert min(frame["name"].tolist()) == "row 1"


def test_pyathena(
    user: Client, service: Process, lake: Process, raw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given PyAthena, told by the variables of each service where it is
    monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", service.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", lake.url)
    for name, value in alone.KEYS.items():
        monkeypatch.setenv(name, value)
    connection = connect(
        s3_staging_dir=f"s3://{user.bucket}/pyathena/",
        region_name="us-east-1",
        schema_name="lake",
        poll_interval=0.02,
    )

    # When it asks with a parameter
    cursor = connection.cursor()
    rows = cursor.execute(f"SELECT n FROM {raw} WHERE name = %(w)s", {"w": "row 5"}).fetchall()

    # Then it has the row
    assert rows == [(5,)]


def test_a_restart_keeps_executions_workgroups_and_prepared_statements(
    user: Client, lake: Process, state: Path, tmp_path: Path
) -> None:
    # Given a service with a query, a workgroup, a named query and two prepared statements
    first = alone.athena(lake.url, tmp_path)
    asker = alone.client_of(first, lake)
    asker.athena.create_work_group(Name="analysts", Description="of numbers")
    asker.athena.create_prepared_statement(
        StatementName="by_call", WorkGroup="analysts", QueryStatement="SELECT ? + 1"
    )
    asker.rows("PREPARE by_query FROM SELECT ? + 2", WorkGroup="analysts")
    ran = asker.run("SELECT 42")
    assert first.stop() == 0

    # When it is started again on the same folder
    second = alone.athena(lake.url, tmp_path)
    try:
        asker = alone.client_of(second, lake)

        # Then all of it is there
        found = asker.athena.get_query_execution(QueryExecutionId=ran.id)["QueryExecution"]
        assert found["Status"]["State"] == "SUCCEEDED"
        group = asker.athena.get_work_group(WorkGroup="analysts")["WorkGroup"]
        assert group["Description"] == "of numbers"
        for name, said in (("by_call", "11"), ("by_query", "12")):
            assert asker.rows(f"EXECUTE {name} USING 10", WorkGroup="analysts") == [[said]]
    finally:
        second.stop()


def test_it_says_that_it_is_there_and_what_it_is_not(service: Process, user: Client) -> None:
    # When its health is asked for, and another service
    with urllib.request.urlopen(f"{service.url}/health", timeout=5) as answer:
        health = answer.read()
    glue: Any = user.session.client("glue", endpoint_url=service.url)
    with pytest.raises(glue.exceptions.ClientError) as refused:
        glue.get_databases()

    # Then it answers to the one, and refuses the other
    assert health == b'{"athena": "up"}'
    assert "This is Athena, and nothing else" in str(refused.value)


def test_the_catalog_is_asked_as_tables(user: Client, raw: str) -> None:
    # When
    found = user.rows(
        "SELECT column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = 'lake' AND table_name = '{raw}' ORDER BY ordinal_position"
    )
    # Then
    assert found == [["n", "bigint"], ["name", "varchar"], ["dt", "varchar"]]
