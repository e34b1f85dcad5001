"""Avro tables: made, filled and unloaded here, read back, and looked at with another reader.

What their files look like to Trino is in `tests/conformance/statements/queries_avro.sql`.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import fastavro
import pytest

from tests.conformance import avro_files

if TYPE_CHECKING:
    from tests.local_athena.client import Client

SQL = (
    "SELECT 1 AS i, BIGINT '2' AS l, 1.5e0 AS d, CAST(1.25 AS decimal(5,2)) AS m, 'é' AS t, "
    "CAST('ab' AS char(4)) AS c, DATE '2020-01-02' AS day, "
    "TIMESTAMP '1969-12-31 23:59:59.999' AS at, true AS yes, X'00ff' AS b, "
    "ARRAY[1, NULL] AS a, map(ARRAY['x'], ARRAY[1]) AS kv, "
    "CAST(ROW(1, 'one') AS row(n integer, w varchar)) AS r, CAST(NULL AS varchar) AS nothing"
)


def records(client: Client, prefix: str) -> tuple[list[Any], str]:
    """What another reader finds under a prefix, and the codec."""
    found, codec = [], ""
    for item in client.s3.list_objects_v2(Bucket=client.bucket, Prefix=prefix)["Contents"]:
        body = client.s3.get_object(Bucket=client.bucket, Key=item["Key"])["Body"].read()
        reader: Any = fastavro.reader(io.BytesIO(body))
        codec = reader.codec
        found += list(reader)
    return found, codec


@pytest.mark.parametrize(
    ("asked", "codec"),
    [("", "deflate"), (", write_compression = 'SNAPPY'", "snappy"),
     (", write_compression = 'ZSTD'", "zstandard"), (", write_compression = 'BZIP2'", "bzip2"),
     (", write_compression = 'NONE'", "null")],
)  # fmt: skip
def test_ctas_and_what_it_wrote(client: Client, asked: str, codec: str) -> None:
    # Given a query of every type
    name = f"avro_{codec}"
    place = f"s3://{client.bucket}/{name}/"

    # When a table of Avro is made of it
    made = client.run(
        f"CREATE TABLE {name} WITH (format = 'AVRO', external_location = '{place}'{asked}) AS {SQL}"
    )

    # Then it reads as the query, and any reader finds the rows
    assert made.state == "SUCCEEDED", made.reason
    assert client.rows(f"SELECT * FROM {name}") == client.rows(SQL)
    rows, used = records(client, f"{name}/")
    assert used == codec
    assert (rows[0]["t"], rows[0]["r"], rows[0]["nothing"]) == ("é", {"n": 1, "w": "one"}, None)
    assert rows[0]["c"] == "ab  "


def test_a_table_by_ddl_is_filled_and_has_partitions(client: Client) -> None:
    # Given an Avro table of DDL
    done = client.run(
        "CREATE EXTERNAL TABLE avro_days (n bigint, at timestamp) PARTITIONED BY (dt string) "
        f"STORED AS AVRO LOCATION 's3://{client.bucket}/avro_days/'"
    )
    assert done.state == "SUCCEEDED", done.reason

    # When rows of two days are inserted
    values = "(1, TIMESTAMP '2020-01-01 01:02:03', 'a'), (2, NULL, 'b')"
    client.rows(f"INSERT INTO avro_days SELECT * FROM (VALUES {values}) AS t (n, at, dt)")

    # Then each is in its partition, and a day's query reads that day's file
    ran = client.run("SELECT n, at, dt FROM avro_days WHERE dt = 'a'")
    assert ran.rows == [["1", "2020-01-01 01:02:03.000", "a"]]
    keys = client.s3.list_objects_v2(Bucket=client.bucket, Prefix="avro_days/dt=a/")["Contents"]
    assert ran.scanned == sum(item["Size"] for item in keys)


def test_unload(client: Client) -> None:
    # Given a place
    place = f"s3://{client.bucket}/avro_unloaded/"

    # When rows are unloaded there
    ran = client.run(f"UNLOAD (SELECT 5 AS n, 'x' AS t) TO '{place}' WITH (format = 'AVRO')")

    # Then another reader finds them
    assert ran.state == "SUCCEEDED", ran.reason
    assert records(client, "avro_unloaded/")[0] == [{"n": 5, "t": "x"}]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("CAST(1 AS tinyint)", "tinyint in an Avro file"),
        ("CAST(1 AS smallint)", "smallint in an Avro file"),
        ("map(ARRAY[1], ARRAY[2])", "its keys are texts"),
    ],
)
def test_what_avro_does_not_have_is_refused_before_a_file_is_there(
    client: Client, kind: str, said: str
) -> None:
    # When a table of such a value is made
    place = f"s3://{client.bucket}/avro_refused/"
    made = client.run(
        f"CREATE TABLE avro_refused WITH (format = 'AVRO', external_location = '{place}') AS "
        f"SELECT {kind} AS v"
    )

    # Then it says so, and there is neither a table nor a file
    assert made.state == "FAILED"
    assert said in str(made.reason)
    assert "Contents" not in client.s3.list_objects_v2(Bucket=client.bucket, Prefix="avro_refused/")
    assert client.rows("SHOW TABLES LIKE 'avro_refused'") == []


@pytest.mark.parametrize(
    ("name", "columns", "fields", "said"),
    [
        ("micros", {"v": "timestamp"}, {"v": {"type": "long", "logicalType": "timestamp-micros"}},
         "timestamp-micros"),
        ("scale", {"v": "decimal(10,2)"},
         {"v": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 4}},
         "a decimal of another scale"),
        ("both", {"v": "string"}, {"v": ["int", "string"]}, "a union of several types"),
        ("small", {"v": "smallint"}, {"v": "int"}, "smallint in an Avro file"),
    ],
)  # fmt: skip
def test_files_that_others_read_differently_are_refused(
    client: Client, name: str, columns: dict[str, str], fields: dict[str, Any], said: str
) -> None:
    # Given a table of such a file
    record = avro_files.schema(fields)
    if name == "both":
        record["fields"][0] = {"name": "v", "type": ["null", "int", "string"]}
    client.put(f"data/lake/avro_{name}/a.avro", avro_files.body(record, []))
    avro_files.table(client, f"avro_{name}", columns)

    # When it is read
    ran = client.run(f"SELECT v FROM avro_{name}")

    # Then it is refused
    assert str(ran.reason).startswith("NOT_SUPPORTED: ")
    assert said in str(ran.reason)


def test_a_schema_of_its_own(client: Client) -> None:
    # Given tables whose schema has a default, other types than the columns, or is none
    own = avro_files.schema({"k": "int"})
    own["fields"].append({"name": "word", "type": "string", "default": "none"})
    for name, literal in (("good", json.dumps(own)), ("bad", "{"), ("odd", '"string"')):
        avro_files.table(
            client, f"avro_own_{name}", {"k": "int", "word": "string"},
            {"avro.schema.literal": literal},
        )  # fmt: skip
        body = avro_files.body(avro_files.schema({"k": "int"}), [{"k": 1}])
        client.put(f"data/lake/avro_own_{name}/a.avro", body)

    # When they are read
    rows = client.rows("SELECT k, word FROM avro_own_good")
    reasons = [client.run(f"SELECT k FROM avro_own_{name}").reason for name in ("bad", "odd")]

    # Then the default stands in, and the others say what is wrong with them
    assert rows == [["1", "none"]]
    assert "is no JSON" in str(reasons[0])
    assert "it is no record" in str(reasons[1])
