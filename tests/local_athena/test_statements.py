"""CTAS, views and what SHOW, MSCK and ALTER do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_athena.client import Client


def ctas(client: Client, name: str, query: str, **properties: str) -> str:
    """A CTAS into the database build."""
    given = {
        "format": "'PARQUET'",
        "write_compression": "'SNAPPY'",
        "external_location": f"'s3://{client.bucket}/builds/{name}/'",
        **properties,
    }
    listed = ", ".join(f"{key} = {value}" for key, value in given.items())
    return f"CREATE TABLE build.{name} WITH ({listed}) AS {query}"


def test_ctas_writes_parquet_table_and_partitions(client: Client) -> None:
    # Given a query whose last column is the day
    query = (
        "SELECT k, CAST(v AS bigint) AS v, CAST(1.5 AS decimal(10,2)) AS d, dt FROM (VALUES "
        "('a', 1, '2004-05-19'), ('b', 2, '2004-05-20'), ('c', 3, '2004-05-20')) t(k, v, dt)"
    )

    # When it is built, partitioned
    ran = client.run(ctas(client, "parts", query, partitioned_by="ARRAY['dt']"))

    # Then the files are Parquet under the location, and Glue knows table and partitions
    assert ran.state == "SUCCEEDED", ran.reason
    keys = [
        item["Key"]
        for item in client.s3.list_objects_v2(Bucket=client.bucket, Prefix="builds/parts/")[
            "Contents"
        ]
    ]
    assert {key.split("/")[2] for key in keys} == {"dt=2004-05-19", "dt=2004-05-20"}
    body = client.s3.get_object(Bucket=client.bucket, Key=keys[0])["Body"].read()
    assert body[:4] == body[-4:] == b"PAR1"
    table = client.glue.get_table(DatabaseName="build", Name="parts")["Table"]
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "k", "Type": "varchar(1)"},
        {"Name": "v", "Type": "bigint"},
        {"Name": "d", "Type": "decimal(10,2)"},
    ]
    assert table["PartitionKeys"] == [{"Name": "dt", "Type": "varchar(10)"}]
    partitions = client.glue.get_partitions(DatabaseName="build", TableName="parts")["Partitions"]
    assert {p["Values"][0]: p["StorageDescriptor"]["Location"].rstrip("/") for p in partitions} == {
        day: f"s3://{client.bucket}/builds/parts/dt={day}" for day in ("2004-05-19", "2004-05-20")
    }
    rows = client.rows("SELECT * FROM parts WHERE dt = '2004-05-20' ORDER BY k", "build")
    assert rows == [["b", "2", "1.50", "2004-05-20"], ["c", "3", "1.50", "2004-05-20"]]
    manifest = ran.execution["Statistics"]["DataManifestLocation"]
    listed = client.s3.get_object(Bucket=client.bucket, Key=manifest.split("/", 3)[3])[
        "Body"
    ].read()
    assert sorted(listed.decode().split()) == sorted(f"s3://{client.bucket}/{key}" for key in keys)


def test_ctas_without_rows(client: Client) -> None:
    # Given a query without rows
    # When it is built
    client.rows(
        ctas(
            client,
            "empty",
            "SELECT CAST(1 AS bigint) AS v, 'x' AS dt WHERE false",
            partitioned_by="ARRAY['dt']",
        )
    )

    # Then there is a table, and nothing in it
    assert client.rows("SELECT * FROM empty", "build") == []


@pytest.mark.parametrize(
    ("name", "query", "properties", "reason"),
    [
        ("no_name", "SELECT 1", {}, "MISSING_COLUMN_NAME: line 1:"),
        ("twice", "SELECT 1 a, 2 a", {}, "DUPLICATE_COLUMN_NAME: line 1:"),
        (
            "order_of_keys",
            "SELECT 'x' dt, 1 v",
            {"partitioned_by": "ARRAY['dt']"},
            "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns",
        ),
        (
            "zoned",
            "SELECT now() AS t",
            {},
            "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with",
        ),
        ("unknown", "SELECT NULL AS n", {}, "COLUMN_TYPE_UNKNOWN"),
        ("property", "SELECT 1 v", {"colour": "'red'"}, "INVALID_TABLE_PROPERTY"),
        (
            "buckets",
            "SELECT 1.5 v",
            {"bucketed_by": "ARRAY['v']", "bucket_count": "2"},
            "NOT_SUPPORTED: bucketed_by a column of type decimal(2,1)",
        ),
        ("ion", "SELECT 1 v", {"format": "'ION'"}, "NOT_SUPPORTED: line 1:"),
        (
            "too_many",
            "SELECT x AS v, CAST(x AS varchar) AS k FROM UNNEST(sequence(1, 101)) t(x)",
            {"partitioned_by": "ARRAY['k']"},
            "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers",
        ),
        ("by_zero", "SELECT 1/0 AS v", {}, "DIVISION_BY_ZERO"),
    ],
)
def test_ctas_refused(
    client: Client, name: str, query: str, properties: dict[str, str], reason: str,
) -> None:  # fmt: skip
    # Given a CTAS that breaks a rule
    # When it runs
    failed = client.run(ctas(client, name, query, **properties))

    # Then it says which, and leaves no table and no file
    assert failed.reason is not None
    assert failed.reason.startswith(reason)
    assert not client.glue.get_tables(DatabaseName="build", Expression=name)["TableList"]
    assert "Contents" not in client.s3.list_objects_v2(
        Bucket=client.bucket, Prefix=f"builds/{name}/",
    )  # fmt: skip


def test_ctas_needs_a_free_name_and_an_empty_folder(client: Client) -> None:
    # Given a table, and a folder with a file
    client.rows(ctas(client, "taken", "SELECT 1 v"))
    client.put("builds/used/file", b"x")

    # When a CTAS wants them
    again = client.run(ctas(client, "taken", "SELECT 1 v"))
    used = client.run(ctas(client, "used", "SELECT 1 v"))
    lost = client.run("CREATE TABLE nowhere.t AS SELECT 1 v")

    # Then it is refused
    assert again.reason is not None
    assert again.reason.startswith("TABLE_ALREADY_EXISTS: line 1:14: Destination table")
    assert used.reason is not None
    assert used.reason.startswith(
        "HIVE_PATH_ALREADY_EXISTS: Target directory for table 'build.used'"
    )
    assert lost.reason == "SCHEMA_NOT_FOUND: line 1:14: Schema 'nowhere' does not exist"


def test_views_round_trip(client: Client) -> None:
    # Given a view over a view
    client.rows("CREATE VIEW v_one AS SELECT 1 AS x, 'a' AS y")
    client.rows("CREATE OR REPLACE VIEW build.v_two AS SELECT x + 1 AS z FROM lake.v_one")

    # When it is read, replaced, listed and dropped
    first = client.rows("SELECT z FROM build.v_two")
    again = client.run("CREATE VIEW v_one AS SELECT 2 AS x")
    client.rows("CREATE OR REPLACE VIEW v_one AS SELECT 5 AS x, 'b' AS y")
    second = client.rows("SELECT z FROM build.v_two")
    stored = client.glue.get_table(DatabaseName="lake", Name="v_one")["Table"]
    views = client.rows("SHOW VIEWS IN lake")
    client.rows("DROP VIEW v_one")
    gone = client.run("SELECT z FROM build.v_two")

    # Then it lives in Glue as Athena keeps it
    assert (first, second) == ([["2"]], [["6"]])
    assert again.state == "FAILED"
    assert stored["TableType"] == "VIRTUAL_VIEW"
    assert stored["ViewOriginalText"].startswith("/* Presto View: ")
    assert stored["Parameters"]["presto_view"] == "true"
    assert ["v_one"] in views
    assert gone.reason is not None
    assert gone.reason.startswith("INVALID_VIEW: line 1:15: Failed analyzing stored view")


def test_external_table_repair_and_partitions(client: Client) -> None:
    # Given files in folders, and a table made by statement
    for day in ("2020-01-01", "2020-01-02"):
        client.put_json(f"raw/made/dt={day}/a.json", [{"id": day}])
    client.rows(
        "CREATE EXTERNAL TABLE IF NOT EXISTS made (`id` string COMMENT 'which', tags "
        "array<string>) "
        "PARTITIONED BY (dt string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        f"LOCATION 's3://{client.bucket}/raw/made/'",
    )

    # When its partitions are found, shown, added and dropped
    before = client.rows("SELECT count(*) FROM made")
    client.rows("MSCK REPAIR TABLE made")
    found = client.rows("SHOW PARTITIONS made")
    client.rows(
        "ALTER TABLE made ADD IF NOT EXISTS PARTITION (dt = '2020-01-02') PARTITION "
        "(dt='2020-01-03') "
        f"LOCATION 's3://{client.bucket}/raw/made/dt=2020-01-01/'",
    )
    third = client.rows("SELECT id, dt FROM made WHERE dt = '2020-01-03'")
    client.rows("ALTER TABLE made DROP PARTITION (dt = '2020-01-03')")
    after = client.rows("SHOW PARTITIONS made")
    described = client.rows("DESCRIBE made")

    # Then each does what it says
    assert before == [["0"]]
    assert found == after == [["dt=2020-01-01"], ["dt=2020-01-02"]]
    assert third == [["2020-01-01", "2020-01-03"]]
    assert [(row[0] or "").split() for row in described[:2]] == [["id"], ["tags"]]
    client.rows("DROP TABLE made")
    assert client.rows("DROP TABLE IF EXISTS made") == []


def test_databases_and_tables_are_shown(client: Client) -> None:
    # Given a new database
    client.rows("CREATE DATABASE IF NOT EXISTS shown_here COMMENT 'x'")
    client.rows("CREATE TABLE shown_here.a AS SELECT 1 v")

    # When it is listed and dropped
    databases = client.rows("SHOW DATABASES LIKE 'shown*'")
    tables = client.rows("SHOW TABLES IN shown_here")
    full = client.run("DROP DATABASE shown_here")
    client.rows("DROP DATABASE shown_here CASCADE")

    # Then
    assert (databases, tables) == ([["shown_here"]], [["a"]])
    assert full.state == "FAILED"
    assert client.rows("SHOW DATABASES LIKE 'shown*'") == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT * FROM nope",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.nope' does not exist",
        ),
        ("SELECT * FROM nope.nope", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist"),
        ("VACUUM build.x", "NOT_SUPPORTED"),
    ],
)
def test_statement_fails(client: Client, sql: str, reason: str) -> None:
    # Given a statement that cannot work here
    # When it runs
    failed = client.run(sql)

    # Then
    assert failed.reason is not None
    assert failed.reason.startswith(reason)
