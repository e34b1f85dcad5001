"""One server for all crawler tests; each test gets a bucket, database, role and crawler."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_crawler.stack import Lake, start_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_crawler.stack import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("crawler") / "state")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def make_lake(server: Server) -> Callable[..., Lake]:
    numbers = itertools.count(1)

    def make(**crawler: Any) -> Lake:
        return Lake(server, f"lake-{next(numbers)}", crawler)

    return make


@pytest.fixture
def lake(make_lake: Callable[..., Lake]) -> Lake:
    return make_lake()
