"""What statements write: CTAS in each format, INSERT INTO, UNLOAD; read back by the same tables."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_athena.client import Client, Ran

# one row of everything a Hive table holds, and one of NULLs
VALUES = (
    "SELECT 1 AS i, CAST(9007199254740993 AS bigint) AS b, 1.50 AS d, 1e10 AS f, "
    "CAST('x,\"y' AS varchar) AS v, true AS o, DATE '2020-01-02' AS dt, "
    "CAST(timestamp '2020-01-02 03:04:05.120' AS timestamp(3)) AS ts, X'00ff' AS bin, "
    "ARRAY[1, NULL] AS a, map(ARRAY['k'], ARRAY[1.5]) AS m, "
    "CAST(ROW(1, 'z') AS ROW(x integer, y varchar)) AS r "
    "UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
)
SHOWN: list[list[str | None]] = [
    [
        "1", "9007199254740993", "1.50", "1.0E10", 'x,"y', "true", "2020-01-02",
        "2020-01-02 03:04:05.120", "00 ff", "[1, null]", "{k=1.5}", "{x=1, y=z}",
    ],
    [None] * 12,
]  # fmt: skip


def files(client: Client, ran: Ran) -> list[str]:
    """The keys that a statement's manifest lists."""
    location = ran.execution["Statistics"]["DataManifestLocation"].split("/", 3)[3]
    body = client.s3.get_object(Bucket=client.bucket, Key=location)["Body"].read().decode()
    return [line.split("/", 3)[3] for line in body.splitlines()]


def succeeded(client: Client, sql: str) -> Ran:
    """The statement, which has to succeed."""
    ran = client.run(sql)
    assert ran.state == "SUCCEEDED", ran.reason
    return ran


@pytest.mark.parametrize(
    ("stored", "compression", "suffix"),
    [
        ("PARQUET", "SNAPPY", ""), ("PARQUET", "LZ4", ""), ("ORC", "ZLIB", ""), ("ORC", "ZSTD", ""),
        ("JSON", "GZIP", ".gz"), ("JSON", "SNAPPY", ".snappy"), ("TEXTFILE", "BZIP2", ".bz2"),
        ("TEXTFILE", "NONE", ""), ("TEXTFILE", "ZSTD", ".zst"), ("JSON", "LZ4", ".lz4"),
        ("TEXTFILE", "DEFLATE", ".deflate"),
    ],
)  # fmt: skip
def test_every_format_gives_back_what_went_in(
    client: Client, stored: str, compression: str, suffix: str
) -> None:
    # Given a table made from every type, in one format and compression
    name = f"all_{stored}_{compression}".lower()
    # Hive's JSON files hold no bytes.
    binary = "varchar" if stored == "JSON" else "varbinary"
    values = VALUES.replace("X'00ff'", "'00 ff'") if stored == "JSON" else VALUES
    ran = succeeded(
        client,
        f"CREATE TABLE {name} WITH (format = '{stored}', write_compression = '{compression}', "
        f"external_location = 's3://{client.bucket}/written/{name}/') AS {values}",
    )

    # When it is read
    back = client.run(f"SELECT * FROM {name} ORDER BY i")

    # Then every value and type is what was written, and the files are named as Hive names them
    assert back.rows == SHOWN, back.reason
    assert all(key.endswith(suffix) for key in files(client, ran))
    assert back.types[:9] == [
        "integer", "bigint", "decimal", "double", "varchar", "boolean", "date", "timestamp",
        binary,
    ]  # fmt: skip


def test_text_with_a_delimiter_of_its_own(client: Client) -> None:
    # Given a CTAS that writes tab-separated text without compression
    ran = succeeded(
        client,
        "CREATE TABLE tabbed WITH (format = 'TEXTFILE', field_delimiter = '\t', write_compression "
        "= 'NONE') AS SELECT 'a' AS x, CAST(NULL AS bigint) AS y, 1.5e0 AS z",
    )

    # When the file is looked at
    body = client.s3.get_object(Bucket=client.bucket, Key=files(client, ran)[0])["Body"].read()

    # Then it has the delimiter and Hive's NULL, and the table reads it
    assert body == b"a\t\\N\t1.5\n"
    assert client.rows("SELECT * FROM tabbed") == [["a", None, "1.5"]]


def test_buckets(client: Client) -> None:
    # Given a table bucketed by two columns
    ran = succeeded(
        client,
        "CREATE TABLE bucketed WITH (bucketed_by = ARRAY['n', 's'], bucket_count = 4) AS "
        "SELECT n, CAST(n AS varchar) AS s FROM UNNEST(sequence(1, 40)) t(n)",
    )

    # When its rows are looked for by file
    kept = client.glue.get_table(DatabaseName="lake", Name="bucketed")["Table"]["StorageDescriptor"]
    rows = client.rows('SELECT n, "$path" FROM bucketed')

    # Then each is where Hive's first hash puts it: 31 * n + the hash of the text
    for number, path in rows:
        assert number is not None
        assert path is not None
        text = 0
        for letter in number.encode():
            text = text * 31 + letter
        wanted = ((int(number) * 31 + text) & 0x7FFFFFFF) % 4
        assert path.rpartition("/")[2].startswith(f"{wanted:06d}_0_")
    assert len(files(client, ran)) == 4
    assert (kept["NumberOfBuckets"], kept["BucketColumns"]) == (4, ["n", "s"])


def test_insert_into_partitions(client: Client) -> None:
    # Given a partitioned table with a partition that is somewhere else
    succeeded(
        client,
        "CREATE TABLE filled WITH (partitioned_by = ARRAY['dt'], external_location = "
        f"'s3://{client.bucket}/written/filled/') AS SELECT 1 AS n, 'a' AS s, '2020-01-01' AS dt",
    )
    client.rows(
        "ALTER TABLE filled ADD PARTITION (dt = '2020-01-09') LOCATION "
        f"'s3://{client.bucket}/elsewhere/filled/'"
    )

    # When rows are inserted by place, by name and from VALUES
    by_place = succeeded(
        client,
        "INSERT INTO filled SELECT 2, 'b', '2020-01-09' UNION ALL SELECT 3, 'c', '2020-01-02'",
    )
    succeeded(client, "INSERT INTO lake.filled (dt, n) VALUES ('2020-01-03', 4), (NULL, 5)")

    # Then they are read back; new partitions are in the catalog, old ones are filled where they are
    rows = client.rows("SELECT n, s, dt FROM filled ORDER BY n")
    assert rows == [
        ["1", "a", "2020-01-01"],
        ["2", "b", "2020-01-09"],
        ["3", "c", "2020-01-02"],
        ["4", None, "2020-01-03"],
        ["5", None, None],
    ]
    assert sorted(key.rpartition("/")[0] for key in files(client, by_place)) == [
        "elsewhere/filled",
        "written/filled/dt=2020-01-02",
    ]
    shown = client.rows("SHOW PARTITIONS filled")
    assert ["dt=2020-01-03"] in shown
    assert (by_place.execution["StatementType"], by_place.execution["SubstatementType"]) == (
        "DML",
        "INSERT",
    )
    answer = client.athena.get_query_results(QueryExecutionId=by_place.id)
    assert answer["UpdateCount"] == 2


NEW = "CREATE TABLE not_written WITH"
UNLOAD_101 = (
    "UNLOAD (SELECT n AS a, CAST(n AS varchar) AS p FROM UNNEST(sequence(1, 101)) t(n)) TO "
    "'s3://lake-bucket/u2/' WITH (format = 'PARQUET', partitioned_by = ARRAY['p'])"
)
TWICE = "UNLOAD (SELECT 1 AS a, 2 AS a) TO 's3://lake-bucket/u1/' WITH (format = 'JSON')"
MISMATCHED = (
    "TYPE_MISMATCH: line 1:13: Insert query has mismatched column types: Table: [integer, "
    "varchar(2)], Query: [varchar(1), varchar(1)]"
)
BUCKETS = "INVALID_TABLE_PROPERTY: bucketed_by and bucket_count"
DELIMITER = "INVALID_TABLE_PROPERTY: Cannot specify field_delimiter"
NO_KEY = "INVALID_TABLE_PROPERTY: Partition columns ['b'] not present in schema"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("INSERT INTO strict_target SELECT 'x', 'y'", MISMATCHED),
        ("INSERT INTO strict_target SELECT 1", "TYPE_MISMATCH"),
        ("INSERT INTO strict_target (nope) SELECT 1", "COLUMN_NOT_FOUND"),
        ("INSERT INTO strict_target SELECT 1, 'abc'", "INVALID_CAST_ARGUMENT: Cannot truncate"),
        ("INSERT INTO nope SELECT 1", "TABLE_NOT_FOUND"),
        (f"{NEW} (format = 'PARQUET', bucketed_by = ARRAY['a']) AS SELECT 1 a", BUCKETS),
        (f"{NEW} (format = 'JSON', field_delimiter = ',') AS SELECT 1 a", DELIMITER),
        (f"{NEW} (format = 'ION') AS SELECT 1 a", "NOT_SUPPORTED: line 1:14: format ION"),
        (f"{NEW} (table_type = 'ICEBERG') AS SELECT 1 a", "NOT_SUPPORTED"),
        (f"{NEW} (is_external = false) AS SELECT 1 a", "INVALID_TABLE_PROPERTY"),
        (f"{NEW} (partitioned_by = ARRAY['b']) AS SELECT 1 a", NO_KEY),
        (f"{NEW} (write_compression = 'LZO') AS SELECT 1 a", "INVALID_TABLE_PROPERTY"),
        ("UNLOAD (SELECT 1 AS a) TO 's3://lake-bucket/u1/'", "INVALID_TABLE_PROPERTY: UNLOAD"),
        (TWICE, "DUPLICATE_COLUMN_NAME"),
        (UNLOAD_101, "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100"),
    ],
)
def test_what_may_not_be_written(client: Client, sql: str, reason: str) -> None:
    # Given a table with an integer and a short text
    client.rows(
        "CREATE EXTERNAL TABLE IF NOT EXISTS strict_target (n int, s varchar(2)) STORED AS PARQUET "
        f"LOCATION 's3://{client.bucket}/strict_target/'"
    )

    # When something that does not fit is written
    failed = client.run(sql)

    # Then it fails, saying what is wrong, and nothing is left behind
    assert failed.reason is not None
    assert failed.reason.startswith(reason)
    listed = client.s3.list_objects_v2(Bucket=client.bucket, Prefix="strict_target/")
    assert listed["KeyCount"] == 0
    assert ["not_written"] not in client.rows("SHOW TABLES")


def test_unload(client: Client) -> None:
    # Given a query unloaded as JSON lines by partition
    ran = succeeded(
        client,
        "UNLOAD (SELECT n, CAST(1.50 AS decimal(5,2)) AS d, 'a' || CAST(n AS varchar) AS p "
        f"FROM UNNEST(sequence(1, 2)) t(n)) TO 's3://{client.bucket}/unloaded/json/' "
        "WITH (format = 'JSON', partitioned_by = ARRAY['p'])",
    )

    # When the files in the manifest are read, and the same place is unloaded to again
    found: dict[str, Any] = {}
    for key in files(client, ran):
        body = client.s3.get_object(Bucket=client.bucket, Key=key)["Body"].read()
        found[key.split("/")[2]] = gzip.decompress(body)
    again = client.run(
        f"UNLOAD (SELECT 1 x) TO 's3://{client.bucket}/unloaded/json/' WITH (format='ORC')"
    )

    # Then each partition has its rows, without the partition's column
    assert found == {"p=a1": b'{"n":1,"d":1.50}\n', "p=a2": b'{"n":2,"d":1.50}\n'}
    assert json.loads(found["p=a1"]) == {"n": 1, "d": 1.5}
    assert ran.execution["SubstatementType"] == "UNLOAD"
    assert again.reason is not None
    assert again.reason.startswith("HIVE_PATH_ALREADY_EXISTS")


def test_partition_values_beyond_ascii_are_refused_before_a_file_is_written(client: Client) -> None:
    # Given a CTAS whose last partition has a value that Hive's folders do not take
    sql = (
        "CREATE TABLE beyond WITH (partitioned_by = ARRAY['p'], external_location = "
        f"'s3://{client.bucket}/written/beyond/') AS "
        "SELECT * FROM (VALUES (1, 'a'), (2, 'ü')) t(n, p)"
    )
    # When
    ran = client.run(sql)
    # Then it fails as on Athena, and leaves nothing
    assert ran.reason == (
        "HIVE_INVALID_PARTITION_VALUE: Hive partition keys can only contain printable ASCII "
        "characters (0x20 - 0x7E). Invalid value: C3 BC"
    )
    listed = client.s3.list_objects_v2(Bucket=client.bucket, Prefix="written/beyond/")
    assert listed["KeyCount"] == 0


@pytest.mark.parametrize("value", ["{}", "ARRAY[{}]", "map(ARRAY['k'], ARRAY[{}])"])
def test_orc_moments_that_other_readers_call_malformed_are_refused(
    client: Client, value: str
) -> None:
    # Given a moment before 1970 with a fraction, for which the ORC library writes a wrong number
    moment = value.format("TIMESTAMP '1969-12-31 23:59:59.001'")
    # When
    ran = client.run(f"CREATE TABLE early WITH (format = 'ORC') AS SELECT {moment} AS ts")
    # Then nothing is written that Trino could not read
    assert ran.reason is not None
    assert "ORC files with a moment before 1970" in ran.reason
    assert ran.reason.startswith("NOT_SUPPORTED")


def test_bytes_are_not_written_as_json(client: Client) -> None:
    # When bytes shall be written as Hive's JSON, which loses those that are no letters
    ran = client.run("CREATE TABLE bytes WITH (format = 'JSON') AS SELECT ARRAY[X'00ff'] AS b")
    # Then
    assert ran.reason == (
        "NOT_SUPPORTED: varbinary in JSON files: write to_base64(x), or another format"
    )
