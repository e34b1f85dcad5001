"""The engine seam, and the default engine: DuckDB in this process, set up to answer as Trino does.

An engine either runs translated SQL (`Session`: DuckDB) or speaks Athena's SQL itself
(`AthenaSession`: a Trino server, `dayfold_local.athena.trino`). Statements about the catalog alone
(`ddl`) are the same for both.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import duckdb
from duckdb.func import FunctionNullHandling

from dayfold_local.athena.execution import documents, json_objects, macros, python_functions
from dayfold_local.athena.json_path import functions

if TYPE_CHECKING:
    from pathlib import Path

    from dayfold_local.athena.execution.job import Job, Outcome
    from dayfold_local.athena.sql_types import Type

_LN_EDGES: Final = (
    "CASE WHEN x > 0 THEN {0}(x) WHEN x = 0 THEN CAST('-inf' AS DOUBLE) "
    "WHEN x IS NULL THEN NULL ELSE CAST('nan' AS DOUBLE) END"
)
_MACROS: Final = (
    # a/b as whole numbers, rounded half away from zero; nothing on the way is larger than a and b
    (
        "half_up(a, b) AS CASE WHEN (a < 0) <> (b < 0) THEN -1 ELSE 1 END * (abs(a) // abs(b) "
        "+ CASE WHEN abs(a) % abs(b) >= abs(b) - abs(a) % abs(b) THEN 1 ELSE 0 END)"
    ),
    # A wall clock's time in a zone; of two such moments in the hour that comes twice, the first
    (
        "zoned(z, w) AS CASE WHEN timezone(z, timezone(z, w) - INTERVAL 1 HOUR) = w "
        "THEN timezone(z, w) - INTERVAL 1 HOUR ELSE timezone(z, w) END"
    ),
    (
        "with_point(h, p, s) AS CASE WHEN s = 0 THEN CAST(h AS VARCHAR) ELSE "
        "CASE WHEN h < 0 THEN '-' ELSE '' END || CAST(abs(h) // CAST(p AS HUGEINT) AS VARCHAR) "
        "|| '.' || "
        "lpad(CAST(abs(h) % CAST(p AS HUGEINT) AS VARCHAR), s, '0') END"
    ),
    (
        "trino_substr(s, i) AS CASE WHEN s IS NULL OR i IS NULL THEN NULL "
        "WHEN i = 0 OR i < -length(s) OR i > length(s) THEN '' ELSE substr(s, i) END"
    ),
    (
        "trino_substr3(s, i, n) AS CASE WHEN s IS NULL OR i IS NULL OR n IS NULL THEN NULL "
        "WHEN i = 0 OR i < -length(s) OR i > length(s) OR n <= 0 THEN '' "
        "ELSE substr(s, i, least(n, length(s))) END"
    ),
    "trino_sqrt(x) AS CASE WHEN x < 0 THEN CAST('nan' AS DOUBLE) ELSE sqrt(x) END",
    f"trino_ln(x) AS {_LN_EDGES.format('ln')}",
    f"trino_log10(x) AS {_LN_EDGES.format('log10')}",
    "map_first(k, v) AS CASE WHEN k IS NULL THEN NULL ELSE map(k, v) END",
)


class InterruptedQueryError(Exception):
    """A query was stopped while an engine ran it."""


class Session(Protocol):
    """One query's use of the engine."""

    def run(self, sql: str) -> None:
        """Runs a statement; its rows are then fetched."""

    def fetch(self, count: int) -> list[tuple[Any, ...]]:
        """The next rows."""

    def interrupt(self) -> None:
        """Stops what runs, from another thread."""

    def close(self) -> None:
        """Gives the session back."""


@runtime_checkable
class AthenaSession(Session, Protocol):
    """A session of an engine that takes statements as they are written, untranslated."""

    def answer(self, job: Job) -> Outcome:
        """Runs the job's statement, writes its result, and says what it did."""

    def columns(self, sql: str, database: str) -> list[tuple[str, Type]]:
        """Names and types of a query's columns, without running it."""


class Engine(Protocol):
    """What runs queries."""

    def session(self) -> Session:
        """A session for one query."""

    def close(self) -> None:
        """Ends the engine."""


class DuckDbEngine:
    """One in-memory database for all queries; it spills to `scratch` above `memory`."""

    def __init__(self, scratch: Path, memory: str = "2GB", threads: int = 2) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._database = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": memory,
                "threads": threads,
                "temp_directory": str(scratch),
                # Nothing is fetched from a network, whatever a query names.
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        self._database.execute("SET TimeZone = 'UTC'")
        for macro in (*_MACROS, *macros.MACROS):
            self._database.execute(f"CREATE MACRO {macro}")
        self._database.create_function("json_sorted", documents.ordered, ["VARCHAR"], "VARCHAR")
        self._database.create_function(
            "maps_json", documents.maps, ["MAP(VARCHAR, VARCHAR)[]"], "VARCHAR"
        )
        objects: list[Any] = ["VARCHAR[]", "VARCHAR[]", "BOOLEAN"]
        self._database.create_function("json_object_text", json_objects.members, objects, "VARCHAR")
        for name, (call, taken, given) in python_functions.PYTHON_FUNCTIONS.items():
            self._database.create_function(name, call, taken, given)
        for name, (read, result) in functions.CALLS.items():
            self._database.create_function(
                name,
                read,
                ["VARCHAR"] * 4,
                result,
                null_handling=FunctionNullHandling.SPECIAL,
            )

    def session(self) -> DuckDbSession:
        """A session for one query."""
        return DuckDbSession(self._database.cursor())

    def close(self) -> None:
        """Ends the engine."""
        self._database.close()


class DuckDbSession:
    """A cursor of the shared database."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def run(self, sql: str) -> None:
        """Runs a statement; its rows are then fetched."""
        self._cursor.execute(sql)

    def fetch(self, count: int) -> list[tuple[Any, ...]]:
        """The next rows."""
        return self._cursor.fetchmany(count)

    def interrupt(self) -> None:
        """Stops what runs, from another thread."""
        with contextlib.suppress(duckdb.Error):
            self._cursor.interrupt()

    def close(self) -> None:
        """Gives the session back."""
        with contextlib.suppress(duckdb.Error):
            self._cursor.close()
