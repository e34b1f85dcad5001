"""Puts our own Athena and Glue crawler in front of the emulator's.

The emulator authenticates a request and asks IAM before it looks up the handler, so ours are
behind the same door. Step Functions' service integrations use the same table of handlers.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from dayfold_local.requests import action_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Response = tuple[int, dict[str, str], Any]
    Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Response]]

logger = logging.getLogger(__name__)


def install(handlers: dict[str, Handler]) -> None:
    """Replaces what the emulator lacks in its table of handlers."""
    athena = _module("dayfold_local.athena.service")
    if athena is not None:
        handlers["athena"] = athena.handle_request
    crawler = _module("dayfold_local.crawler.service")
    if crawler is not None:
        handlers["glue"] = _crawler_first(
            crawler.CRAWLER_ACTIONS,
            crawler.handle_request,
            handlers["glue"],
        )


def workgroup_of(query_execution_id: str) -> str | None:
    """The workgroup of a query execution, as our Athena knows it."""
    athena = _module("dayfold_local.athena.service")
    found: str | None = athena.workgroup_of(query_execution_id) if athena is not None else None
    return found


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


def _module(name: str) -> Any | None:  # noqa: ANN401 - a module
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        logger.warning("%s is not there yet", name)
        return None
