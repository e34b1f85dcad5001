"""Tables as found in the wild: JSON, CSV and Parquet, partitions anywhere, broken files."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # noqa: TID253 - tests may load what they need
import pyarrow.parquet as pq  # noqa: TID253
import pytest

from tests.local_athena.client import PARQUET_SERDE

if TYPE_CHECKING:
    from tests.local_athena.client import Client

EVENT = {"id": "string", "n": "bigint"}


def parquet(**columns: pa.Array[Any]) -> bytes:
    """A Parquet file."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def daily(client: Client, table: str, days: list[str]) -> dict[str, int]:
    """A partitioned JSON table with a gzip file a day; the size of each."""
    client.table(table, EVENT, f"raw/{table}/", keys={"dt": "string"})
    sizes = {}
    for at, day in enumerate(days):
        prefix = f"raw/{table}/dt={day}/"
        rows = [{"id": f"{day}-{i}", "n": at * 10 + i} for i in range(3)]
        sizes[day] = client.put_json(f"{prefix}part-0.json.gz", rows)
        client.partition(table, [day], EVENT, prefix)
    return sizes


def test_partitions_are_pruned_by_folded_bounds(client: Client) -> None:
    # Given ten days of files
    days = [f"2004-05-{day:02d}" for day in range(11, 21)]
    sizes = daily(client, "pruned", days)

    # When a query asks for a week up to a day, in the words of the pipeline
    ran = client.run(
        "SELECT dt, count(*), sum(n) FROM pruned WHERE dt BETWEEN "
        "CAST(date_add('day', -6, DATE '2004-05-20') AS varchar) AND '2004-05-20' GROUP BY dt",
    )

    # Then only that week's files are read, whole
    assert ran.state == "SUCCEEDED", ran.reason
    assert len(ran.rows) == 7
    assert ran.scanned == sum(sizes[day] for day in days[3:])


@pytest.mark.parametrize(
    ("condition", "days"),
    [
        ("dt = '2004-05-12'", ["2004-05-12"]),
        ("dt IN ('2004-05-12', '2004-05-14')", ["2004-05-12", "2004-05-14"]),
        ("'2004-05-13' < dt AND n >= 0", ["2004-05-14"]),
        ("substr(dt, 9) = '13'", ["2004-05-13"]),
        ("dt = '1999-01-01'", []),
        ("dt = '2004-05-12' OR n = 0", ["2004-05-11", "2004-05-12", "2004-05-13", "2004-05-14"]),
    ],
)
def test_which_conditions_prune(client: Client, condition: str, days: list[str]) -> None:
    # Given four days
    if not client.glue.get_tables(DatabaseName="lake", Expression="conditions")["TableList"]:
        daily(client, "conditions", [f"2004-05-{day}" for day in range(11, 15)])
    sizes = {
        item["Key"].split("=")[1][:10]: item["Size"]
        for item in client.s3.list_objects_v2(Bucket=client.bucket, Prefix="raw/conditions/")[
            "Contents"
        ]
    }

    # When one condition on the day is used
    ran = client.run(f"SELECT count(*) FROM conditions WHERE {condition}")

    # Then just the days that can hold rows are read
    assert ran.scanned == sum(sizes[day] for day in days)


def test_an_outer_join_keeps_its_rows(client: Client) -> None:
    # Given two days, and a condition on the day that NULL passes
    daily(client, "outer_side", ["2004-05-11", "2004-05-12"])

    # When it stands behind an outer join
    rows = client.rows(
        "SELECT v.k, o.dt FROM (VALUES 'x', '2004-05-11-0') v(k) LEFT JOIN outer_side o ON o.id = "
        "v.k "
        "WHERE o.dt IS NULL OR o.dt = '2004-05-12'",
    )

    # Then the pruning does not invent rows
    assert rows == [["x", None]]


def test_views_and_subqueries_pass_conditions_on(client: Client) -> None:
    # Given a view over two days
    sizes = daily(client, "viewed", ["2004-05-11", "2004-05-12"])
    client.rows("CREATE OR REPLACE VIEW viewed_all AS SELECT id, n AS number, dt FROM viewed")

    # When the view and a WITH query over it are read
    ran = client.run(
        "WITH w AS (SELECT * FROM viewed_all WHERE dt = '2004-05-12') SELECT max(number) FROM w",
    )

    # Then the condition reaches the table
    assert ran.rows == [["12"]]
    assert ran.scanned in {sizes["2004-05-12"], sum(sizes.values())}


def test_the_partition_value_is_the_catalogs(client: Client) -> None:
    # Given a partition whose location says nothing of its day, and one without files
    client.table("anywhere", EVENT, "raw/anywhere/", keys={"dt": "string"})
    client.put_json("elsewhere/b-17/x.json", [{"id": "a", "n": 1}])
    client.put_json("elsewhere/b-17/_SUCCESS", [{"id": "hidden", "n": 2}])
    client.put_json("elsewhere/b-17/.tmp/y.json", [{"id": "hidden", "n": 3}])
    client.partition("anywhere", ["2004-05-20"], EVENT, "elsewhere/b-17/")
    client.partition("anywhere", ["2004-05-21"], EVENT, "elsewhere/none/")

    # When it is read
    rows = client.rows("SELECT id, dt FROM anywhere")

    # Then dt is the partition's, hidden files are not read, no file is no row
    assert rows == [["a", "2004-05-20"]]


def test_json_as_it_comes(client: Client) -> None:
    # Given missing keys, extra keys, other cases, nested values, blank lines
    columns = {
        "id": "string",
        "n": "bigint",
        "ok": "boolean",
        "tags": "array<string>",
        "who": "struct<name:string,age:int>",
    }
    client.table("wild", columns, "raw/wild/")
    client.put(
        "raw/wild/a.json",
        b'{"ID": "a", "n": "7", "tags": ["x", "y"], "who": {"name": "z", "age": 3}, "more": 1}\n\n'
        b'{"ID": "b", "ok": true}\n{"ID": {"raw": [1]}, "n": null}\n',
    )

    # When it is read
    rows = client.rows("SELECT id, n, ok, tags, who, who.name FROM wild")

    # Then every value is in place, and what is missing is NULL
    assert rows == [
        ["a", "7", None, "[x, y]", "{name=z, age=3}", "z"],
        ["b", None, "true", None, None, None],
        ['{"raw":[1]}', None, None, None, None, None],
    ]


def test_a_text_in_a_bigint_names_the_file(client: Client) -> None:
    # Given a text where the table declares a number
    client.table("bad_number", EVENT, "raw/bad_number/")
    client.put_json("raw/bad_number/a.json.gz", [{"id": "a", "n": 1}, {"id": "b", "n": "many"}])

    # When the column is read, and when it is not
    failed = client.run("SELECT sum(n) FROM bad_number")
    other = client.run("SELECT count(id) FROM bad_number")

    # Then it fails as bad data, naming value and file; a query without it does not care
    assert failed.reason is not None
    assert failed.reason.startswith("HIVE_BAD_DATA: Error parsing a column in the table")
    assert "'many'" in failed.reason
    assert f"s3://{client.bucket}/raw/bad_number/a.json.gz" in failed.reason
    assert "lake.bad_number" in failed.reason
    error = failed.execution["Status"]["AthenaError"]
    assert (error["ErrorCategory"], error["ErrorType"], error["Retryable"]) == (2, 1001, False)
    assert other.rows == [["2"]]


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("cut", gzip.compress(b'{"id": "a"}\n' * 1000)[:-20], "HIVE_CURSOR_ERROR"),
        ("no_gzip", b"plain text", "HIVE_CURSOR_ERROR"),
        ("half_json", gzip.compress(b'{"id": "a"}\n{"id": \n'), "HIVE_CURSOR_ERROR: Row is not"),
    ],
)
def test_a_broken_file_is_named(client: Client, name: str, body: bytes, reason: str) -> None:
    # Given a file that cannot be read to its end
    client.table(f"broken_{name}", EVENT, f"raw/broken_{name}/")
    client.put(f"raw/broken_{name}/a.json.gz", body)

    # When it is read
    failed = client.run(f"SELECT count(id) FROM broken_{name}")

    # Then the query fails, naming it
    assert failed.reason is not None
    assert failed.reason.startswith(reason)
    assert f"raw/broken_{name}/a.json.gz" in failed.reason


def test_parquet_by_name_and_bytes_of_used_columns(client: Client) -> None:
    # Given two files with columns in another order, one lacking a column, one with an extra one
    columns = {"id": "string", "n": "bigint", "x": "double"}
    client.table("by_name", columns, "raw/by_name/", PARQUET_SERDE)
    wide = parquet(
        n=pa.array([1, 2], pa.int64()), id=pa.array(["a", "b" * 5000]), y=pa.array([0, 0])
    )
    client.put("raw/by_name/one", wide)
    client.put("raw/by_name/two", parquet(id=pa.array(["c"]), x=pa.array([1.5])))

    # When some or none of the columns are read
    all_of_it = client.rows("SELECT substr(id, 1, 1), n, x FROM by_name ORDER BY 1")
    narrow = client.run("SELECT sum(n) FROM by_name")
    none = client.run("SELECT count(*) FROM by_name")

    # Then missing columns are NULL, and only what is used counts as scanned
    assert all_of_it == [["a", "1", None], ["b", "2", None], ["c", None, "1.5"]]
    assert (narrow.rows, none.rows) == ([["3"]], [["3"]])
    assert 0 < narrow.scanned < 200 < len(wide)
    assert none.scanned == 0


def test_parquet_of_another_type(client: Client) -> None:
    # Given a file whose column is not what the table declares
    client.table("other_type", {"id": "bigint", "n": "bigint"}, "raw/other_type/", PARQUET_SERDE)
    client.put("raw/other_type/a", parquet(id=pa.array(["x"]), n=pa.array([1], pa.int32())))

    # When it is read
    failed = client.run("SELECT id FROM other_type")
    fine = client.run("SELECT n FROM other_type")

    # Then the failure names both types and the file; a narrower integer is fine
    assert failed.reason is not None
    assert failed.reason.startswith("HIVE_BAD_DATA: Field id's type varchar in parquet file s3://")
    assert "incompatible with type bigint defined in table schema" in failed.reason
    assert fine.rows == [["1"]]


def test_broken_parquet(client: Client) -> None:
    # Given a file that is no Parquet
    client.table("no_parquet", EVENT, "raw/no_parquet/", PARQUET_SERDE)
    client.put("raw/no_parquet/a", b"PAR1 and then nothing")

    # When it is read
    failed = client.run("SELECT n FROM no_parquet")

    # Then the query says so, naming it
    assert failed.reason is not None
    assert failed.reason.startswith("HIVE_BAD_DATA: Not valid Parquet file: s3://")
    assert "raw/no_parquet/a" in failed.reason


def test_partitions_with_columns_of_their_own(client: Client) -> None:
    # Given a table whose older partitions have a narrower, and one another type for a column
    columns = {"id": "string", "n": "bigint"}
    client.table("evolved", columns, "raw/evolved/", keys={"dt": "string"})
    for day, kind in (("01", "int"), ("02", "bigint"), ("03", "string")):
        client.put_json(f"raw/evolved/dt={day}/a.json", [{"id": day, "n": 7}])
        own = {"n": kind, "id": "string", "gone": "date"}
        client.partition("evolved", [day], own, f"raw/evolved/dt={day}/")

    # When those that fit are read, and all of them
    fine = client.rows("SELECT id, n FROM evolved WHERE dt < '03' ORDER BY id")
    failed = client.run("SELECT id FROM evolved")

    # Then a type that only grew is read; one that cannot become the table's fails, named
    assert fine == [["01", "7"], ["02", "7"]]
    assert failed.reason == (
        "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition "
        "schemas. The types are incompatible and cannot be coerced. The column 'n' in table "
        "'lake.evolved' is declared as type 'bigint', but partition 'dt=03' declared column 'n' "
        "as type 'string'."
    )
