"""Athena: rendering parameters, starting, watching and stopping queries, reading small results."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, error_message, raise_if_throttled
from dayfold.errors import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_athena import AthenaClient

FINAL_STATES = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_FIRST_POLL_SECONDS = 0.02
_LONGEST_POLL_SECONDS = 2.0
_POLL_GROWTH = 1.6
# What Athena answers about a query that it has forgotten, or that is of another workgroup.
_NOT_OURS = frozenset({"InvalidRequestException", "AccessDeniedException"})
_BATCH = 50  # BatchGetQueryExecution's limit
_ACTIVE_PAGES = 20  # newest first: no query of an hour ago still runs behind a thousand others


@dataclasses.dataclass(frozen=True, slots=True)
class QueryStatus:
    """Where a query stands, and what it has cost so far."""

    query_id: str
    state: str
    reason: str = ""
    retryable: bool = False
    scanned_bytes: int = 0
    seconds: float = 0.0

    @property
    def is_final(self) -> bool:
        """Whether the query has ended, well or not."""
        return self.state in FINAL_STATES


def render(sql: str, parameters: Mapping[str, str]) -> str:
    """Put literals in the place of `:name` parameters, quoted by awswrangler's SQL formatter."""
    # Here and not at the top: awswrangler brings pandas, most of a second of cold start.
    from awswrangler._sql_formatter import _process_sql_params

    return _process_sql_params(sql, dict(parameters))


def request_token(*parts: str) -> str:
    """The `ClientRequestToken` (64 characters) that makes the same start start only once."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Athena:
    """The queries of one workgroup."""

    def __init__(
        self,
        athena: AthenaClient,
        workgroup: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._athena = athena
        self._workgroup = workgroup
        self._sleep = sleep
        self._clock = clock

    def start(self, sql: str, token: str) -> str:
        """Start a query, or find the one already started with this token.

        Returns:
            The query id.

        Raises:
            ThrottledError: Athena has too many queries or calls now.
            QueryFailedError: Athena will not take the query at all.
        """
        try:
            answer = self._athena.start_query_execution(
                QueryString=sql, ClientRequestToken=token, WorkGroup=self._workgroup
            )
        except ClientError as error:
            raise_if_throttled(error)
            raise QueryFailedError(f"Athena refused the query: {error_message(error)}") from error
        return answer["QueryExecutionId"]

    def status(self, query_id: str) -> QueryStatus:
        """Look at a query once; one that Athena does not know, or not as ours, counts as failed.

        Raises:
            ThrottledError: Athena has too many calls now.
        """
        try:
            answer = self._athena.get_query_execution(QueryExecutionId=query_id)
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) not in _NOT_OURS:
                raise
            return QueryStatus(query_id, "FAILED", f"Athena: {error_message(error)}")
        return _read_status(query_id, dict(answer["QueryExecution"]))

    def statuses(self, query_ids: Sequence[str]) -> dict[str, QueryStatus]:
        """Look at many queries, 50 a call; those that Athena does not know count as failed.

        Raises:
            ThrottledError: Athena has too many calls now.
        """
        found: dict[str, QueryStatus] = {}
        for start in range(0, len(query_ids), _BATCH):
            batch = list(query_ids[start : start + _BATCH])
            try:
                answer = self._athena.batch_get_query_execution(QueryExecutionIds=batch)
            except ClientError as error:
                raise_if_throttled(error)
                raise
            for execution in answer["QueryExecutions"]:
                query_id = execution["QueryExecutionId"]
                found[query_id] = _read_status(query_id, dict(execution))
            for missing in answer.get("UnprocessedQueryExecutionIds", []):
                query_id = missing["QueryExecutionId"]
                reason = f"Athena: {missing.get('ErrorMessage', 'the query is not there')}"
                found[query_id] = QueryStatus(query_id, "FAILED", reason)
        return found

    def active(self) -> dict[str, str]:
        """The statements by query id of those of the latest queries that have not ended.

        Raises:
            ThrottledError: Athena has too many calls now.
        """
        found: dict[str, str] = {}
        try:
            listed = self._athena.list_query_executions(
                WorkGroup=self._workgroup, MaxResults=_BATCH
            )
            for _ in range(_ACTIVE_PAGES):
                ids = listed.get("QueryExecutionIds", [])
                if ids:
                    found |= self._unfinished(ids)
                if "NextToken" not in listed:
                    break
                listed = self._athena.list_query_executions(
                    WorkGroup=self._workgroup, MaxResults=_BATCH, NextToken=listed["NextToken"]
                )
        except ClientError as error:
            raise_if_throttled(error)
            raise
        return found

    def _unfinished(self, query_ids: list[str]) -> dict[str, str]:
        answer = self._athena.batch_get_query_execution(QueryExecutionIds=query_ids)
        return {
            one["QueryExecutionId"]: one["Query"]
            for one in answer["QueryExecutions"]
            if one["Status"]["State"] not in FINAL_STATES
        }

    def wait(self, query_id: str, seconds: float) -> QueryStatus:
        """Look until the query has ended, or `seconds` have gone by."""
        deadline = self._clock() + seconds
        pause = _FIRST_POLL_SECONDS
        status = self.status(query_id)
        while not status.is_final and self._clock() + pause < deadline:
            self._sleep(pause)
            pause = min(pause * _POLL_GROWTH, _LONGEST_POLL_SECONDS)
            status = self.status(query_id)
        return status

    def stop(self, query_id: str) -> None:
        """Stop a query; one that has ended, or is unknown, is left as it is."""
        try:
            self._athena.stop_query_execution(QueryExecutionId=query_id)
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) not in _NOT_OURS:
                raise

    def rows(self, query_id: str) -> list[dict[str, str | None]]:
        """All rows of a small result, as text by column name.

        Raises:
            ThrottledError: Athena has too many calls now.
        """
        names: list[str] = []
        rows: list[dict[str, str | None]] = []
        arguments: dict[str, Any] = {"QueryExecutionId": query_id}
        while True:
            try:
                page = self._athena.get_query_results(**arguments)
            except ClientError as error:
                raise_if_throttled(error)
                raise
            cells = [row.get("Data", []) for row in page["ResultSet"]["Rows"]]
            if not names:  # the first row of the first page is the header
                names = [cell.get("VarCharValue", "") for cell in cells[0]]
                cells = cells[1:]
            rows.extend(
                {name: cell.get("VarCharValue") for name, cell in zip(names, row, strict=True)}
                for row in cells
            )
            if "NextToken" not in page:
                return rows
            arguments["NextToken"] = page["NextToken"]


def _read_status(query_id: str, execution: Mapping[str, Any]) -> QueryStatus:
    status = execution.get("Status", {})
    statistics = execution.get("Statistics", {})
    failure = status.get("AthenaError", {})
    reason = status.get("StateChangeReason") or failure.get("ErrorMessage") or ""
    return QueryStatus(
        query_id=query_id,
        state=status["State"],
        reason=" ".join(str(reason).split()),
        retryable=bool(failure.get("Retryable")),
        scanned_bytes=int(statistics.get("DataScannedInBytes", 0)),
        seconds=statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
    )
