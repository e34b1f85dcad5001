"""What queries need of the world: a catalog, an object store, and the caller's rights.

Two implementations: over the emulator's memory and files (`emulator.py`), and over any Glue and S3
endpoint (`endpoints.py`).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from dayfold_local.athena.catalog.tables import PartitionInfo, TableInfo

    Wanted = Callable[[tuple[str, ...]], bool]  # of a partition's values


@dataclasses.dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that a query may read; `path` is where its bytes are on this machine."""

    bucket: str
    key: str
    size: int
    etag: str
    path: str
    modified: str = ""  # when it was written: ISO 8601, UTC

    @property
    def uri(self) -> str:
        """The s3:// name that error texts show."""
        return f"s3://{self.bucket}/{self.key}"


class FileBytes(bytes):
    """The bytes of a file that nobody needs any more: a store on the same disk may keep the file.

    Where it is alone in its folder, the folder may go with it. Files that are made and removed cost
    more than all else that is done for a small partition.
    """

    path: str
    is_alone: bool

    @classmethod
    def of(cls, path: Path, *, is_alone: bool) -> FileBytes:
        """Reads a file."""
        made = cls(path.read_bytes())
        made.path, made.is_alone = str(path), is_alone
        return made


class Rights(Protocol):
    """What the caller may do."""

    def check(self, action: str, resource: str, context: dict[str, Any] | None = None) -> None:
        """Raises AccessDeniedError unless the caller may do `action` on `resource`."""


class Catalog(Protocol):
    """Glue, with the caller's rights."""

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""

    def database(self, name: str) -> dict[str, Any] | None:
        """One database."""

    def tables(self, database: str) -> list[dict[str, Any]]:
        """All tables of a database, as Glue has them."""

    def table(self, database: str, name: str) -> TableInfo | None:
        """One table or view."""

    def partitions(self, table: TableInfo, wanted: Wanted | None = None) -> list[PartitionInfo]:
        """The partitions of a table, or those whose values are wanted."""

    def change(self, action: str, database: str, table: str | None, body: dict[str, Any]) -> None:
        """A Glue call that writes (CreateTable, BatchCreatePartition ...)."""


class ObjectStore(Protocol):
    """S3, with the caller's rights."""

    def check_bucket(self, bucket: str) -> bool:
        """Whether the bucket exists and the caller may see where it is."""

    def list(self, location: str) -> list[StoredObject]:
        """The visible files under a location, in the order of their keys."""

    def readable(self, found: Iterable[StoredObject]) -> None:
        """Sees to it that the bytes of every one of them are where its `path` says.

        Raises:
            AccessDeniedError: If the caller may not read one of them.
        """

    def release(self) -> None:
        """The query has ended: what was fetched for it may go."""

    def read(self, uri: str) -> bytes:
        """An object's bytes."""

    def put(self, uri: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        """Writes an object."""

    def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Writes objects, uri and body, in their order; taken as they are written.

        A body that is `FileBytes` is not there afterwards, or it is: the writer cleans up.
        """


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """The three of them, for one caller."""

    catalog: Catalog
    store: ObjectStore
    rights: Rights


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// name."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def is_hidden(relative: str) -> bool:
    """Whether Hive passes over a file: a part of its key begins with an underscore or a dot."""
    return any(part.startswith(("_", ".")) for part in relative.split("/"))
