"""The server process: `python -m dayfold_local.server --state DIR --port N`.

One process holds the emulator, our Athena and our crawler. It listens on 127.0.0.1 only and keeps
everything it knows in one state folder.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import gc
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dayfold.errors import ConfigurationError, DayfoldError
from dayfold_local import environment
from dayfold_local.durability import objects
from dayfold_local.folder import StateFolder, write_json

if TYPE_CHECKING:
    from dayfold_local.wire_log import App

logger = logging.getLogger(__name__)

LOCK_SECONDS = 2.0
GARBAGE_OBJECTS = 50_000  # allocated and not freed, between two small collections


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="dayfold_local.server")
    parser.add_argument("--state", type=Path, required=True, help="the state folder")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    folder = StateFolder(options.state)
    try:
        folder.create()
        with _only_server(folder):
            folder.clear_temporary()
            environment.configure(folder, options.port)
            asyncio.run(_serve(folder, options.port))
    except DayfoldError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the line that `up` shows
        return 1
    return 0


def _only_server(folder: StateFolder) -> IO[str]:
    """Takes the folder for this process; the kernel frees it however the process ends."""
    lock = folder.server_lock.open("a", encoding="utf-8")
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Somebody who only asks whether a server runs holds it for a moment too.
            if time.monotonic() > deadline:
                lock.close()
                raise ConfigurationError(
                    f"{folder.root}: another server already runs on it",
                ) from None
            time.sleep(0.01)
        else:
            return lock


async def _serve(folder: StateFolder, port: int) -> None:
    # Before the emulator's first import: S3 reads the objects on disk when it is imported.
    objects.repair(folder.objects)
    from ministack import app as emulator

    from dayfold_local import (
        alarms,
        deliveries,
        http_front,
        loopback,
        mappings,
        quick_paths,
        routes,
    )
    from dayfold_local.durability.keeper import Keeper
    from dayfold_local.lambdas import runtime

    alarms.install()
    mappings.install()
    deliveries.install()
    runtime.install()
    keeper = Keeper(folder, tuple(emulator.SERVICE_HANDLERS))
    keeper.restore()
    keeper.watch(after_deployment=runtime.warm)
    runtime.warm()
    routes.install(emulator.SERVICE_HANDLERS)
    loopback.install()
    quick_paths.install()
    objects.install()
    _collect_seldom()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    write_json(folder.server_file, {"pid": os.getpid(), "port": port})
    try:
        await http_front.serve(_logged(emulator.app, folder), environment.HOST, port, stop)
    finally:
        routes.close()
        runtime.stop()
        keeper.close()


def _logged(app: App, folder: StateFolder) -> App:
    """The application, with a note of each kind of call that a client makes."""
    from dayfold_local.wire_log import WireLog, owner_of

    return WireLog(app, folder.calls, owner_of)


def _collect_seldom() -> None:
    """Leaves what was loaded out of garbage collection, and lets the rest gather for longer.

    A ledger of a few years is millions of objects that live on; going through them all every few
    requests would cost more than what is found there.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 20, 20)


if __name__ == "__main__":
    sys.exit(main())
