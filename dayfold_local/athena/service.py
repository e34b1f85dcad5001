"""The Athena API in the emulator: `SERVICE_HANDLERS["athena"] = handle_request`."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from ministack.services import athena as emulated

from dayfold_local.athena.protocol import notices
from dayfold_local.athena.protocol.api import Host, Response, Service

_SERVICES: dict[str, Service] = {}
_LOCK = threading.Lock()


def service() -> Service:
    """The one service of this process, made at its first use."""
    from dayfold_local.athena.catalog.emulator import world_of

    with _LOCK:
        found = _SERVICES.get("")
        if found is None:
            # In the host's temporary folder, which it empties at every start.
            scratch = Path(tempfile.mkdtemp(prefix="athena-"))
            host = Host(world_of, notices.changed, False, os.environ, scratch)
            found = _SERVICES[""] = Service(state_folder(), host)
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
    return await service().handle(method, path, headers, body, query_params)


def get_state() -> dict[str, Any]:
    """What the emulator saves: its own part. Executions are in our journal."""
    state: dict[str, Any] = emulated.get_state()
    return state


def load_persisted_state(data: dict[str, Any]) -> None:
    """Takes the emulator's part back."""
    emulated.load_persisted_state(data)
