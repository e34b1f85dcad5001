"""Partitions whose folders tell their values, and those whose folders tell something else."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # noqa: TID253 - tests may load what they need
import pyarrow.parquet as pq  # noqa: TID253
import pytest

from tests.local_athena.client import PARQUET_SERDE

if TYPE_CHECKING:
    from tests.local_athena.client import Client


def parquet(n: int) -> bytes:
    """A file of one row, with a column of the partition key's name too."""
    body = io.BytesIO()
    columns: dict[str, pa.Array[Any]] = {
        "n": pa.array([n], pa.int64()),
        "dt": pa.array(["of the file"]),
    }
    pq.write_table(pa.table(columns), body)
    return body.getvalue()


@pytest.mark.parametrize(
    ("name", "kind", "places"),
    [
        ("said", "string", {"2004-05-20": "dt=2004-05-20/", "2004-05-21": "dt=2004-05-21/"}),
        ("swapped", "string", {"2004-05-20": "dt=2004-05-21/", "2004-05-21": "dt=2004-05-20/"}),
        ("below", "string", {"2004-05-20": "a=b/dt=2004-05-20/", "2004-05-21": "dt=2004-05-21/"}),
        ("inner", "string", {"a": "dt=a/hour=1/", "b": "dt=b/hour=2/"}),
        ("zeros", "int", {"1": "dt=01/", "2": "dt=02/"}),
        ("numbers", "int", {"1": "dt=1/", "10": "dt=10/"}),
        ("days", "date", {"2004-05-20": "dt=2004-05-20/", "2004-05-21": "dt=2004-05-21/"}),
        ("blanks", "string", {"a b": "dt=a b/", "a/b": "dt=a%2Fb/"}),
        ("letters", "string", {"A": "DT=A/", "b": "dt=B/"}),
        (
            "none",
            "string",
            {"__HIVE_DEFAULT_PARTITION__": "dt=__HIVE_DEFAULT_PARTITION__/", "x": "dt=x/"},
        ),
    ],
)
def test_a_partitions_value_is_the_catalogs_whatever_its_folders_say(
    client: Client, name: str, kind: str, places: dict[str, str]
) -> None:
    # Given partitions of Parquet files, which have a column of the key's name too
    table, columns = f"folders_{name}", {"n": "bigint"}
    client.table(table, columns, f"raw/{table}/", PARQUET_SERDE, keys={"dt": kind})
    for n, (value, place) in enumerate(places.items()):
        client.put(f"raw/{table}/{place}part-0", parquet(n))
        client.partition(table, [value], columns, f"raw/{table}/{place}", PARQUET_SERDE)

    # When they are read, all of them and those of a condition on the key
    values = [None if value.startswith("__HIVE") else value for value in places]
    rows = client.rows(f"SELECT CAST(dt AS varchar), n FROM {table} ORDER BY n")
    some = client.rows(
        f"SELECT n FROM {table} WHERE CAST(dt AS varchar) >= '{values[1]}' ORDER BY n"
    )

    # Then
    assert rows == [[value, str(n)] for n, value in enumerate(values)]
    assert some == [[str(n)] for n, v in enumerate(values) if v is not None and v >= str(values[1])]


@pytest.mark.parametrize(
    "condition",
    ["dt IN (SELECT d FROM picked)", "dt = (SELECT max(d) FROM picked)", "dt || '' = '2004-05-21'"],
)
def test_a_rows_path_is_its_files_where_others_need_not_be_read(
    client: Client, condition: str
) -> None:
    # Given three days, and a condition on them that is known only while the query runs
    table, columns = f"folders_paths_{len(condition)}", {"n": "bigint"}
    client.table(table, columns, f"raw/{table}/", PARQUET_SERDE, keys={"dt": "string"})
    for n in (20, 21, 22):
        place = f"raw/{table}/dt=2004-05-{n}/"
        client.put(f"{place}part-0", parquet(n))
        client.partition(table, [f"2004-05-{n}"], columns, place, PARQUET_SERDE)

    # When the path of its rows is asked for
    picked = "WITH picked AS (SELECT '2004-05-21' AS d)"
    rows = client.rows(f'{picked} SELECT n, dt, "$path" FROM {table} WHERE {condition}')

    # Then it is that of the file
    path = f"s3://{client.bucket}/raw/{table}/dt=2004-05-21/part-0"
    assert rows == [["21", "2004-05-21", path]]
