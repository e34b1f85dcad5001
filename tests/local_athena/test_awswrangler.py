"""awswrangler as its users call it: with and without CTAS, and the calls of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awswrangler as wr  # noqa: TID253 - tests may load what they need
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_athena.client import Client


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


# Wrangler lags behind the pandas it runs on.
@pytest.mark.filterwarnings("ignore:The copy keyword")
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
