"""PyAthena as its users call it: plain, pandas and Arrow cursors, parameters, UNLOAD."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import fs  # noqa: TID253 - tests may load what they need
from pyathena import connect
from pyathena.arrow.cursor import ArrowCursor
from pyathena.cursor import Cursor, DictCursor
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

if TYPE_CHECKING:
    from tests.local_athena.client import Client

SQL = (
    "SELECT 1 AS i, CAST(1.50 AS decimal(5,2)) AS d, 'x' AS t, DATE '2020-01-02' AS day, "
    "true AS b, CAST(NULL AS varchar) AS n, ARRAY[1, 2] AS a, 1e10 AS f"
)


@pytest.fixture
def connection(client: Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A connection to the test's server, for every service that PyAthena uses."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{client.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    # Its Arrow cursor reads results from S3 by itself, and cannot be told where S3 is.
    here: Any = {"endpoint_override": f"127.0.0.1:{client.port}", "scheme": "http"}
    monkeypatch.setattr(fs, "S3FileSystem", functools.partial(fs.S3FileSystem, **here))
    return connect(
        s3_staging_dir=f"s3://{client.bucket}/pyathena/",
        region_name="us-east-1",
        schema_name="lake",
        poll_interval=0.02,
    )


def test_the_plain_cursor(connection: Any) -> None:
    # Given a query of many types
    # When it is run with PyAthena's own cursors
    row = connection.cursor(Cursor).execute(SQL).fetchone()
    named = connection.cursor(DictCursor).execute(SQL).fetchall()

    # Then values come back as Python's
    assert row is not None
    assert row[:3] == (1, Decimal("1.50"), "x")
    assert str(row[3]) == "2020-01-02"
    assert (row[4], row[5], row[7]) == (True, None, 1e10)
    assert named[0]["d"] == Decimal("1.50")


def test_parameters_and_statements_about_tables(connection: Any) -> None:
    # Given PyAthena's two ways with parameters, and a table that it makes
    cursor = connection.cursor()

    # When they are used
    formatted = cursor.execute("SELECT %(word)s AS w", {"word": "it's"}).fetchone()
    marked = cursor.execute("SELECT ? AS w", ["'it''s'"], paramstyle="qmark").fetchone()
    cursor.execute("CREATE TABLE IF NOT EXISTS by_pyathena AS SELECT 1 AS n")
    cursor.execute("INSERT INTO by_pyathena VALUES (2), (3)")
    inserted = cursor.rowcount
    rows = cursor.execute("SELECT n FROM by_pyathena ORDER BY n").fetchall()
    shown = cursor.execute("SHOW TABLES LIKE 'by_pyathena'").fetchall()

    # Then they agree
    assert formatted == marked == ("it's",)
    assert inserted == 2
    assert rows == [(1,), (2,), (3,)]
    assert shown == [("by_pyathena",)]


# PyAthena, too, lags behind the pandas it runs on.
@pytest.mark.filterwarnings("ignore:The copy keyword", "ignore:engine='auto'")
@pytest.mark.parametrize("unload", [False, True])
def test_frames(connection: Any, *, unload: bool) -> None:
    # Given rows of several types
    sql = "SELECT x, 'a' AS t, CAST(x AS double) / 2 AS half FROM UNNEST(sequence(1, 3)) u(x)"

    # When they are read as a pandas frame and as an Arrow table, from CSV and by UNLOAD
    frame = connection.cursor(PandasCursor, unload=unload).execute(sql).as_pandas()
    table = connection.cursor(ArrowCursor, unload=unload).execute(sql).as_arrow()

    # Then both have the same rows
    assert sorted(frame["half"].tolist()) == [0.5, 1.0, 1.5]
    assert sorted(table.column("half").to_pylist()) == [0.5, 1.0, 1.5]
    assert table.column("t").to_pylist() == ["a"] * 3


def test_failures_are_its_errors(connection: Any) -> None:
    # Given a query that fails
    # When it is run
    with pytest.raises(OperationalError) as failed:
        connection.cursor().execute("SELECT 1/0")

    # Then the error has Athena's words
    assert "DIVISION_BY_ZERO" in str(failed.value)
