"""The Athena API: every action that is ours, over an engine and a state folder.

Queries are ours. Workgroups, data catalogs, named queries, prepared statements and tags stay with
the emulator's Athena module, where CloudFormation puts them too.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena as emulated

from dayfold_local.athena import engines, limits
from dayfold_local.athena.catalog.callers import Caller
from dayfold_local.athena.catalog.ports import World
from dayfold_local.athena.errors import AccessDeniedError, QueryFailure, RequestError
from dayfold_local.athena.protocol import metadata, prepared, results, start
from dayfold_local.athena.protocol.executions import Execution, Executions
from dayfold_local.athena.protocol.runner import Runner

Response = tuple[int, dict[str, str], bytes]
_PAGE: Final = 1000
_PATIENCE: Final = 1.0  # seconds that a look at running queries waits for the first to end


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """What the API is served in: the emulator's process, or one of its own."""

    world_of: Callable[[Caller], World]
    notify: Callable[[Execution, str | None, Caller], None]  # a query's state, and the one before
    waits: bool  # whether catalog and store are reached through a network
    settings: Mapping[str, str]  # the variables that choose the engine, its memory, the workers
    scratch: Path  # a folder for what queries spill; the host empties it


class Service:
    """The API over one engine and one state folder."""

    def __init__(self, folder: Path | None, host: Host) -> None:
        self._host = host
        scratch = host.scratch
        engine = engines.chosen(host.settings, scratch)
        self.gate = limits.Gate(limits.Limits.from_environment())
        self.executions = Executions(folder)
        workers = int(host.settings.get("DAYFOLD_ATHENA_WORKERS", "2"))
        limited = self.gate.limits
        self.runner = Runner(engine, self.executions, limited, scratch, workers, host.notify)
        threading.Thread(target=_warm, daemon=True).start()
        self._actions: dict[str, Callable[[dict[str, Any], Caller, World], dict[str, Any]]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "BatchGetQueryExecution": self._batch_get,
            "GetQueryResults": self._results,
            "StopQueryExecution": self._stop,
            "ListQueryExecutions": self._list,
            "GetQueryRuntimeStatistics": self._statistics,
            "UpdatePreparedStatement": prepared.update,
            "BatchGetPreparedStatement": prepared.batch_get,
            "GetWorkGroup": metadata.workgroup,
            "GetDatabase": metadata.database,
            "ListDatabases": metadata.databases,
            "GetTableMetadata": metadata.table,
            "ListTableMetadata": metadata.tables,
        }

    async def handle(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
    ) -> Response:
        """One request of the Athena API."""
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action not in self._actions:
            theirs: Response = await emulated.handle_request(
                method, path, headers, body, query_params
            )
            return theirs
        try:
            data = json.loads(body or b"{}")
            caller = Caller.of_request(headers, query_params)
            self.gate.call(action)
            return json_response(await self._answered(action, data, caller))  # type: ignore[no-any-return]
        except RequestError as error:
            extra = {"AthenaErrorCode": error.athena_code} if error.athena_code else None
            return _refused(error.code, error.message, extra)
        except AccessDeniedError as error:
            return _refused("AccessDeniedException", str(error))
        except QueryFailure as failure:  # Glue or S3 did not answer
            return _refused("InternalServerException", failure.message, status=500)
        except json.JSONDecodeError:
            return _refused("SerializationException", "Invalid JSON")

    async def _answered(self, action: str, data: dict[str, Any], caller: Caller) -> dict[str, Any]:
        if action in {"GetQueryExecution", "BatchGetQueryExecution"}:
            await self._patiently(data, caller)
        if self._host.waits:
            found = await asyncio.to_thread(self.answer, action, data, caller)
        else:
            found = self.answer(action, data, caller)
        if late := self.gate.seconds_late(action):
            await asyncio.sleep(late)
        return found

    async def _patiently(self, data: dict[str, Any], caller: Caller) -> None:
        """Gives running queries a moment: whoever looks hears of an end at once, by one call."""
        ids = data.get("QueryExecutionIds") or [data.get("QueryExecutionId")]
        found = [self.executions.get(caller.account, caller.region, str(i)) for i in ids[:50]]
        known = [execution for execution in found if execution is not None]
        await self.runner.watch.first_end(known, _PATIENCE)

    def answer(self, action: str, data: dict[str, Any], caller: Caller) -> dict[str, Any]:
        """Runs one action."""
        return self._actions[action](data, caller, self._host.world_of(caller))

    def _find(self, data: dict[str, Any], caller: Caller) -> Execution:
        query_id = str(data.get("QueryExecutionId") or "")
        found = self.executions.get(caller.account, caller.region, query_id)
        if found is None:
            raise RequestError.invalid(f"QueryExecution {query_id} was not found")
        return found

    def _start(self, data: dict[str, Any], caller: Caller, world: World) -> dict[str, Any]:
        query_id = start.start(data, caller, world, self.executions, self.runner, self.gate)
        return {"QueryExecutionId": query_id}

    def _get(self, data: dict[str, Any], caller: Caller, _: World) -> dict[str, Any]:
        return {"QueryExecution": self._find(data, caller).api()}

    def _batch_get(self, data: dict[str, Any], caller: Caller, _: World) -> dict[str, Any]:
        ids = [str(item) for item in data.get("QueryExecutionIds") or []]
        if not 1 <= len(ids) <= 50:
            raise RequestError.invalid("QueryExecutionIds must have between 1 and 50 items")
        found = {i: self.executions.get(caller.account, caller.region, i) for i in ids}
        missing = [
            {
                "QueryExecutionId": query_id,
                "ErrorCode": "NOT_FOUND",
                "ErrorMessage": f"Query execution {query_id} does not exist.",
            }
            for query_id, execution in found.items()
            if execution is None
        ]
        shown = [execution.api() for execution in found.values() if execution is not None]
        return {"QueryExecutions": shown, "UnprocessedQueryExecutionIds": missing}

    def _results(self, data: dict[str, Any], caller: Caller, world: World) -> dict[str, Any]:
        execution = self._find(data, caller)
        if execution.state != "SUCCEEDED":
            unfinished = "" if execution.is_final else "Query has not yet finished. "
            raise RequestError.invalid(f"{unfinished}Current state: {execution.state}")
        size = min(int(data.get("MaxResults") or _PAGE), _PAGE)
        return results.page(execution, world, data.get("NextToken"), size)

    def _stop(self, data: dict[str, Any], caller: Caller, _: World) -> dict[str, Any]:
        self.runner.stop(self._find(data, caller))
        return {}

    def _list(self, data: dict[str, Any], caller: Caller, _: World) -> dict[str, Any]:
        group = str(data.get("WorkGroup") or "primary")
        ids = self.executions.listed(caller.account, caller.region, group)
        begin, size = int(data.get("NextToken") or 0), min(int(data.get("MaxResults") or 50), 50)
        answer: dict[str, Any] = {"QueryExecutionIds": ids[begin : begin + size]}
        if begin + size < len(ids):
            answer["NextToken"] = str(begin + size)
        return answer

    def _statistics(self, data: dict[str, Any], caller: Caller, _: World) -> dict[str, Any]:
        execution = self._find(data, caller)
        timeline = {
            key: value for key, value in execution.statistics().items() if key.endswith("InMillis")
        }
        rows = {
            "InputBytes": execution.scanned,
            "OutputRows": execution.rows or execution.updated,
            "OutputBytes": execution.output_bytes,
        }
        return {"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}}


def _refused(
    code: str, message: str, extra: dict[str, str] | None = None, status: int = 400
) -> Response:
    answer: Response = error_response_json(code, message, status, extra)
    return answer


def _warm() -> None:
    """Loads what the first query would otherwise wait for."""
    import pyarrow.parquet  # noqa: F401
