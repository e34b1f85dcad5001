"""The Athena API for the emulator's handler table: `SERVICE_HANDLERS["athena"] = handle_request`.

Queries are ours. Workgroups, data catalogs, named queries, prepared statements and tags stay with
the emulator's own Athena, where CloudFormation puts them too.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena as emulated

from dayfold_local.athena import engines, limits
from dayfold_local.athena.catalog.emulator import Caller, world_of
from dayfold_local.athena.errors import AccessDeniedError, RequestError
from dayfold_local.athena.protocol import metadata, prepared, results, start
from dayfold_local.athena.protocol.executions import Execution, Executions
from dayfold_local.athena.protocol.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.athena.catalog.ports import World

Response = tuple[int, dict[str, str], bytes]
_PAGE: Final = 1000
_PATIENCE: Final = 1.0  # seconds that a look at running queries waits for the first to end


class Service:
    """The API over one engine and one state folder."""

    def __init__(self, folder: Path | None) -> None:
        # In the host's temporary folder, which it empties at every start.
        scratch = Path(tempfile.mkdtemp(prefix="athena-"))
        engine = engines.chosen(os.environ, scratch)
        self.gate = limits.Gate(limits.Limits.from_environment())
        self.executions = Executions(folder)
        workers = int(os.environ.get("DAYFOLD_ATHENA_WORKERS", "2"))
        self.runner = Runner(engine, self.executions, self.gate.limits, scratch, workers)
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

    def knows(self, action: str) -> bool:
        """Whether the action is ours."""
        return action in self._actions

    def answer(self, action: str, data: dict[str, Any], caller: Caller) -> dict[str, Any]:
        """Runs one action."""
        return self._actions[action](data, caller, world_of(caller))

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


def _warm() -> None:
    """Loads what the first query would otherwise wait for."""
    import pyarrow.parquet  # noqa: F401


_SERVICES: dict[str, Service] = {}
_LOCK = threading.Lock()


def service() -> Service:
    """The one service of this process, made at its first use."""
    with _LOCK:
        found = _SERVICES.get("")
        if found is None:
            found = _SERVICES[""] = Service(state_folder())
        return found


def state_folder() -> Path | None:
    """Where executions are kept: with the emulator's state, unless the host says otherwise."""
    root = os.environ.get("DAYFOLD_STATE_DIR")
    if root:
        return Path(root) / "athena"
    emulator = os.environ.get("STATE_DIR")
    return Path(emulator).parent / "athena" if emulator else None


def workgroup_of(query_execution_id: str) -> str | None:
    """The workgroup that a query belongs to: IAM is asked about the workgroup, not the query."""
    return service().executions.workgroup_of(query_execution_id)


def close() -> None:
    """Stops the queries and the engine; the host calls it when it ends."""
    with _LOCK:
        while _SERVICES:
            _SERVICES.popitem()[1].runner.close()


async def handle_request(
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, Any],
) -> Response:
    """One request of the Athena API."""
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    ours = service()
    if not ours.knows(action):
        response: Response = await emulated.handle_request(
            method, path, headers, body, query_params
        )
        return response
    try:
        data = json.loads(body or b"{}")
        caller = Caller.of_request(headers, query_params)
        ours.gate.call(action)
        if action in {"GetQueryExecution", "BatchGetQueryExecution"}:
            await _patiently(ours, data, caller)
        answer: Response = json_response(ours.answer(action, data, caller))
        if late := ours.gate.seconds_late(action):
            await asyncio.sleep(late)
    except RequestError as error:
        extra = {"AthenaErrorCode": error.athena_code} if error.athena_code else None
        answer = error_response_json(error.code, error.message, 400, extra)
    except AccessDeniedError as error:
        answer = error_response_json("AccessDeniedException", str(error), 400)
    except json.JSONDecodeError:
        answer = error_response_json("SerializationException", "Invalid JSON", 400)
    return answer


async def _patiently(ours: Service, data: dict[str, Any], caller: Caller) -> None:
    """Gives running queries a moment: whoever looks hears of an end at once, by one call."""
    ids = data.get("QueryExecutionIds") or [data.get("QueryExecutionId")]
    found = [ours.executions.get(caller.account, caller.region, str(one)) for one in ids[:50]]
    known = [execution for execution in found if execution is not None]
    await ours.runner.watch.first_end(known, _PATIENCE)


def get_state() -> dict[str, Any]:
    """What the emulator saves: its own part. Executions are in our journal."""
    state: dict[str, Any] = emulated.get_state()
    return state


def load_persisted_state(data: dict[str, Any]) -> None:
    """Takes the emulator's part back."""
    emulated.load_persisted_state(data)
