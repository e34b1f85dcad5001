"""A server with the suite's tables, and a Trino server on it for the runs that ask one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold_local import process
from dayfold_local.folder import StateFolder
from tests.conformance import data, shipped, shipped_rows
from tests.conformance.engines import LocalAthena, Trino
from tests.conformance.server import trino as server
from tests.local_athena.client import Client
from tests.local_athena.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> StateFolder:
    """The folder of the server below."""
    folder = StateFolder(tmp_path_factory.mktemp("conformance") / "state")
    folder.create()
    return folder


@pytest.fixture(scope="session")
def client(state: StateFolder) -> Iterator[Client]:
    """The root user of a server that holds the tables."""
    port = free_port()
    process.start(state, port)
    made = Client.root(port)
    data.lay_out(made)
    shipped.lay_out(made, shipped_rows.files())
    yield made
    process.stop(state)


@pytest.fixture(scope="session")
def athena(client: Client) -> LocalAthena:
    """The local Athena on DuckDB."""
    return LocalAthena(client)


@pytest.fixture(scope="session")
def url(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Trino server on the Glue and S3 of the same server as the local Athena."""
    folder = tmp_path_factory.mktemp("trino")
    endpoint = f"http://127.0.0.1:{client.port}"
    with server.running(folder, free_port(), endpoint, "000000000000", "local") as found:
        yield found


@pytest.fixture(scope="session")
def trino(url: str) -> Trino:
    """That server, to be asked."""
    return Trino(url)
