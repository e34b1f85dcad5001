"""A server of its own for these tests: the emulator with IAM on, and our Athena in it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from dayfold_local import process
from dayfold_local.athena.execution.engine import DuckDbEngine
from dayfold_local.folder import StateFolder
from tests.local_athena.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StateFolder, int]]:
    """A running server: its state folder and port."""
    folder = StateFolder(tmp_path_factory.mktemp("athena") / "state")
    port = free_port()
    folder.create()
    process.start(folder, port)
    yield folder, port
    process.stop(folder)


@pytest.fixture(scope="session")
def client(server: tuple[StateFolder, int]) -> Client:
    """The root user of that server, with a bucket and two databases."""
    made = Client.root(server[1])
    made.s3.create_bucket(Bucket=made.bucket)
    for name in ("lake", "build"):
        made.glue.create_database(DatabaseInput={"Name": name})
    return made


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbEngine]:
    """The engine alone, for expressions."""
    scratch: Path = tmp_path_factory.mktemp("scratch")
    made = DuckDbEngine(scratch)
    yield made
    made.close()
