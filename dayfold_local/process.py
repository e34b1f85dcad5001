"""Starts and stops the server process of a state folder."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from dayfold.errors import ConfigurationError
from dayfold_local.environment import HOST, endpoint_url
from dayfold_local.folder import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.folder import StateFolder

START_SECONDS = 60.0
STOP_SECONDS = 15.0
LOCK_SECONDS = 180.0
POLL_SECONDS = 0.05


def running(folder: StateFolder) -> tuple[int, int] | None:
    """Pid and port of the server that lives on the folder, if one does."""
    if not is_held(folder.server_lock):
        return None
    server = read_json(folder.server_file)
    pid, port = server.get("pid"), server.get("port")
    return (pid, port) if isinstance(pid, int) and isinstance(port, int) else None


def answers(port: int) -> bool:
    """Whether the server on a port is ready for requests."""
    request = f"{endpoint_url(port)}/_ministack/health"
    try:
        with urllib.request.urlopen(request, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def settled(folder: StateFolder) -> tuple[int, int] | None:
    """Pid and port of a server that is ready; None once it is certain that there is none.

    A server that was just killed, or has just begun, holds the folder without answering.

    Raises:
        ConfigurationError: If one holds the folder and never answers.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        server = running(folder)
        if server is not None and answers(server[1]):
            return server
        if not is_held(folder.server_lock):
            return None
        time.sleep(POLL_SECONDS)
    raise ConfigurationError(f"the local stack does not answer; see {folder.log}")


def start(folder: StateFolder, port: int) -> int:
    """Starts the server, detached, and waits until it answers; returns its pid.

    Raises:
        ConfigurationError: If the port is in use or the server does not start.
    """
    check_port(port)
    with folder.log.open("ab") as log:
        mark = log.tell()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "dayfold_local.server"),
                *("--state", str(folder.root.resolve()), "--port", str(port)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder.root,
            env=_with_compiled_code(dict(os.environ)),
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ConfigurationError(f"the local stack did not start: {_last_line(folder, mark)}")
        if running(folder) == (process.pid, port) and answers(port):
            # Its parent is gone from its point of view; do not warn that it still runs.
            process.returncode = 0
            return process.pid
        time.sleep(POLL_SECONDS)
    kill_group(process.pid)
    raise ConfigurationError(f"the local stack did not answer in time; see {folder.log}")


def _with_compiled_code(environ: dict[str, str]) -> dict[str, str]:
    """Lets the server keep compiled code, in the virtual environment and not beside the sources.

    Where the shell forbids it, the emulator alone would cost seconds of compiling at each start.
    """
    if environ.pop("PYTHONDONTWRITEBYTECODE", None) and os.access(sys.prefix, os.W_OK):
        environ["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix, "compiled-for-dayfold"))
    return environ


def stop(folder: StateFolder) -> bool:
    """Stops the server gently, then firmly, with all that it started; whether one ran."""
    server = running(folder)
    if server is None:
        return False
    pid, _ = server
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_held(folder.server_lock) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    kill_group(pid)
    while is_held(folder.server_lock):
        time.sleep(POLL_SECONDS)
    return True


def kill_group(pid: int) -> None:
    """Ends the server's session: itself and any worker that is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        # Only when this process started the server; else init collects it.
        os.waitpid(pid, 0)


def is_held(lock: Path) -> bool:
    """Whether some process holds a lock file.

    Asking takes a shared lock for a moment, so that askers do not see each other.
    """
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextlib.contextmanager
def exclusive(folder: StateFolder) -> Iterator[None]:
    """One `up`, `down` or `reset` at a time; others wait for it.

    Raises:
        ConfigurationError: If the other one takes too long.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    with folder.up_lock.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ConfigurationError(
                        f"{folder.root}: another dayfold command is at work on it",
                    ) from None
                time.sleep(POLL_SECONDS)
        yield


def check_port(port: int) -> None:
    """Refuses a port that cannot be had, naming its holder where that can be known.

    Raises:
        ConfigurationError: If the port is in use, or not allowed.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OverflowError:
            raise ConfigurationError(f"port {port}: ports go from 1 to 65535") from None
        except OSError as error:
            if error.errno == errno.EACCES:
                raise ConfigurationError(f"port {port} needs rights that you do not have") from None
            raise ConfigurationError(
                f"port {port} is in use{_holder(port)}; stop that or choose another with --port",
            ) from None


def _holder(port: int) -> str:
    """Says which process listens on a port (Linux, own processes); empty if unknown."""
    wanted = f":{port:04X}"
    with contextlib.suppress(OSError):
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        inodes = {
            f"socket:[{row[9]}]" for row in rows if row[1].endswith(wanted) and row[3] == "0A"
        }
        for link in Path("/proc").glob("[0-9]*/fd/*"):
            with contextlib.suppress(OSError):
                if str(link.readlink()) in inodes:
                    command = (link.parent.parent / "cmdline").read_text().replace("\0", " ")
                    return f" by process {link.parts[2]} ({command.strip()[:80]})"
    return ""


def _last_line(folder: StateFolder, mark: int) -> str:
    with folder.log.open("rb") as log:
        log.seek(mark)
        lines = log.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
