"""awswrangler as its users call it: with and without CTAS, and the calls of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awswrangler as wr  # noqa: TID253 - tests may load what they need
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_athena.client import Client

# Wrangler lags behind the pandas it runs on.
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword")


@pytest.fixture
def wrangler(client: Client) -> Iterator[Client]:
    """Wrangler's calls go to the test's server."""
    url = f"http://127.0.0.1:{client.port}"
    names = ("athena_endpoint_url", "s3_endpoint_url", "glue_endpoint_url", "sts_endpoint_url")
    for name in names:
        setattr(wr.config, name, url)
    yield client
    for name in names:
        wr.config.reset(name)


@pytest.mark.parametrize("ctas", [True, False])
def test_read_sql_query(wrangler: Client, *, ctas: bool) -> None:
    # Given a query with a parameter
    # When wrangler reads it, with and without CTAS
    frame = wr.athena.read_sql_query(
        "SELECT x, CAST(:word AS varchar) AS word, CAST(x AS double) / 2 AS half, DATE "
        "'2020-01-02' AS day "
        "FROM UNNEST(sequence(1, 3)) t(x) ORDER BY x",
        database="lake",
        params={"word": "it's"},
        ctas_approach=ctas,
        s3_output=f"s3://{wrangler.bucket}/wrangler/",
        boto3_session=wrangler.session,
    )

    # Then the frame is the same
    assert sorted(frame["x"].tolist()) == [1, 2, 3]
    assert frame["word"].tolist() == ["it's"] * 3
    assert sorted(frame["half"].tolist()) == [0.5, 1.0, 1.5]
    assert [str(day) for day in frame["day"]] == ["2020-01-02"] * 3


def test_start_and_wait(wrangler: Client) -> None:
    # Given a CTAS of the pipeline's kind
    query_id = wr.athena.start_query_execution(
        "CREATE TABLE build.wrangled WITH (format = 'PARQUET', partitioned_by = ARRAY['dt']) AS "
        "SELECT CAST(1 AS bigint) AS n, :day AS dt",
        database="lake",
        params={"day": "2004-05-20"},
        s3_output=f"s3://{wrangler.bucket}/wrangler/",
        boto3_session=wrangler.session,
    )

    # When it is waited for and the table is repaired
    found = wr.athena.wait_query(str(query_id), boto3_session=wrangler.session)
    repaired = wr.athena.repair_table(
        "wrangled",
        database="build",
        s3_output=f"s3://{wrangler.bucket}/wrangler/",
        boto3_session=wrangler.session,
    )

    # Then both have ended well
    assert found["Status"]["State"] == "SUCCEEDED"
    assert repaired == "SUCCEEDED"


def test_unload_approach(wrangler: Client) -> None:
    # Given a query with values of several types
    # When wrangler reads it by way of UNLOAD
    frame = wr.athena.read_sql_query(
        "SELECT x, CAST(1.50 AS decimal(5,2)) AS d, 'a' AS word FROM UNNEST(sequence(1, 3)) t(x)",
        database="lake",
        ctas_approach=False,
        unload_approach=True,
        unload_parameters={"file_format": "PARQUET", "compression": "snappy"},
        s3_output=f"s3://{wrangler.bucket}/wrangler-unload/",
        boto3_session=wrangler.session,
    )

    # Then the frame has them as they were written
    assert sorted(frame["x"].tolist()) == [1, 2, 3]
    assert [str(value) for value in frame["d"]] == ["1.50"] * 3


def make_table(wrangler: Client) -> dict[str, Any]:
    made: dict[str, Any] = wr.athena.create_ctas_table(
        "SELECT 1 AS n, 'x' AS p",
        database="lake",
        ctas_table="by_wrangler",
        ctas_database="build",
        partitioning_info=["p"],
        storage_format="json",
        write_compression="gzip",
        s3_output=f"s3://{wrangler.bucket}/wrangler-made/",
        wait=True,
        boto3_session=wrangler.session,
    )
    return made


def test_tables_made_and_unloaded(wrangler: Client) -> None:
    # Given a workgroup with a place for results, and a table that wrangler makes from a query
    results = f"s3://{wrangler.bucket}/wrangler/"
    session, place = wrangler.session, {"ResultConfiguration": {"OutputLocation": results}}
    wrangler.athena.create_work_group(
        Name="wranglers", Configuration={**place, "EnforceWorkGroupConfiguration": False}
    )
    made = make_table(wrangler)

    # When it is described, shown and unloaded
    shown = wr.athena.show_create_table(
        "by_wrangler", database="build", s3_output=results, boto3_session=session
    )
    described = wr.athena.describe_table(
        "by_wrangler", database="build", s3_output=results, boto3_session=session
    )
    unloaded = wr.athena.unload(
        "SELECT * FROM by_wrangler",
        f"s3://{wrangler.bucket}/by-wrangler/",
        "build",
        file_format="PARQUET",
        partitioned_by=["p"],
        workgroup="wranglers",
        boto3_session=session,
    )

    # Then each call sees the same table
    assert made["ctas_table"] == "by_wrangler"
    assert shown.startswith("CREATE EXTERNAL TABLE `by_wrangler`(")
    assert described["Column Name"].tolist() == ["n", "p"]
    assert described["Partition"].tolist() == [False, True]
    frame = wr.s3.read_parquet(
        f"s3://{wrangler.bucket}/by-wrangler/",
        dataset=True,
        path_ignore_suffix=[".csv", ".metadata"],  # wrangler has Athena put its lists there, too
        boto3_session=session,
    )
    assert frame.to_dict("records") == [{"n": 1, "p": "x"}]
    assert unloaded.raw_payload["Status"]["State"] == "SUCCEEDED"


def test_prepared_statements(wrangler: Client) -> None:
    # Given a statement that wrangler prepares
    wr.athena.create_prepared_statement(
        "SELECT ? AS a", statement_name="wrangled", boto3_session=wrangler.session
    )

    # When it is executed
    frame = wr.athena.read_sql_query(
        "EXECUTE wrangled",
        database="lake",
        ctas_approach=False,
        params=["5"],
        paramstyle="qmark",
        s3_output=f"s3://{wrangler.bucket}/wrangler/",
        boto3_session=wrangler.session,
    )

    # Then it has the value
    assert frame["a"].tolist() == [5]
    listed = wr.athena.list_prepared_statements(boto3_session=wrangler.session)
    assert "wrangled" in [item["StatementName"] for item in listed]
