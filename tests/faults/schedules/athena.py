"""Athena in memory, with real work: a CTAS reads its inputs when it runs and writes real files.

What it writes for a day is worked out from the files that it found, so that two tables are equal
just if they were built from equal inputs by equal queries, and half a build looks like half a
build. A query goes through its steps as time passes; others act in between.
"""

# ruff: noqa: N803 - the names of arguments are the API's

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dayfold.domain.days import day_range, parse_day, zone

if TYPE_CHECKING:
    import datetime as dt
    import random
    from collections.abc import Callable

    from dayfold.domain.query_file import Tables
    from tests.faults.schedules.glue import FakeGlue
    from tests.faults.schedules.objects import FakeS3

PARTS = ("part-0", "part-1")
_PLACE = re.compile(r"external_location = 's3://[^/]+/(builds/([\w.]+)/([^/]+)/)'")
_TARGET = re.compile(r'CREATE TABLE "build"\."(\w+)"')
_CHECKED = re.compile(r'FROM "build"\."(\w+)"')
_SPAN = re.compile(r"BETWEEN '(\d{4}-\d{2}-\d{2})' AND '(\d{4}-\d{2}-\d{2})'")
_VERSION = re.compile(r"'version (\d+)'")
_FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
_SCANNED = 10_000_000


class QueryError(Exception):
    """Raised inside a query to end it as failed."""


@dataclasses.dataclass(eq=False)
class Query:
    """A started query."""

    query_id: str
    sql: str
    token: str
    steps: Iterator[None]
    next_step: float
    pause: float
    state: str = "QUEUED"
    reason: str = ""
    retryable: bool = False
    rows: list[list[str | None]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Weather:
    """How often queries fail, and how long they take."""

    failing: float = 0.0  # of the queries, for a reason that Athena calls retriable or not
    wide_failing: float = 0.0  # of those over more than one day
    longest: float = 5.0  # seconds
    quota: int = 50  # active queries


class FakeAthena:
    """One workgroup over one catalog and one bucket."""

    def __init__(
        self,
        rng: random.Random,
        clock: Callable[[], float],
        s3: FakeS3,
        glue: FakeGlue,
        tables: Callable[[], Tables],
        time_zone: str,
    ) -> None:
        self.queries: dict[str, Query] = {}
        self.weather = Weather()
        self.whole: dict[str, dict[str, bytes]] = {}  # location -> its files, of good builds
        self.written: dict[str, str] = {}  # prefix of a build -> the query that wrote it
        self._by_token: dict[str, Query] = {}
        self._active: list[Query] = []
        self._rng, self._clock = rng, clock
        self._s3, self._glue, self._tables = s3, glue, tables
        self._tz = zone(time_zone)

    # --- The API --------------------------------------------------------------------------

    def start_query_execution(
        self, *, QueryString: str, ClientRequestToken: str, **_: Any
    ) -> dict[str, Any]:
        known = self._by_token.get(ClientRequestToken)
        if known is not None:
            if known.sql != QueryString:
                raise _refusal("InvalidRequestException", "Idempotent parameters do not match")
            return {"QueryExecutionId": known.query_id}
        if len(self._active) >= self.weather.quota:
            raise _refusal("TooManyRequestsException", "You have exceeded the limit")
        number = len(self.queries) + 1
        seconds = self._rng.choice((0.3, 1.0, self.weather.longest))
        query = Query(
            f"query-{number}", QueryString, ClientRequestToken, iter(()), self._clock(), seconds / 5
        )
        query.steps = self._run(query)
        self.queries[query.query_id] = self._by_token[ClientRequestToken] = query
        self._active.append(query)
        return {"QueryExecutionId": query.query_id}

    def get_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:
        return {"QueryExecution": self._shown(self._find(QueryExecutionId))}

    def batch_get_query_execution(self, *, QueryExecutionIds: list[str]) -> dict[str, Any]:
        known = [one for one in QueryExecutionIds if one in self.queries]
        return {
            "QueryExecutions": [self._shown(self.queries[one]) for one in known],
            "UnprocessedQueryExecutionIds": [
                {"QueryExecutionId": one, "ErrorMessage": f"QueryExecution {one} was not found"}
                for one in QueryExecutionIds
                if one not in self.queries
            ],
        }

    def list_query_executions(self, *, MaxResults: int = 50, **_: Any) -> dict[str, Any]:
        latest = list(reversed(self.queries))
        return {"QueryExecutionIds": latest[:MaxResults]}

    def stop_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:
        self._end(self._find(QueryExecutionId), "CANCELLED", "Query cancelled by user")
        return {}

    def get_query_results(self, *, QueryExecutionId: str, **_: Any) -> dict[str, Any]:
        query = self._find(QueryExecutionId)
        if query.state != "SUCCEEDED":
            raise _refusal("InvalidRequestException", "Query has not yet finished")
        header: list[str | None] = ["check_name", "severity", "dt", "broken", "sample"]
        cells = [
            {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]}
            for row in (header, *query.rows)
        ]
        return {"ResultSet": {"Rows": cells}}

    # --- Time -----------------------------------------------------------------------------

    def tick(self) -> None:
        """Take every query as far as it has come by now."""
        now = self._clock()
        for query in list(self._active):
            while query.state not in _FINAL and query.next_step <= now:
                query.next_step += query.pause
                self._step(query)

    def _step(self, query: Query) -> None:
        query.state = "RUNNING"
        try:
            next(query.steps)
        except StopIteration:
            self._end(query, "SUCCEEDED", "")
        except QueryError as error:
            self._end(query, "FAILED", str(error))

    def _end(self, query: Query, state: str, reason: str) -> None:
        if query.state not in _FINAL:
            query.state, query.reason = state, reason
            self._active.remove(query)

    # --- Queries --------------------------------------------------------------------------

    def _run(self, query: Query) -> Iterator[None]:
        """The steps of a query; the first comes when it leaves the queue."""
        yield
        if _TARGET.search(query.sql):
            yield from self._create_table_as(query)
        elif _CHECKED.search(query.sql):
            self._check(query)
        else:
            raise NotImplementedError(query.sql)

    def _create_table_as(self, query: Query) -> Iterator[None]:
        target, place = _TARGET.search(query.sql), _PLACE.search(query.sql)
        assert target is not None
        assert place is not None
        prefix, name, _ = place.groups()
        first, last = _days(query.sql)
        days = list(day_range(first, last))
        if target.group(1) in self._glue.tables["build"]:
            raise QueryError(f"TABLE_ALREADY_EXISTS: {target.group(1)}")
        if self._s3.under(prefix):
            raise QueryError(f"HIVE_PATH_ALREADY_EXISTS: {prefix}")
        assert prefix not in self.written, f"two queries write {prefix}"
        self.written[prefix] = query.query_id
        version = _VERSION.search(query.sql)
        contents = {
            day: self.content(name, day, version.group(1) if version else "") for day in days
        }
        fails_at = self._failure(query, len(days))
        yield
        for part in PARTS:
            if part == fails_at:
                raise QueryError("GENERIC_INTERNAL_ERROR: a worker went away")
            for day in days:
                if contents[day] is not None:
                    body = json.dumps({"part": part, **(contents[day] or {})}, sort_keys=True)
                    self._s3.put_object(Key=f"{prefix}dt={day}/{part}", Body=body)
            yield
        self._finish(target.group(1), prefix, [str(day) for day in days])

    def _failure(self, query: Query, width: int) -> str | None:
        odds = self.weather.failing + (self.weather.wide_failing if width > 1 else 0.0)
        if self._rng.random() >= odds:
            return None
        query.retryable = self._rng.random() < 0.7
        return self._rng.choice(PARTS)

    def _finish(self, table: str, prefix: str, days: list[str]) -> None:
        self._glue.create_table(
            DatabaseName="build",
            TableInput={"Name": table, "StorageDescriptor": {"Location": f"s3://lake/{prefix}"}},
        )
        for day in days:
            place = f"{prefix}dt={day}/"
            self.whole[place] = {key: self._s3.objects[key] for key in self._s3.under(place)}

    def _check(self, query: Query) -> None:
        """The report of a build's checks: a count of rows, and what is broken."""
        name = _CHECKED.search(query.sql)
        assert name is not None
        table = self._glue.tables["build"].get(name.group(1))
        if table is None:
            raise QueryError(f"TABLE_NOT_FOUND: build.{name.group(1)}")
        prefix = str(table["StorageDescriptor"]["Location"]).removeprefix("s3://lake/")
        first, last = _days(query.sql)
        for day in day_range(first, last):
            files = [
                json.loads(self._s3.objects[key]) for key in self._s3.under(f"{prefix}dt={day}/")
            ]
            if files:
                query.rows.append(["rows", "info", str(day), str(len(files)), None])
            if any(one["bad"] for one in files):
                query.rows.append(["not_null(user_id)", "error", str(day), "1", "[]"])

    # --- Contents -------------------------------------------------------------------------

    def content(self, table: str, day: dt.date, version: str) -> dict[str, Any] | None:
        """What a query makes of a day, from the files that the catalog shows now."""
        found: list[str] = []
        bad = False
        for one in self._tables()[table].inputs:
            database, _, name = one.table.partition(".")
            for input_day in day_range(*one.window.days_for(day, self._tz)):
                location = self._glue.location(database, name, str(input_day))
                if location is None:
                    continue
                for key in self._s3.under(location.partition("//")[2].partition("/")[2]):
                    body = self._s3.objects[key]
                    bad = bad or (one.is_raw and b"bad" in body)
                    found.append(f"{one.table} {input_day} {body.decode()}")
        if not found:
            return None
        text = "\n".join([table, str(day), version, *sorted(found)])
        digest = hashlib.sha256(text.encode()).hexdigest()[:20]
        return {"day": str(day), "digest": digest, "bad": bad}

    # --- Answers --------------------------------------------------------------------------

    def _find(self, query_id: str) -> Query:
        if query_id not in self.queries:
            raise _refusal("InvalidRequestException", f"QueryExecution {query_id} was not found")
        return self.queries[query_id]

    @staticmethod
    def _shown(query: Query) -> dict[str, Any]:
        status: dict[str, Any] = {"State": query.state, "StateChangeReason": query.reason}
        if query.state == "FAILED":
            status["AthenaError"] = {"Retryable": query.retryable}
        return {
            "QueryExecutionId": query.query_id,
            "Query": query.sql,
            "Status": status,
            "Statistics": {"DataScannedInBytes": _SCANNED, "TotalExecutionTimeInMillis": 500},
        }


def _days(sql: str) -> tuple[dt.date, dt.date]:
    """The business days that a statement is about: those of its last range."""
    first, last = _SPAN.findall(sql)[-1]
    return parse_day(first), parse_day(last)


def _refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Athena")
