"""The ASGI application: Athena's requests, and a look at whether the service is there."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import error_response_json, request_scope
from ministack.core.router import extract_access_key_id, extract_region

from dayfold_local.requests import action_of, is_read

if TYPE_CHECKING:
    from dayfold_local.athena.alone.settings import Settings
    from dayfold_local.athena.protocol.api import Response, Service

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
HEALTH: Final = "/health"
DEFAULT_ACCOUNT: Final = "000000000000"
_MOST_BYTES: Final = 1 << 20  # of a request; a query has at most 256 KiB


class Front:
    """Serves one Athena. Whose account a request is for is said by a key of twelve digits."""

    def __init__(self, service: Service, settings: Settings) -> None:
        self._service = service
        self._settings = settings

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One connection's request, or the server's start and end."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        status, said, body = await self._answer(scope, headers, receive)
        shown = [(name.encode(), value.encode()) for name, value in said.items()]
        shown.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": shown})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, scope: dict[str, Any], headers: dict[str, str], receive: Receive
    ) -> Response:
        if scope["path"] == HEALTH:
            return 200, {"content-type": "application/json"}, json.dumps({"athena": "up"}).encode()
        action = action_of(headers)
        if not action or not headers.get("x-amz-target", "").startswith("AmazonAthena"):
            return _refused("UnknownOperationException", "This is Athena, and nothing else")
        body = await _body(receive)
        if body is None:
            return _refused("InvalidRequestException", "The request is too large")
        key = extract_access_key_id(headers, {})
        account = key if re.fullmatch(r"\d{12}", key) else DEFAULT_ACCOUNT
        with request_scope(account, extract_region(headers, {})):
            answer = await self._service.handle(scope["method"], scope["path"], headers, body, {})
        if not is_read(action) and not action.endswith("QueryExecution"):
            self._settings.save()
        return answer


def _refused(code: str, message: str) -> Response:
    answer: Response = error_response_json(code, message, 400)
    return answer


async def _body(receive: Receive) -> bytes | None:
    parts, size, more = [], 0, True
    while more:
        event = await receive()
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        more = event.get("more_body", False)
        if size > _MOST_BYTES:
            return None
    return b"".join(parts)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
