"""Running one query on Athena, in the stack's workgroup, and reading its rows."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from dayfold.domain.cost import query_usd
from dayfold.errors import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_athena.type_defs import GetQueryResultsOutputTypeDef, QueryExecutionTypeDef

    from dayfold_cli.deployment import Deployment

FINAL_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
FIRST_POLL = 0.05  # seconds; doubled until the deployment's own pace
_INTEGERS = {"bigint", "integer", "int", "smallint", "tinyint"}
_FLOATS = {"double", "float", "real"}


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a query answered: columns with their types, rows as Python values, and its cost."""

    query_id: str
    columns: list[tuple[str, str]]
    rows: list[list[Any]]
    has_more: bool
    seconds: float
    bytes_scanned: int
    is_ddl: bool

    @property
    def usd(self) -> float:
        """What Athena charges; DDL is free."""
        return 0.0 if self.is_ddl else query_usd(self.bytes_scanned)


def run_query(deployment: Deployment, sql: str, limit: int = 1000) -> Answer:
    """Run SQL and read up to `limit` rows; Ctrl-C stops the query, which else would cost on.

    Raises:
        QueryFailedError: Athena ended it as failed or cancelled.
    """
    athena = deployment.client("athena")
    query_id = athena.start_query_execution(
        QueryString=sql.strip().rstrip(";"), WorkGroup=deployment.output("Workgroup")
    )["QueryExecutionId"]
    try:
        execution = _wait(deployment, query_id)
    except KeyboardInterrupt:
        athena.stop_query_execution(QueryExecutionId=query_id)
        raise
    statistics = execution.get("Statistics", {})
    columns, rows, has_more = _read(deployment, query_id, limit)
    return Answer(
        query_id=query_id,
        columns=columns,
        rows=rows,
        has_more=has_more,
        seconds=statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
        bytes_scanned=statistics.get("DataScannedInBytes", 0),
        is_ddl=execution.get("StatementType") in {"DDL", "UTILITY"},
    )


def _wait(deployment: Deployment, query_id: str) -> QueryExecutionTypeDef:
    athena = deployment.client("athena")
    delay = FIRST_POLL
    execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    while execution["Status"]["State"] not in FINAL_STATES:
        time.sleep(delay)
        delay = min(delay * 2, deployment.poll_seconds)
        execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        reason = status.get("StateChangeReason") or status["State"].lower()
        raise QueryFailedError(f"Athena: {reason} (query {query_id})")
    return execution


def _read(
    deployment: Deployment, query_id: str, limit: int
) -> tuple[list[tuple[str, str]], list[list[Any]], bool]:
    athena = deployment.client("athena")
    page: GetQueryResultsOutputTypeDef = athena.get_query_results(QueryExecutionId=query_id)
    info = page["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
    columns = [(column["Name"], column["Type"]) for column in info]
    readers = [_reader(kind) for _, kind in columns]
    rows: list[list[Any]] = []
    is_header = True
    while True:
        for row in page["ResultSet"].get("Rows", []):
            cells = [cell.get("VarCharValue") for cell in row.get("Data", [])]
            # The first row of a SELECT repeats the columns' names; that of SHOW and DESCRIBE
            # does not.
            if not (is_header and cells == [name for name, _ in columns]):
                pairs = zip(cells, readers, strict=False)  # a line of DDL may have fewer cells
                rows.append([None if text is None else read(text) for text, read in pairs])
            is_header = False
        token = page.get("NextToken")
        if not token or len(rows) > limit:
            return columns, rows[:limit], bool(token) or len(rows) > limit
        page = athena.get_query_results(QueryExecutionId=query_id, NextToken=token)


def _reader(kind: str) -> Callable[[str], Any]:
    if kind in _INTEGERS:
        return int
    if kind in _FLOATS:
        return float
    return (lambda text: text == "true") if kind == "boolean" else str
