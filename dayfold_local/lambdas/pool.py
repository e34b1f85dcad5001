"""Workers in the shape that the emulator's pool of warm execution environments expects."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from dayfold_local.lambdas import frames
from dayfold_local.lambdas.environment import FunctionSettings

logger = logging.getLogger(__name__)

INIT_SECONDS = 30.0
DEFAULT_TIMEOUT = 3.0  # SECONDS, Lambda's own default


class InitError(Exception):
    """Raised when a function cannot be started; carries the answer Lambda would give."""

    def __init__(self, answer: dict[str, Any], log: str = "") -> None:
        super().__init__(answer["errorMessage"])
        self.answer = answer
        self.log = log


class Host:
    """The first generation and, per function, the second: forked from it on first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._functions: dict[str, tuple[FunctionSettings, socket.socket]] = {}

    def start(self) -> None:
        """Starts the process that loads the libraries, without waiting for it."""
        with self._lock:
            self._running()

    def worker(self, key: str, settings: FunctionSettings) -> socket.socket:
        """Forks a worker of a function; returns the connection to it.

        Raises:
            InitError: If the function's handler cannot be imported.
        """
        with self._lock:
            try:
                return _fork(self._second_generation(key, settings))
            except OSError:
                # It has died since its last child: what is forked from a new one is as good.
                self._functions.pop(key)[1].close()
                return _fork(self._second_generation(key, settings))

    def _second_generation(self, key: str, settings: FunctionSettings) -> socket.socket:
        """The connection to the process that has loaded a function as it is now."""
        known = self._functions.get(key)
        if known is None or known[0] != settings:
            if known is not None:
                known[1].close()
            self._functions.pop(key, None)
            self._functions[key] = (settings, self._function(settings))
        return self._functions[key][1]

    def stop(self) -> None:
        """Ends all generations."""
        with self._lock:
            for _, control in self._functions.values():
                control.close()
            self._functions.clear()
            if self._control is not None and self._process is not None:
                self._control.close()
                self._process.wait(timeout=5)
            self._control = self._process = None

    def _function(self, settings: FunctionSettings) -> socket.socket:
        control = self._forked_from_first()
        control.settimeout(INIT_SECONDS)
        frames.send(
            control,
            {
                "handler": settings.handler,
                "code": settings.code,
                "layers": settings.layers,
                "environment": settings.environment,
            },
        )
        answer = frames.receive(control)
        if answer is None:
            answer = {"error": {"errorMessage": "init ended", "errorType": "Runtime.ExitError"}}
        if "error" in answer:
            control.close()
            raise InitError(answer["error"], answer.get("log", ""))
        control.settimeout(None)
        return control

    def _forked_from_first(self) -> socket.socket:
        try:
            return _fork(self._running())
        except OSError:  # it is dying, and not yet seen to be dead
            if self._process is not None:
                self._process.wait(timeout=INIT_SECONDS)
            return _fork(self._running())

    def _running(self) -> socket.socket:
        """The connection to the first generation, started if it is not there."""
        if self._process is None or self._process.poll() is not None or self._control is None:
            self._control, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "dayfold_local.lambdas.host", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
        return self._control


class ForkedWorker:
    """One warm execution environment of a function, with the interface of the emulator's."""

    host = Host()

    def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        self.func_name = func_name
        self.config = config
        self.code_zip = code_zip
        self.in_use = False
        self.last_used = time.time()
        self._proc: _Process | None = None
        self._connection: socket.socket | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Has the process ready before anybody asks.

        Raises:
            InitError: If the function's handler cannot be imported.
        """
        with self._lock:
            self._connected()

    def invoke(self, event: Any, request_id: str, **facts: Any) -> dict[str, Any]:  # noqa: ANN401
        """Runs one invocation; answers `result` or `error`, and always `log`."""
        timeout = float(self.config.get("Timeout") or DEFAULT_TIMEOUT)
        request = {
            "event": event,
            "environment": {"_X_AMZN_TRACE_ID": facts.get("trace_id") or ""},
            "context": {
                "request_id": request_id,
                "timeout": timeout,
                "arn": facts.get("invoked_function_arn") or self.config.get("FunctionArn", ""),
            },
        }
        with self._lock:
            try:
                connection = self._connected()
                connection.settimeout(timeout)
                answer = _exchange(connection, request)
            except InitError as error:
                return {"error": error.answer, "log": error.log}
            except TimeoutError:
                self._let_go()
                message = f"Task timed out after {timeout:.2f} seconds"
                return {"error": {"errorMessage": message, "errorType": "Sandbox.Timedout"}}
            if answer is None:
                self._let_go()
                message = f"RequestId: {request_id} Error: Runtime exited"
                return {"error": {"errorMessage": message, "errorType": "Runtime.ExitError"}}
            return answer

    def kill(self) -> None:
        """Ends the process."""
        self._let_go()

    def _discard_tmpdir(self) -> None:
        """Lets go when the emulator's pool drops this worker; nothing of its own is on disk."""
        self._let_go()

    def _connected(self) -> socket.socket:
        if self._connection is not None and select.select([self._connection], [], [], 0)[0]:
            # It has nothing to say between invocations but that it is gone.
            self._let_go()
        if self._connection is None:
            settings = FunctionSettings.of(self.config, self.code_zip)
            key = self.config.get("FunctionArn", self.func_name)
            self._connection = self.host.worker(key, settings)
            self._connection.settimeout(INIT_SECONDS)
            hello = frames.receive(self._connection)
            self._proc = _Process(hello["pid"]) if hello else None
        return self._connection

    def _let_go(self) -> None:
        """Closes the connection, which ends the process even in the middle of its work."""
        if self._connection is not None:
            self._connection.close()
        if self._proc is not None:
            self._proc.kill()
        self._connection = self._proc = None


class _Process:
    """A process that is not our child, as far as the emulator wants to handle it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def poll(self) -> int | None:
        """None while it lives."""
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def terminate(self) -> None:
        """Ends it."""
        self.kill()

    def kill(self) -> None:
        """Ends it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        """Waits for its end; the one before it has collected it."""
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self._pid), timeout)
            time.sleep(0.005)
        return 0


def _exchange(connection: socket.socket, request: dict[str, Any]) -> dict[str, Any] | None:
    """The answer to a request; None when the other side is gone, before or after it was sent."""
    try:
        frames.send(connection, request)
    except TimeoutError:
        raise
    except OSError:
        return None
    return frames.receive(connection)


def _fork(control: socket.socket) -> socket.socket:
    """Asks a generation for a child; returns our end of the connection to it."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            socket.send_fds(control, [b"{}"], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
    return ours
