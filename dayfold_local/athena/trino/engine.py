"""A Trino server behind the local Athena: `dayfold up --engine trino --trino-url URL`.

The server is the user's own. Its catalog `awsdatacatalog` is a Hive connector on the same Glue and
S3 as this Athena (docs/trino.md has its settings), so both see the same tables and files.
"""

from __future__ import annotations

import contextlib
import urllib.parse
from typing import TYPE_CHECKING, Any, Final

import trino.dbapi
import trino.exceptions

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.execution.engine import InterruptedQueryError
from dayfold_local.athena.execution.job import CutoffError
from dayfold_local.athena.trino.values import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold_local.athena.execution.job import Job, Outcome
    from dayfold_local.athena.sql_types import Type

CATALOG: Final = "awsdatacatalog"
_USER: Final = "dayfold"


class TrinoEngine:
    """One Trino server, for all queries."""

    def __init__(self, url: str) -> None:
        """Takes the server's address.

        Args:
            url: `http://HOST:PORT` or `https://HOST:PORT`.

        Raises:
            ValueError: If the address is of another form.
        """
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(
                f"the URL of a Trino server is like http://127.0.0.1:8080, not {url!r}"
            )
        self._scheme = parts.scheme
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 8080)

    def session(self) -> TrinoSession:
        """A session for one query."""
        return TrinoSession(self)

    def connect(self, database: str, properties: Mapping[str, str]) -> Any:  # noqa: ANN401 - the client is untyped
        """A connection for one statement: the database it names tables of, and its settings."""
        return trino.dbapi.connect(  # type: ignore[no-untyped-call]
            host=self._host,
            port=self._port,
            http_scheme=self._scheme,
            user=_USER,
            source="dayfold-athena",
            catalog=CATALOG,
            schema=database,
            timezone="UTC",
            session_properties=dict(properties),
            # Values as the server writes them: a decimal keeps its scale, a timestamp its digits.
            legacy_primitive_types=True,
        )

    def close(self) -> None:
        """Nothing to end: the server is the user's own."""


class TrinoSession:
    """One statement's use of the server."""

    def __init__(self, engine: TrinoEngine) -> None:
        self._engine = engine
        self._cursor: Any = None
        self._stopped = False

    def answer(self, job: Job) -> Outcome:
        """Runs a statement of Athena's SQL; the work is in `statements`."""
        from dayfold_local.athena.trino import statements

        return statements.run(job, self)

    def columns(self, sql: str, database: str) -> list[tuple[str, Type]]:
        """Names and types of a query's columns; no row is read."""
        self.execute(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0", database)
        return self.described()

    def run(self, sql: str) -> None:
        """Runs a statement that names its tables in full."""
        self.execute(sql, "default")

    def execute(self, sql: str, database: str, properties: Mapping[str, str] | None = None) -> None:
        """Runs one statement of Trino; its rows are then fetched.

        Raises:
            QueryFailure: If the statement fails, with Trino's error name.
            CutoffError: If it has read more than `query_max_scan_physical_bytes` allows.
            InterruptedQueryError: If `interrupt` was called.
        """
        self._cursor = self._engine.connect(database, properties or {}).cursor()
        with self._in_our_words():
            if self._stopped:
                raise InterruptedQueryError
            self._cursor.execute(sql)

    def described(self) -> list[tuple[str, Type]]:
        """Names and types of the columns of what was executed."""
        return [(item[0], kind_of(item[1])) for item in self._cursor.description or []]

    def fetch(self, count: int) -> list[Any]:
        """The next rows, a list of values each."""
        with self._in_our_words():
            rows: list[Any] = self._cursor.fetchmany(count)
        return rows

    @property
    def scanned(self) -> int:
        """Bytes that the statement has read from S3 so far."""
        return int((self._cursor.stats or {}).get("physicalInputBytes") or 0)

    def interrupt(self) -> None:
        """Stops what runs, from another thread."""
        self._stopped = True
        if self._cursor is not None:
            with contextlib.suppress(Exception):  # it may have ended; the query is given up anyway
                self._cursor.cancel()

    def close(self) -> None:
        """Gives the session back."""

    @contextlib.contextmanager
    def _in_our_words(self) -> Any:  # noqa: ANN401 - a context manager
        try:
            yield
        except trino.exceptions.TrinoQueryError as error:
            if self._stopped:
                raise InterruptedQueryError from None
            if error.error_name == "EXCEEDED_SCAN_LIMIT":
                raise CutoffError from None
            code = error.error_name or "GENERIC_INTERNAL_ERROR"
            raise QueryFailure(code, error.message) from None
        except trino.exceptions.Error as error:
            if self._stopped:
                raise InterruptedQueryError from None
            raise QueryFailure(
                "GENERIC_INTERNAL_ERROR", f"the Trino server does not answer: {error}"
            ) from None
