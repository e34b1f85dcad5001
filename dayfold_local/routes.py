"""Puts our own Athena and Glue crawler in front of the emulator's.

The emulator authenticates a request and asks IAM before it looks up the handler, so ours are
behind the same door. Step Functions' service integrations use the same table of handlers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold_local.requests import action_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Response = tuple[int, dict[str, str], Any]
    Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Response]]


def install(handlers: dict[str, Handler]) -> None:
    """Replaces what the emulator lacks in its table of handlers."""
    # They import the emulator, which reads its settings then: not before those are made.
    from dayfold_local import rights
    from dayfold_local.athena import service as athena
    from dayfold_local.crawler import service as crawler

    handlers["athena"] = athena.handle_request
    handlers["glue"] = _crawler_first(
        crawler.CRAWLER_ACTIONS,
        crawler.handle_request,
        handlers["glue"],
    )
    rights.install(athena.workgroup_of)


def close() -> None:
    """Ends the queries that are running."""
    from dayfold_local.athena import service as athena

    athena.close()


def _crawler_first(actions: frozenset[str], ours: Handler, theirs: Handler) -> Handler:
    async def handle(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
    ) -> Response:
        handler = ours if action_of(headers) in actions else theirs
        return await handler(method, path, headers, body, query_params)

    return handle
