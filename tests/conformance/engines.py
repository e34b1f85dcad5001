"""Asking an engine: the local Athena through its API, or a Trino server itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.execution import result_metadata
from dayfold_local.athena.trino.engine import TrinoEngine
from dayfold_local.athena.trino.values import formatter
from tests.conformance.suite import Answer

if TYPE_CHECKING:
    from tests.local_athena.client import Client


_STARTING_SECONDS = 30.0


class LocalAthena:
    """The local Athena, as boto3 reaches it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def ask(self, sql: str, database: str = "lake") -> Answer:
        """Runs a statement to its end."""
        try:
            ran = self._client.wait(self._client.start(sql, database))
        except self._client.athena.exceptions.InvalidRequestException as error:
            return Answer(error=error.response["Error"]["Message"].partition(":")[0])
        if ran.state != "SUCCEEDED":
            reason = ran.reason or ""
            return Answer(error=reason.partition(":")[0], message=reason)
        rows: list[list[str | None]] = []
        answer: dict[str, Any] = {}
        while not answer or answer.get("NextToken"):
            more = {"NextToken": answer["NextToken"]} if answer else {}
            answer = self._client.athena.get_query_results(QueryExecutionId=ran.id, **more)
            listed = answer["ResultSet"]["Rows"]
            rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in listed]
        return Answer(self._columns(ran.id), tuple(tuple(row) for row in rows[1:]))

    def _columns(self, query_id: str) -> tuple[tuple[str, str], ...]:
        """The columns with their full types, which the API shortens."""
        body = self._client.s3.get_object(
            Bucket=self._client.bucket, Key=f"results/{query_id}.csv.metadata"
        )["Body"].read()
        return tuple(result_metadata.decode(body))


class Trino:
    """A Trino server."""

    def __init__(self, url: str) -> None:
        self._engine = TrinoEngine(url)

    def ask(self, sql: str, database: str = "lake") -> Answer:
        """Runs a statement to its end; once more if the server itself was at fault.

        A server that has just started does not know for some seconds that it may use itself.
        """
        answer = self._once(sql, database)
        deadline = time.monotonic() + _STARTING_SECONDS
        while answer.error == "NO_NODES_AVAILABLE" and time.monotonic() < deadline:
            time.sleep(1)
            answer = self._once(sql, database)
        if answer.error == "GENERIC_INTERNAL_ERROR":
            time.sleep(1)
            answer = self._once(sql, database)
        return answer

    def _once(self, sql: str, database: str) -> Answer:
        session = self._engine.session()
        try:
            session.execute(sql, database)
            columns = session.described()
            formats = [formatter(kind) for _, kind in columns]
            rows = session.fetch(100_000)
        except QueryFailure as failure:
            return Answer(error=failure.code, message=failure.message)
        shown = tuple(
            tuple(None if v is None else show(v) for show, v in zip(formats, row, strict=True))
            for row in rows
        )
        return Answer(tuple((name, str(kind)) for name, kind in columns), shown)
