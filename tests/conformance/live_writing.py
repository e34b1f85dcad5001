"""What one engine writes the other reads: `make test-trino` runs this file.

Each engine makes a table in every format, fills one that the other has made, and unloads files;
both then read all of it, and read what went in.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from dayfold_local import process
from dayfold_local.athena import engines
from tests.conformance import suite
from tests.conformance.data import TYPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.folder import StateFolder
    from tests.conformance.engines import LocalAthena, Trino
    from tests.local_athena.client import Client

ENGINES = ("duckdb", "trino")
COLUMNS = [name for name in TYPED if name not in {"js", "iso"}]
# Partition values of each type, and a text that a folder's name must escape.
KEYS = {
    "day": "CAST(da AS varchar)",
    "number": "k % 3",
    "place": "CAST(CASE WHEN k < 5 THEN 'a b/c=d%' WHEN k = 7 THEN ' x\"y''z:{}' END AS varchar)",
}
STORED_AS = {
    "PARQUET": "STORED AS PARQUET",
    "ORC": "STORED AS ORC",
    "JSON": "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'",
    "TEXTFILE": "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\001'",
}


@dataclasses.dataclass(frozen=True)
class Written:
    """One way to write."""

    format: str
    codec: str
    partitioned: bool = False
    buckets: int = 0

    @property
    def name(self) -> str:
        """A part of a table's name."""
        extra = "_partitioned" * self.partitioned + "_bucketed" * bool(self.buckets)
        return f"{self.format}_{self.codec}{extra}".lower()

    def __str__(self) -> str:
        return self.name

    @property
    def source(self) -> str:
        """The query whose rows are written.

        A text file knows no line breaks in its values, and Trino 435 reads a varchar(10) of more
        bytes past its end there; its JSON knows no NaN and Infinity and writes bytes as letters;
        ORC with a fraction before 1970 is refused.
        """
        keys = [f"{value} AS {name}" for name, value in KEYS.items()] if self.partitioned else []
        without = {"TEXTFILE": "4, 10", "ORC": "5", "JSON": "9, 10"}.get(self.format, "0")
        where = f"k NOT IN ({without})" + " AND da IS NOT NULL" * self.partitioned
        return f"SELECT {', '.join([*self.columns, *keys])} FROM lake.typed WHERE {where}"

    @property
    def columns(self) -> list[str]:
        """The columns that the format has."""
        return [name for name in COLUMNS if name != "bin" or self.format != "JSON"]

    def properties(self, location: str = "") -> str:
        """What stands in WITH (...)."""
        word = "write_compression" if location else "compression"
        given = [f"format = '{self.format}'", f"{word} = '{self.codec}'"]
        if location:
            given.append(f"external_location = '{location}'")
        if self.partitioned:
            given.append(f"partitioned_by = ARRAY{list(KEYS)}")
        if self.buckets:
            given.append(f"bucketed_by = ARRAY['i', 's'], bucket_count = {self.buckets}")
        return ", ".join(given)


WAYS = [
    *(Written("PARQUET", codec) for codec in ("SNAPPY", "GZIP", "ZSTD", "NONE")),
    *(Written("ORC", codec) for codec in ("ZLIB", "SNAPPY", "ZSTD", "LZ4", "NONE")),
    *(Written("JSON", codec) for codec in ("GZIP", "ZSTD", "SNAPPY", "LZ4", "NONE")),
    *(Written("TEXTFILE", codec) for codec in ("GZIP", "ZSTD", "SNAPPY", "LZ4", "NONE")),
    *(Written(kind, "GZIP", partitioned=True) for kind in ("PARQUET", "JSON", "TEXTFILE")),
    Written("ORC", "ZLIB", partitioned=True),
    Written("PARQUET", "SNAPPY", buckets=4),
]


@pytest.fixture(scope="module")
def tables(client: Client, state: StateFolder, url: str) -> Iterator[None]:
    """Every table, made by one engine and then filled by the other, and every folder unloaded."""
    for way in WAYS:
        _make(client, "duckdb", way)
    with pytest.MonkeyPatch.context() as patch:
        _restart(client, state, patch, engines.settings("trino", url))
        for way in WAYS:
            _make(client, "trino", way)
            if not way.buckets:
                _done(client, f"INSERT INTO build.ctas_duckdb_{way} {way.source} AND k < 6")
    with pytest.MonkeyPatch.context() as patch:
        _restart(client, state, patch, engines.settings("duckdb", None))
        for way in WAYS:
            if not way.buckets:
                _done(client, f"INSERT INTO build.ctas_trino_{way} {way.source} AND k < 6")
        yield


def _restart(
    client: Client, state: StateFolder, patch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    for name, value in settings.items():
        patch.setenv(name, value)
    process.stop(state)
    process.start(state, client.port)


def _make(client: Client, engine: str, way: Written) -> None:
    root = f"s3://{client.bucket}/written/{engine}"
    properties = way.properties(f"{root}/ctas/{way}/")
    _done(client, f"CREATE TABLE build.ctas_{engine}_{way} WITH ({properties}) AS {way.source}")
    if way.buckets:
        return
    folder = f"{root}/unload/{way}/"
    _done(client, f"UNLOAD ({way.source}) TO '{folder}' WITH ({way.properties()})")
    columns = ", ".join(f"`{name}` {TYPED[name]}" for name in way.columns)
    keys = "PARTITIONED BY (`day` string, `number` int, `place` string)" * way.partitioned
    _done(
        client,
        f"CREATE EXTERNAL TABLE build.unload_{engine}_{way} ({columns}) {keys} "
        f"{STORED_AS[way.format]} LOCATION '{folder}'",
    )
    if way.partitioned:
        _done(client, f"MSCK REPAIR TABLE build.unload_{engine}_{way}")


def _done(client: Client, sql: str) -> None:
    ran = client.wait(client.start(sql))
    assert ran.state == "SUCCEEDED", f"{ran.reason}\n{sql}"


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("statement", ["ctas", "unload"])
def test_both_engines_read_what_one_wrote(
    statement: str, engine: str, way: Written, trino: Trino, athena: LocalAthena
) -> None:
    # Given a table that one engine has made and the other has filled, or files that one unloaded
    if statement == "unload" and way.buckets:
        pytest.skip("UNLOAD has no buckets")
    read = f"SELECT * FROM build.{statement}_{engine}_{way}"
    went_in = way.source
    if statement == "ctas" and not way.buckets:
        went_in += f" UNION ALL {way.source} AND k < 6"

    # When both engines read it, and Trino reads what went in
    wanted, by_trino, by_duckdb = trino.ask(went_in), trino.ask(read), athena.ask(read)

    # Then all three are equal, cell by cell and type by type
    assert wanted.error is None, wanted.message
    assert suite.difference(read, wanted, by_trino) is None
    assert not by_duckdb.is_refusal, by_duckdb.message
    assert suite.difference(read, wanted, by_duckdb) is None
