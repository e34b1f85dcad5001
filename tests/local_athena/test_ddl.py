"""Statements about tables: SHOW, DESCRIBE, ALTER TABLE; EXPLAIN; prepared statements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.local_athena.client import Client


def made(client: Client, name: str) -> str:
    """A partitioned JSON table of that name, made by statement."""
    client.rows(
        f"CREATE EXTERNAL TABLE {name} (id string COMMENT 'who\\'s', tags array<string>, "
        "n decimal(5,2)) COMMENT 'made here' PARTITIONED BY (dt string) ROW FORMAT SERDE "
        "'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('case.insensitive'='true') "
        f"LOCATION 's3://{client.bucket}/ddl/{name}/' TBLPROPERTIES ('owner'='b')"
    )
    return name


def test_a_table_can_be_made_again_from_what_is_shown(client: Client) -> None:
    # Given a table, what SHOW CREATE TABLE says of it, and its entry in the catalog
    made(client, "original")
    lines = client.rows("SHOW CREATE TABLE original")
    before = client.glue.get_table(DatabaseName="lake", Name="original")["Table"]

    # When the table is dropped and that statement is run
    client.rows("DROP TABLE original")
    client.rows("\n".join(line or "" for (line,) in lines))
    after = client.glue.get_table(DatabaseName="lake", Name="original")["Table"]

    # Then the catalog has the same table again
    for key in ("PartitionKeys", "Parameters", "TableType", "Description"):
        assert before[key] == after[key]
    for key in ("Columns", "Location", "SerdeInfo", "InputFormat", "OutputFormat"):
        assert before["StorageDescriptor"][key] == after["StorageDescriptor"][key]


def test_views_properties_and_details_are_shown(client: Client) -> None:
    # Given a table and a view over it
    made(client, "detailed")
    client.rows("CREATE OR REPLACE VIEW detailed_view AS SELECT id, n FROM detailed")

    # When they are shown
    view = client.rows("SHOW CREATE VIEW detailed_view")
    one = client.rows("SHOW TBLPROPERTIES detailed('owner')")
    everything = client.run("DESCRIBE FORMATTED lake.detailed")
    columns = client.rows("SHOW COLUMNS IN detailed IN lake")

    # Then
    assert view == [["CREATE VIEW lake.detailed_view AS"], ["SELECT id, n FROM detailed"]]
    assert one == [["b"]]
    assert ["Location:", f"s3://{client.bucket}/ddl/detailed/", ""] in everything.rows
    assert everything.execution["StatementType"] == "UTILITY"
    assert [str(row[0]).strip() for row in columns] == ["id", "tags", "n", "dt"]


def test_tables_are_altered(client: Client) -> None:
    # Given a table with a partition and files elsewhere
    made(client, "altered")
    client.put_json("ddl/moved/a.json", [{"id": "x", "more": 7}])
    client.rows("ALTER TABLE altered ADD PARTITION (dt = '2020-01-01')")

    # When it gets a column, a property, another location for a partition and another name for it
    client.rows("ALTER TABLE altered ADD COLUMNS (more bigint COMMENT 'new')")
    client.rows("ALTER TABLE altered SET TBLPROPERTIES ('owner' = 'c', 'x' = 'y')")
    client.rows(
        "ALTER TABLE altered PARTITION (dt = '2020-01-01') SET LOCATION "
        f"'s3://{client.bucket}/ddl/moved/'"
    )
    client.rows(
        "ALTER TABLE altered PARTITION (dt = '2020-01-01') RENAME TO PARTITION (dt = '2020-02-02')"
    )

    # Then queries see all of it
    assert client.rows("SELECT id, more, dt FROM altered") == [["x", "7", "2020-02-02"]]
    table = client.glue.get_table(DatabaseName="lake", Name="altered")["Table"]
    assert (table["Parameters"]["owner"], table["Parameters"]["x"]) == ("c", "y")
    client.rows("ALTER TABLE altered REPLACE COLUMNS (id string)")
    assert client.rows("SELECT * FROM altered") == [["x", "2020-02-02"]]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("ALTER TABLE fixed ADD COLUMNS (id bigint)", "Duplicate column name: id"),
        ("ALTER TABLE fixed RENAME TO other", "NOT_SUPPORTED: ALTER TABLE RENAME TO other"),
        ("ALTER TABLE fixed SET LOCATION 'here'", "The location must be an s3:// path"),
        (
            "ALTER TABLE fixed PARTITION (dt = '1') SET LOCATION 's3://b/c'",
            "Partition does not exist: ['1']",
        ),
        ("DELETE FROM fixed WHERE id = '1'", "NOT_SUPPORTED: line 1:1: Modifying Hive table rows"),
        ("UPDATE fixed SET id = '1'", "NOT_SUPPORTED: line 1:1: Modifying Hive table rows"),
        ("DELETE FROM nothing_here", "TABLE_NOT_FOUND"),
        ("EXPLAIN (TYPE IO) SELECT 1", "NOT_SUPPORTED: the local Athena does not have EXPLAIN"),
        ("EXPLAIN SELECT * FROM nothing_here", "TABLE_NOT_FOUND"),
    ],
)
def test_what_cannot_be_done_to_tables(client: Client, sql: str, reason: str) -> None:
    # Given a table
    if ["fixed"] not in client.rows("SHOW TABLES"):
        made(client, "fixed")

    # When something is asked that Athena, or this one, does not do
    try:
        failed = client.run(sql).reason
    except ClientError as error:
        failed = error.response["Error"]["Message"]

    # Then it says so
    assert failed is not None
    assert failed.startswith(reason)


def test_explain(client: Client) -> None:
    # Given a table with two partitions
    made(client, "explained")
    for day in ("2020-01-01", "2020-01-02"):
        size = client.put_json(f"ddl/explained/dt={day}/a.json", [{"id": day, "n": 1.5}])
    client.rows("MSCK REPAIR TABLE explained")

    # When a query of one day is explained, as text, as JSON, and with what it did
    sql = "SELECT id, count(*) AS c FROM explained WHERE dt = '2020-01-02' GROUP BY id"
    plain = client.run(f"EXPLAIN {sql}")
    shaped = client.rows(f"EXPLAIN (FORMAT JSON) {sql}")
    ran = client.run(f"EXPLAIN ANALYZE {sql}")
    valid = client.rows(f"EXPLAIN (TYPE VALIDATE) {sql}")

    # Then it names columns, table, and what is read; only ANALYZE reads it
    lines = [row[0] for row in plain.rows]
    assert lines[:4] == [
        "Output[columnNames = [id, c]]",
        "    Layout: [id:varchar, c:bigint]",
        "TableScan[table = awsdatacatalog:lake:explained]",
        "    Layout: [dt, id]",
    ]
    assert f"Input: 1 partitions, 1 files, {size} bytes" in lines
    facts = json.loads("\n".join(row[0] or "" for row in shaped))
    assert facts["tables"][0]["columns"] == ["dt", "id"]
    assert (plain.scanned, ran.scanned) == (0, size)
    assert valid == [["true"]]


def test_prepared_statements(client: Client) -> None:
    # Given a statement prepared by SQL, and one by the API
    client.rows("PREPARE by_sql FROM SELECT ? AS a, 'really?' AS q, ? AS b")
    client.athena.create_prepared_statement(
        StatementName="by_api", WorkGroup="primary", QueryStatement="SELECT ? + 1 AS n"
    )

    # When they are executed, with values in the statement and beside it
    with_using = client.rows("EXECUTE by_sql USING 'x, y', concat('a', 'b')")
    beside = client.rows("EXECUTE by_api", ExecutionParameters=["41"])
    shown = client.athena.get_prepared_statement(StatementName="by_sql", WorkGroup="primary")
    client.athena.update_prepared_statement(
        StatementName="by_api", WorkGroup="primary", QueryStatement="SELECT ? + 2 AS n"
    )
    changed = client.rows("EXECUTE by_api USING 40")
    client.rows("DEALLOCATE PREPARE by_sql")

    # Then they answer with these values, and one that is gone is gone
    assert with_using == [["x, y", "really?", "ab"]]
    assert beside == changed == [["42"]]
    assert shown["PreparedStatement"]["QueryStatement"].startswith("SELECT ? AS a")
    for sql in ("EXECUTE by_sql USING 1, 2", "EXECUTE by_api USING 1, 2", "PREPARE x FROM SELEC 1"):
        with pytest.raises(ClientError):
            client.start(sql)
