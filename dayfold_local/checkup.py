"""What `dayfold doctor` looks at: environment, state folder, server, deployment."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dayfold.errors import ConfigurationError
from dayfold_local import process
from dayfold_local.environment import DEFAULT_PORT, endpoint_url
from dayfold_local.folder import STATE_FORMAT, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.folder import StateFolder

PYTHON = (3, 11)
PACKAGES = (
    "aws_lambda_powertools", "awswrangler", "boto3", "duckdb", "httptools", "ministack", "pyarrow",
    "samtranslator", "sqlglot", "uvicorn", "yaml",
)  # fmt: skip
LITTLE_DISK = 1 << 30  # BYTES


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and how it is."""

    level: Literal["ok", "warning", "error"]
    message: str


def findings(folder: StateFolder) -> list[Finding]:
    """Looks at everything; never stops at the first trouble."""
    return [*_environment(), *_disk(folder), *_state(folder), *_server(folder)]


def _environment() -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON:
        yield Finding("error", f"Python {found} is too old: Dayfold needs 3.11 or newer")
    else:
        yield Finding("ok", f"Python {found}")
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        yield Finding(
            "error",
            f"packages of the local stack are missing ({', '.join(missing)}): run `make demo` or "
            "install dayfold[local]",
        )
    else:
        yield Finding("ok", "all packages of the local stack are installed")


def _disk(folder: StateFolder) -> Iterator[Finding]:
    existing = next(path for path in (folder.root, *folder.root.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    level: Literal["ok", "warning"] = "ok" if free > LITTLE_DISK else "warning"
    yield Finding(level, f"{free / (1 << 30):.1f} GiB of disk are free for {folder.root}")


def _state(folder: StateFolder) -> Iterator[Finding]:
    if not folder.exists():
        yield Finding("warning", f"{folder.root}: no state folder yet; `dayfold up` makes one")
    elif folder.format() != STATE_FORMAT:
        try:
            folder.check()
        except ConfigurationError as error:
            yield Finding("error", str(error))
    else:
        yield Finding("ok", f"{folder.root}: state folder of format {STATE_FORMAT}")


def _server(folder: StateFolder) -> Iterator[Finding]:
    server = process.running(folder)
    if server is None:
        yield Finding("warning", "the local stack does not run; `dayfold up` starts it")
        port = read_json(folder.server_file).get("port") or DEFAULT_PORT
        try:
            process.check_port(port)
        except ConfigurationError as error:
            yield Finding("error", str(error))
        else:
            yield Finding("ok", f"port {port} is free")
    elif not process.answers(server[1]):
        yield Finding("error", f"process {server[0]} runs but does not answer; see {folder.log}")
    else:
        yield Finding("ok", f"the local stack runs at {endpoint_url(server[1])}, pid {server[0]}")
        yield from _deployment(folder)


def _deployment(folder: StateFolder) -> Iterator[Finding]:
    from dayfold_local.package import package

    deployed = read_json(folder.deployment)
    if not deployed:
        yield Finding("error", "the template is not deployed; `dayfold up` deploys it")
        return
    try:
        current = package(Path(deployed["project"])).fingerprint(deployed["parameters"])
    except ConfigurationError as error:
        yield Finding("error", str(error))
        return
    if current == deployed["fingerprint"]:
        yield Finding("ok", "what is deployed is what the project says")
    else:
        yield Finding("warning", "template or functions changed; `dayfold up` deploys them again")
