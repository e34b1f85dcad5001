"""Glue: requests that changed the catalog go to the journal and are made again in order.

The emulator's Glue gives the same result for the same requests in the same order, apart from the
clock, which is set back to each request's time during the replay. One lock makes order certain and
lets a reader see each change whole (the emulator edits partitions in place).
"""

from __future__ import annotations

import base64
import json
import threading
import time
from typing import TYPE_CHECKING, Any

from dayfold_local.glue_defaults import completed
from dayfold_local.partitions import Partitions
from dayfold_local.requests import action_of, is_read

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.durability import EmulatorModule
    from dayfold_local.durability.journal import Journal

SERVICE = "glue"
OK = 200


class _Clock:
    """Stands in for the `time` module inside Glue; can be set during a replay."""

    def __init__(self) -> None:
        self.now: float | None = None

    def time(self) -> float:
        return time.time() if self.now is None else self.now

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the rest of the time module
        return getattr(time, name)


class CatalogWatch:
    """Serves Glue one request at a time and writes down those that changed something."""

    def __init__(self, module: EmulatorModule, journal: Journal) -> None:
        self._module = module
        self._journal = journal
        self._clock = _Clock()
        self._theirs: Callable[..., Any] = module._handle_request_sync  # noqa: SLF001
        self._partitions = Partitions(module)
        self.lock = threading.RLock()

    def install(self) -> None:
        """Puts this watch on Glue; requests are then answered on the event loop, in order."""
        self._module.time = self._clock
        self._module._handle_request_sync = self._watched  # noqa: SLF001
        self._module.handle_request = self._handle

    async def _handle(self, *request: Any) -> Any:  # noqa: ANN401 - as the emulator's handler
        # No thread per request as in the emulator: nothing here waits for Docker.
        return self._watched(*request)

    def _watched(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
    ) -> Any:  # noqa: ANN401 - as the emulator's handler
        from ministack.core.responses import get_account_id, get_region

        with self.lock:
            now = int(time.time())
            action = action_of(headers)
            answer = self._answer(method, path, headers, body, query_params)
            if answer[0] == OK and not is_read(action):
                self._journal.append(
                    SERVICE,
                    {
                        "target": headers["x-amz-target"],
                        "body": base64.b64encode(body).decode(),
                        "account": get_account_id(),
                        "region": get_region(),
                        "time": now,
                    },
                )
            return answer

    def _answer(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
    ) -> Any:  # noqa: ANN401 - as the emulator's handler
        action = action_of(headers)
        if self._partitions.answers(action):
            return self._partitions.answer(action, body)
        if action in {"GetTable", "GetTables"}:
            self._complete(json.loads(body))
        return self._theirs(method, path, headers, body, query_params)

    def _complete(self, request: dict[str, Any]) -> None:
        # When they are asked for, as tables come into the emulator in more ways than one.
        tables, prefix = self._module._tables, f"{request.get('DatabaseName')}/"  # noqa: SLF001
        name = request.get("Name")
        named = [prefix + name] if name else [key for key in tables if key.startswith(prefix)]
        for key in named:
            completed(tables.get(key) or {})

    def replay(self, change: dict[str, Any]) -> None:
        """Makes one request again, as of its time and in its account and region."""
        from ministack.core.responses import set_request_account_id, set_request_region

        set_request_account_id(change["account"])
        set_request_region(change["region"])
        self._clock.now = change["time"]
        try:
            headers = {"x-amz-target": change["target"]}
            self._answer("POST", "/", headers, base64.b64decode(change["body"]), {})
        finally:
            self._clock.now = None
