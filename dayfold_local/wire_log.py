"""Which calls each client has put on the wire, each noted once: `calls.jsonl` in the state folder.

It is told from the requests themselves, by whoever signed them, before anything is done with them:
CloudTrail's word, as it were. Tests hold the pipeline's own lists of calls against it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Scope = dict[str, Any]
    App = Callable[..., Awaitable[None]]

# The scope of a signature: key, date, region, service (SigV4).
_SIGNED: Final = re.compile(rb"Credential=([^/]+)/\d+/[^/]+/([^/]+)/")
_ON_OBJECTS: Final = {
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
    "DELETE": "DeleteObject",
}


class WireLog:
    """Passes requests on, and notes each kind of call of each client when it first comes."""

    def __init__(self, app: App, path: Path, client_of: Callable[[str], str]) -> None:
        """Writes to `path`; `client_of` gives an access key's owner."""
        self._app = app
        self._path = path
        self._client_of = client_of
        self._seen: set[tuple[bytes, bytes]] = set()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        """One request."""
        if scope["type"] == "http":
            self._note(scope)
        await self._app(scope, receive, send)

    def _note(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        signed = _SIGNED.search(headers.get(b"authorization", b""))
        if signed is None:
            return
        key, service = signed.groups()
        target = (
            headers.get(b"x-amz-target")
            or operation(
                service.decode(), scope["method"], scope["path"], scope["query_string"].decode()
            ).encode()
        )
        if (key, target) in self._seen:
            return
        self._seen.add((key, target))
        call = {
            "client": self._client_of(key.decode()),
            "service": service.decode(),
            "operation": target.decode().rpartition(".")[2],
        }
        with self._path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(call) + "\n")


def operation(service: str, method: str, path: str, query: str) -> str:
    """The name of a call that has no header for it; S3's by its form, others' by their path."""
    if service != "s3":
        return f"{method} {path}"
    _, _, key = path.strip("/").partition("/")
    names = {part.partition("=")[0] for part in query.split("&")} - {""}
    if key:
        return _ON_OBJECTS.get(method, method) if names <= {"x-id"} else f"{method} key?{query}"
    if method == "GET" and "list-type" in names:
        return "ListObjectsV2"
    return "DeleteObjects" if (method, names) == ("POST", {"delete"}) else f"{method} ?{query}"


def owner_of(access_key: str) -> str:
    """Who has an access key: a function by its name, a user, or the key itself for root."""
    from ministack.services import sts

    session = sts._sessions.get(access_key) or {}  # noqa: SLF001 - its only way in
    return str(session.get("Arn", access_key)).rpartition("/")[2]
