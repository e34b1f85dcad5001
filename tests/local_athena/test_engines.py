"""Choosing the engine, and what a Trino server is handed; `make test-trino` asks a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold.errors import ConfigurationError
from dayfold_local.athena import engines
from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.execution.ctas import Target
from dayfold_local.athena.execution.engine import AthenaSession, DuckDbEngine
from dayfold_local.athena.execution.layouts import Layout
from dayfold_local.athena.trino.engine import TrinoEngine
from dayfold_local.athena.trino.statements import written
from dayfold_local.athena.trino.values import formatter, kind_of
from tests.local_athena.conftest import free_port

if TYPE_CHECKING:
    from pathlib import Path

_MIDNIGHT = "2020-01-01 00:00:00.000 UTC"


def test_duckdb_runs_the_queries_unless_told_otherwise(tmp_path: Path) -> None:
    # When
    engine = engines.chosen({}, tmp_path)
    # Then
    assert isinstance(engine, DuckDbEngine)
    assert not isinstance(engine.session(), AthenaSession)
    engine.close()


def test_a_trino_server_takes_statements_as_they_are(tmp_path: Path) -> None:
    # Given
    environ = {engines.ENGINE: "trino", engines.TRINO_URL: "http://127.0.0.1:8080"}
    # When
    engine = engines.chosen(environ, tmp_path)
    # Then
    assert isinstance(engine.session(), AthenaSession)


@pytest.mark.parametrize(
    ("engine", "url", "said"),
    [
        ("trino", None, "--trino-url: the URL of a Trino server is like http://127.0.0.1:8080"),
        ("trino", "127.0.0.1:8080", "--trino-url: the URL of a Trino server is like"),
        ("duckdb", "http://127.0.0.1:8080", "--trino-url goes with --engine trino"),
    ],
)
def test_a_wrong_choice_gets_one_clear_line(engine: str, url: str | None, said: str) -> None:
    # When
    with pytest.raises(ConfigurationError) as refused:
        engines.settings(engine, url)
    # Then
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_a_server_that_is_not_there_is_named_before_anything_starts() -> None:
    # Given
    url = f"http://127.0.0.1:{free_port()}"
    # When
    with pytest.raises(ConfigurationError) as refused:
        engines.settings("trino", url)
    # Then
    assert f"no Trino server answers at {url}" in str(refused.value)


def test_a_query_ends_with_a_reason_when_the_server_is_gone() -> None:
    # Given
    session = TrinoEngine(f"http://127.0.0.1:{free_port()}").session()
    # When
    with pytest.raises(QueryFailure) as failed:
        session.execute("SELECT 1", "default")
    # Then
    assert "the Trino server does not answer" in failed.value.reason


def test_ctas_has_the_hive_connectors_properties_and_its_own_query() -> None:
    # Given
    layout = Layout(format="PARQUET", compression="SNAPPY", partitioned_by=("dt",))
    target = Target("build", "t", "s3://bucket/build/t/", layout, with_data=True)
    query = "SELECT a AS b, dt FROM x -- as it is"
    # When
    made = written(query, target)
    # Then
    assert made == (
        'CREATE TABLE "build"."t" WITH (format = \'PARQUET\', '
        "external_location = 's3://bucket/build/t', partitioned_by = ARRAY['dt']) AS\n"
        "SELECT a AS b, dt FROM x -- as it is"
    )


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("double", 1e10, "1.0E10"),
        ("double", "NaN", "NaN"),
        ("real", 0.1, "0.1"),
        ("boolean", True, "true"),
        ("decimal(5,2)", "1.20", "1.20"),
        ("varbinary", "AP8=", "00 ff"),
        ("array(double)", [1, None], "[1.0, null]"),
        ("map(varchar, integer)", {"a": None}, "{a=null}"),
        ("row(x integer, y varchar)", [1, None], "{x=1, y=null}"),
        ("interval day to second", "1 00:00:00.000", "1 00:00:00.000"),
        ("timestamp(3) with time zone", _MIDNIGHT, _MIDNIGHT),
    ],
)  # fmt: skip
def test_values_are_shown_as_athena_shows_them(kind: str, value: object, shown: str) -> None:
    # When
    found = formatter(kind_of(kind))(value)
    # Then
    assert found == shown
