"""A server with the suite's tables, for the runs with and without Trino."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold_local import process
from dayfold_local.folder import StateFolder
from tests.conformance import data
from tests.conformance.engines import LocalAthena
from tests.local_athena.client import Client
from tests.local_athena.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The root user of a server that holds the tables."""
    folder = StateFolder(tmp_path_factory.mktemp("conformance") / "state")
    folder.create()
    port = free_port()
    process.start(folder, port)
    made = Client.root(port)
    data.lay_out(made)
    yield made
    process.stop(folder)


@pytest.fixture(scope="session")
def athena(client: Client) -> LocalAthena:
    """The local Athena on DuckDB."""
    return LocalAthena(client)
