"""Any Glue and any S3, reached with boto3: AWS's own, or whatever answers at an endpoint.

Everything is done with the credentials of this process (boto3's usual chain): a request's signature
does not tell its secret, so the rights that count are this process's, not the caller's. The Region
is the caller's.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import threading
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config

from dayfold_local.athena.catalog.endpoint_glue import EndpointCatalog
from dayfold_local.athena.catalog.endpoint_s3 import EndpointStore
from dayfold_local.athena.catalog.ports import World

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.catalog.fetched import Fetched

_AT_ONCE: Final = 8  # objects fetched side by side


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoints:
    """Where Glue and S3 are; None is where boto3 finds them by itself."""

    glue: str | None = None
    s3: str | None = None


class Worlds:
    """Makes the catalog and the store of each request; clients are kept by Region."""

    def __init__(self, session: boto3.Session, endpoints: Endpoints, fetched: Fetched) -> None:
        self._session = session
        self._endpoints = endpoints
        self._fetched = fetched
        self._lock = threading.Lock()  # a session may not be used by two threads at once
        self._pool = concurrent.futures.ThreadPoolExecutor(_AT_ONCE, "fetch")
        self._clients: dict[str, tuple[GlueClient, S3Client]] = {}

    def of(self, caller: Caller) -> World:
        """Catalog and store for one caller."""
        glue, s3 = self.clients(caller.region)
        store = EndpointStore(s3, self._fetched, self._pool)
        return World(EndpointCatalog(glue), store, EndpointRights())

    def clients(self, region: str) -> tuple[GlueClient, S3Client]:
        """Glue's and S3's clients of a Region.

        Raises:
            ValueError: If an endpoint is no URL.
        """
        with self._lock:
            found = self._clients.get(region)
            if found is None:
                pool = Config(max_pool_connections=_AT_ONCE * 2)
                # Emulators answer at one name, so a bucket cannot be a part of it.
                style = Config(s3={"addressing_style": "path"}) if self._endpoints.s3 else Config()
                found = (
                    self._session.client(
                        "glue", region, endpoint_url=self._endpoints.glue, config=pool
                    ),
                    self._session.client(
                        "s3", region, endpoint_url=self._endpoints.s3, config=pool.merge(style)
                    ),
                )
                self._clients[region] = found
            return found

    def close(self) -> None:
        """Ends the threads and removes what was fetched."""
        self._pool.shutdown(cancel_futures=True)
        self._fetched.close()


class EndpointRights:
    """Asks nothing: the endpoints refuse by themselves what this process may not do."""

    def check(self, action: str, resource: str, context: dict[str, Any] | None = None) -> None:
        """Lets everything through."""
