"""An Athena in memory: queries end as the test says, and starting twice starts once."""

from __future__ import annotations

import dataclasses
import re

from dayfold.adapters.athena import QueryStatus
from dayfold.errors import ThrottledError

_SPAN = re.compile(r"BETWEEN '(\d{4}-\d{2}-\d{2})' AND '(\d{4}-\d{2}-\d{2})'")


@dataclasses.dataclass
class Query:
    """A started query and how it stands."""

    query_id: str
    sql: str
    state: str = "SUCCEEDED"
    reason: str = ""
    retryable: bool = False


class FakeAthena:
    """Stands in for `dayfold.adapters.athena.Athena`."""

    def __init__(self) -> None:
        self.queries: dict[str, Query] = {}
        self.stopped: list[str] = []
        self.failing: dict[str, tuple[str, bool]] = {}  # text in the SQL -> reason, retryable
        self.running: set[str] = set()  # texts in the SQL of queries that do not end yet
        self.broken: dict[str, list[dict[str, str | None]]] = {}  # text in the SQL -> report rows
        self.throttled_starts = 0
        self.unknown: set[str] = set()  # query ids that Athena has forgotten

    def start(self, sql: str, token: str) -> str:
        if token in self.queries:
            return self.queries[token].query_id
        if self.throttled_starts:
            self.throttled_starts -= 1
            raise ThrottledError("TooManyRequestsException: too many queries")
        query = Query(f"query-{len(self.queries) + 1}", sql)
        for text, (reason, retryable) in self.failing.items():
            if text in sql:
                query = dataclasses.replace(
                    query, state="FAILED", reason=reason, retryable=retryable
                )
        self.queries[token] = query
        return query.query_id

    def wait(self, query_id: str, seconds: float) -> QueryStatus:
        del seconds
        if query_id in self.unknown:
            return QueryStatus(
                query_id, "FAILED", f"Athena: QueryExecution {query_id} was not found"
            )
        query = self._find(query_id)
        state = "RUNNING" if any(text in query.sql for text in self.running) else query.state
        return QueryStatus(query_id, state, query.reason, query.retryable, 1_000, 0.5)

    def statuses(self, query_ids: list[str]) -> dict[str, QueryStatus]:
        return {query_id: self.wait(query_id, 0) for query_id in query_ids}

    def active(self) -> dict[str, str]:
        return {
            query.query_id: query.sql
            for query in self.queries.values()
            if not self.wait(query.query_id, 0).is_final and query.query_id not in self.stopped
        }

    def stop(self, query_id: str) -> None:
        self.stopped.append(query_id)

    def rows(self, query_id: str) -> list[dict[str, str | None]]:
        sql = self._find(query_id).sql
        span = _SPAN.search(sql)
        assert span is not None
        counted: list[dict[str, str | None]] = [
            {
                "check_name": "rows",
                "severity": "info",
                "dt": span.group(1),
                "broken": "3",
                "sample": None,
            }
        ]
        return counted + [row for text, rows in self.broken.items() if text in sql for row in rows]

    def builds(self, table: str) -> list[str]:
        """The CTAS statements started for a table, oldest first."""
        place = f"/builds/{table}/"
        return [query.sql for query in self.queries.values() if place in query.sql]

    def _find(self, query_id: str) -> Query:
        return next(query for query in self.queries.values() if query.query_id == query_id)
