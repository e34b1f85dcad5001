"""The process that is forked: `python -m dayfold_local.lambdas.host FD`.

Three generations. The first loads what AWS's managed layers hold and waits. Told about a function
it forks a second one, which takes that function's environment and imports its handler. Told to
work, that one forks the third: a worker, which serves one invocation at a time. Each ends when
the other end of its socket is gone, so none outlives the server, however that dies.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import select
import signal
import site
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from dayfold_local.lambdas import frames

if TYPE_CHECKING:
    from collections.abc import Callable

# What the managed layers and the runtime offer; loaded once, shared by all forks.
PRELOADED = ("boto3", "botocore.client", "aws_lambda_powertools", "pydantic", "awswrangler")
# Parsing a service's model is most of what its first client costs; forks find it in the session.
SERVICES = ("athena", "dynamodb", "glue", "s3", "sqs", "stepfunctions")


def main() -> NoReturn:
    """The first generation."""
    control = socket.socket(fileno=int(sys.argv[1]))
    # Forks are nobody's business here: their sockets tell the server how they are.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(ImportError):
        _read_service_models()
    _share_what_is_loaded()
    _fork_on_demand(control, _be_function)


def _share_what_is_loaded() -> None:
    """Leaves what is loaded to all forks: a collection in one would copy every page of it."""
    gc.collect()
    gc.freeze()


def _read_service_models() -> None:
    """Fills the default session's cache of models; it takes no credentials and no region yet."""
    import boto3

    session = boto3.DEFAULT_SESSION = boto3.Session()
    loader = session._session.get_component("data_loader")  # noqa: SLF001
    for service in SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1", "paginators-1"):
            loader.load_service_model(service, kind)
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)


def _fork_on_demand(
    control: socket.socket,
    child: Callable[[dict[str, Any], socket.socket], NoReturn],
) -> NoReturn:
    """Forks a child for each message that brings a socket; ends with its own socket."""
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1 << 20, 1)
        if not data:
            os._exit(0)
        connection = socket.socket(fileno=descriptors[0])
        if os.fork() == 0:
            control.close()
            try:
                child(json.loads(data), connection)
            finally:
                os._exit(1)
        connection.close()


def _be_function(_: dict[str, Any], control: socket.socket) -> NoReturn:
    """The second generation: the function's environment, its handler imported."""
    settings = frames.receive(control)
    if settings is None:
        os._exit(0)
    os.environ.clear()
    os.environ.update(settings["environment"])
    os.chdir(settings["code"])
    _search(settings["code"], settings["layers"])
    output = _Output()
    sys.stdout = sys.stderr = output
    try:
        handler = _load(settings["handler"])
    except BaseException as error:  # noqa: BLE001 - whatever the import raised is the answer
        traceback.print_exc()
        frames.send(control, {"error": _failure(error, settings["handler"]), "log": output.taken()})
        os._exit(1)
    _share_what_is_loaded()
    frames.send(control, {"log": output.taken()})

    def worker(_: dict[str, Any], connection: socket.socket) -> NoReturn:
        _be_worker(handler, output, connection)

    _fork_on_demand(control, worker)


def _search(code: str, layers: list[str]) -> None:
    """The function's own code first, then the layers, then the virtual environment.

    A working tree that is installed in place would add its functions to the deployed ones.
    """
    kept = [
        entry
        for entry in sys.path
        if "site-packages" in entry or not Path(entry, "dayfold").is_dir()
    ]
    sys.path[:] = [code, *(str(Path(layer, "python")) for layer in layers), *layers, *kept]
    for layer in layers:
        for packages in Path(layer, "python", "lib").glob("python*/site-packages"):
            site.addsitedir(str(packages))
    importlib.invalidate_caches()


def _load(handler: str) -> Callable[[Any, Any], Any]:
    module, _, name = handler.replace("/", ".").rpartition(".")
    loaded: Callable[[Any, Any], Any] = getattr(importlib.import_module(module), name)
    return loaded


def _be_worker(
    handler: Callable[[Any, Any], Any],
    output: _Output,
    connection: socket.socket,
) -> NoReturn:
    """The third generation: serves invocations until the server lets go of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    frames.send(connection, {"pid": os.getpid()})
    while (request := frames.receive(connection)) is not None:
        os.environ.update(request["environment"])
        answer = _answer(handler, request)
        frames.send(connection, {**answer, "log": output.taken()})
    os._exit(0)


def _end_with(connection: socket.socket) -> None:
    """Ends a worker in the middle of its work when the server is gone."""
    watch = select.poll()
    watch.register(connection.fileno(), select.POLLHUP)
    watch.poll()
    os._exit(1)


def _answer(handler: Callable[[Any, Any], Any], request: dict[str, Any]) -> dict[str, Any]:
    try:
        result = handler(request["event"], _Context(request["context"]))
    except BaseException as error:  # noqa: BLE001 - a function's error is its answer
        traceback.print_exc()
        return {"error": _failure(error)}
    try:
        return {"result": json.loads(json.dumps(result))}
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return {"error": {"errorMessage": message, "errorType": "Runtime.MarshalError"}}


def _failure(error: BaseException, importing: str | None = None) -> dict[str, Any]:
    """An error in the shape and the words of Lambda's Python runtime."""
    kind, message = type(error).__name__, str(error)
    if importing is not None and isinstance(error, ImportError):
        module = importing.rpartition(".")[0]
        kind, message = (
            "Runtime.ImportModuleError",
            f"Unable to import module '{module}': {message}",
        )
    return {
        "errorMessage": message,
        "errorType": kind,
        "stackTrace": traceback.format_list(traceback.extract_tb(error.__traceback__)),
    }


class _Context:
    """What Lambda hands to a handler beside the event."""

    identity = None
    client_context = None

    def __init__(self, facts: dict[str, Any]) -> None:
        environ = os.environ
        self.function_name = environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = facts["arn"]
        self.aws_request_id = facts["request_id"]
        self._deadline = time.time() + facts["timeout"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end this invocation."""
        return max(0, int((self._deadline - time.time()) * 1000))


class _Output(io.TextIOBase):
    """Standard output: to the server's log at once, and kept for CloudWatch Logs."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def write(self, text: str) -> int:
        """Takes a piece of output."""
        self._kept.append(text)
        with contextlib.suppress(OSError):
            os.write(2, text.encode("utf-8", "replace"))
        return len(text)

    def writable(self) -> bool:
        """Says yes, as a stream that can be written to must."""
        return True

    def taken(self) -> str:
        """All output since the last time."""
        text = "".join(self._kept)
        self._kept.clear()
        return text


if __name__ == "__main__":
    main()
