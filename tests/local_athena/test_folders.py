"""Partitions whose folders tell their values, and those whose folders tell something else."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa  # noqa: TID253 - tests may load what they need
import pyarrow.parquet as pq  # noqa: TID253
import pytest

from tests.local_athena.client import PARQUET_SERDE

if TYPE_CHECKING:
    from tests.local_athena.client import Client


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
        body = io.BytesIO()
        file = {"n": pa.array([n], pa.int64()), "dt": pa.array(["of the file"])}
        pq.write_table(pa.table(file), body)
        client.put(f"raw/{table}/{place}part-0", body.getvalue())
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
