"""Starts the service: reads the options, looks at Glue and S3, listens until it is told to stop."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dayfold.errors import ConfigurationError
from dayfold_local import http_front
from dayfold_local.athena import engines, limits
from dayfold_local.athena.alone import options, reaching
from dayfold_local.athena.alone.front import Front
from dayfold_local.athena.alone.settings import Settings
from dayfold_local.athena.catalog.endpoints import Worlds
from dayfold_local.athena.catalog.fetched import Fetched
from dayfold_local.athena.protocol.api import Host, Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.athena.alone.options import Options
    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.protocol.executions import Execution

_KEEPING: Final = frozenset({"PREPARE", "DEALLOCATE"})  # statements that change the settings


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; the exit code: 2 for bad input."""
    scratch = Path(tempfile.mkdtemp(prefix="athena-alone-"))
    try:
        chosen = options.read(arguments)
        _serve(chosen, scratch)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's word to whoever runs it
        return 2
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


def _serve(chosen: Options, scratch: Path) -> None:
    limits.Limits.from_environment()  # a wrong one is said before anything starts
    engine = engines.settings(chosen.engine, chosen.trino_url)
    engine |= {engines.MEMORY: chosen.memory, "DAYFOLD_ATHENA_WORKERS": str(chosen.workers)}
    session = reaching.session()
    reaching.look_at(session, chosen.endpoints)
    fetched = Fetched(scratch / "objects", chosen.cache_bytes)
    worlds = Worlds(session, chosen.endpoints, fetched)
    with Settings(chosen.state) as settings, listening(chosen) as listener:
        service = Service(chosen.state, Host(worlds.of, _keeper(settings), True, engine, scratch))
        try:
            asyncio.run(_until_told(Front(service, settings), listener, chosen))
        finally:
            service.runner.close()
            settings.save()
            worlds.close()


def _keeper(settings: Settings) -> Callable[[Execution, str | None, Caller], None]:
    def keep(execution: Execution, _: str | None, __: Caller) -> None:
        if execution.is_final and execution.substatement in _KEEPING:
            settings.save()

    return keep


def listening(chosen: Options) -> socket.socket:
    """The socket that the service listens on.

    Raises:
        ConfigurationError: If somebody else has the port, or the address is none of this machine's.
    """
    try:
        return socket.create_server((chosen.host, chosen.port), backlog=512)
    except OSError as error:
        raise ConfigurationError(
            f"--port: cannot listen on {chosen.host}:{chosen.port}: {error.strerror}"
        ) from None


async def _until_told(front: Front, listener: socket.socket, chosen: Options) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host, port = listener.getsockname()[:2]
    print(f"athena listens on http://{host}:{port} ({chosen.engine})", flush=True)  # noqa: T201
    await http_front.serve(front, host, port, stop, sockets=[listener])
