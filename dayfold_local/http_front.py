"""The HTTP server in front of the emulator: uvicorn, whose parser is compiled.

Of a small request to the emulator, its usual server (hypercorn, in Python) took half the time.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

KEEP_ALIVE_SECONDS = 75


class _Server(uvicorn.Server):
    """A server whose process says when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the process."""
        yield


async def serve(
    app: Any,  # noqa: ANN401
    host: str,
    port: int,
    stop: asyncio.Event,
    sockets: list[socket.socket] | None = None,
) -> None:
    """Serves an ASGI application until `stop` is set; on `sockets` if they are bound already."""
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http="httptools",
            ws="none",
            lifespan="on",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
        )
    )

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve(sockets)
    finally:
        ending.cancel()
