# ruff: noqa: SLF001 - looking into the emulator is what this module is for
"""Glue and S3 of the emulator in this process, with the rights of a request's caller.

Reads look straight at the emulator's memory and at its files, which is what makes a query fast.
Writes go through its request handlers, so that whatever the host has put around a service
(journals, events) sees them too.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import TYPE_CHECKING, Any, ClassVar

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import glue, s3

from dayfold_local.athena.catalog.ports import FileBytes, StoredObject, World, is_hidden, split_uri
from dayfold_local.athena.catalog.tables import (
    PartitionInfo,
    TableInfo,
    partition_columns,
    table_info,
)
from dayfold_local.athena.errors import AccessDeniedError, QueryFailure, glue_failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.catalog.ports import Wanted

_SIDECAR = ".meta.json"
_ANSWERS = 10_000
_ANSWER_SECONDS = 1.0
_BATCH_BYTES = 8_000_000  # of objects in memory at once, on their way to the emulator


def world_of(caller: Caller) -> World:
    """Catalog and store as the caller may use them."""
    rights = EmulatorRights(caller)
    return World(EmulatorCatalog(caller, rights), EmulatorStore(caller, rights), rights)


class EmulatorRights:
    """IAM as the emulator evaluates it. A yes is kept for the query's time, and for a second.

    The next query of the same caller asks for the same database and folders; on AWS a right that
    was taken away lasts for some seconds too.
    """

    _lately: ClassVar[dict[tuple[str, ...], float]] = {}  # what was allowed, and until when

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._allowed: set[tuple[str, str, str]] = set()

    def check(self, action: str, resource: str, context: dict[str, Any] | None = None) -> None:
        """Raises AccessDeniedError unless the caller may do `action` on `resource`."""
        known = (action, resource, str(context))
        if not app.AUTH or known in self._allowed:
            return
        lately = (self._caller.account, self._caller.access_key, *known)
        if self._lately.get(lately, 0.0) > time.monotonic():
            self._allowed.add(known)
            return
        denied = iam_evaluator.enforce(
            self._caller.access_key,
            action,
            action.partition(":")[0],
            self._caller.region,
            resource_arn=resource,
            service_context=context,
        )
        if denied is not None:
            principal = getattr(denied, "principal_arn", "") or self._caller.access_key
            explicit = getattr(denied, "decision", "") == "Deny"
            raise AccessDeniedError(principal, action, resource, explicit=explicit)
        self._allowed.add(known)
        if len(self._lately) > _ANSWERS:
            self._lately.clear()
        self._lately[lately] = time.monotonic() + _ANSWER_SECONDS


class EmulatorCatalog:
    """Glue."""

    def __init__(self, caller: Caller, rights: EmulatorRights) -> None:
        self._caller = caller
        self._rights = rights

    def _check(self, action: str, database: str | None, table: str | None = None) -> None:
        prefix = f"arn:aws:glue:{self._caller.region}:{self._caller.account}:"
        self._rights.check(action, f"{prefix}catalog")
        if database is not None:
            self._rights.check(action, f"{prefix}database/{database}")
        if table is not None:
            self._rights.check(action, f"{prefix}table/{database}/{table}")

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""
        self._check("glue:GetDatabases", None)
        return [dict(item) for item in glue._databases.values()]

    def database(self, name: str) -> dict[str, Any] | None:
        """One database."""
        self._check("glue:GetDatabase", name)
        found = glue._databases.get(name)
        return dict(found) if found is not None else None

    def tables(self, database: str) -> list[dict[str, Any]]:
        """All tables of a database, as Glue has them."""
        self._check("glue:GetTables", database)
        return [dict(t) for key, t in glue._tables.items() if key.startswith(f"{database}/")]

    def table(self, database: str, name: str) -> TableInfo | None:
        """One table or view."""
        self._check("glue:GetTable", database, name)
        found = glue._tables.get(f"{database}/{name}")
        return table_info(dict(found)) if found is not None else None

    def partitions(self, table: TableInfo, wanted: Wanted | None = None) -> list[PartitionInfo]:
        """The partitions of a table, or those whose values are wanted."""
        self._check("glue:GetPartitions", table.database, table.name)
        listed = glue._partitions.get(f"{table.database}/{table.name}") or []
        if wanted is None:
            return [_partition(item, table) for item in list(listed)]
        near = (item for item in list(listed) if _may_be(item, wanted))
        found = (_partition(item, table) for item in near)
        return [one for one in found if wanted(one.values)]

    def change(self, action: str, database: str, table: str | None, body: dict[str, Any]) -> None:
        """A Glue call that writes (CreateTable, BatchCreatePartition ...)."""
        self._check(f"glue:{action}", database, table)
        headers = {"x-amz-target": f"AWSGlue.{action}"}
        handler = app.SERVICE_HANDLERS["glue"]
        call = handler("POST", "/", headers, json.dumps(body).encode(), {})
        status, _, answer = asyncio.run_coroutine_threadsafe(call, self._caller.loop).result()
        document = json.loads(answer or b"{}")
        if status >= 300 or document.get("Errors"):
            raise glue_failure(action, document)


def _may_be(item: dict[str, Any], wanted: Wanted) -> bool:
    values = item.get("Values")  # none while the emulator updates it: `_partition` waits for them
    return values is None or wanted(tuple(values))


def _partition(item: dict[str, Any], table: TableInfo) -> PartitionInfo:
    # The emulator updates a partition by emptying and refilling it: look again until it is whole.
    for _ in range(1000):
        seen = dict(item)
        storage = seen.get("StorageDescriptor")
        if storage is not None and "Values" in seen:
            own = partition_columns(storage.get("Columns") or [], table)
            return PartitionInfo(tuple(seen["Values"]), str(storage.get("Location") or ""), own)
        time.sleep(0.0005)
    return PartitionInfo(tuple(item.get("Values") or ()), "")


class EmulatorStore:
    """S3."""

    def __init__(self, caller: Caller, rights: EmulatorRights) -> None:
        self._caller = caller
        self._rights = rights

    def check_bucket(self, bucket: str) -> bool:
        """Whether the bucket exists and the caller may see where it is."""
        try:
            self._rights.check("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")
        except AccessDeniedError:
            return False
        return bucket in s3._buckets

    def list(self, location: str) -> list[StoredObject]:
        """The visible files under a location, in the order of their keys."""
        bucket, prefix = split_uri(location)
        prefix = prefix.rstrip("/") + "/" if prefix else ""
        self._rights.check("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": prefix})
        held = s3._buckets.get(bucket)
        if held is None:
            raise QueryFailure(
                "HIVE_FILESYSTEM_ERROR",
                f"The specified bucket does not exist: {bucket}",
            )
        objects = held["objects"]
        root = f"{s3.DATA_DIR}/{self._caller.account}/{bucket}"
        found = []
        for key, path in sorted(_keys(root, prefix, objects)):
            record = objects.get(key)
            if record is None or is_hidden(key[len(prefix) :]) or record.get("size", 0) == 0:
                continue
            place = path or str(s3._object_disk_path(bucket, key, self._caller.account))
            modified = str(record.get("last_modified") or "")
            size, etag = record["size"], record["etag"]
            found.append(StoredObject(bucket, key, size, etag, place, modified))
        return found

    def readable(self, found: Iterable[StoredObject]) -> None:
        """Raises AccessDeniedError unless the caller may read every one of them."""
        for item in found:
            self._rights.check("s3:GetObject", f"arn:aws:s3:::{item.bucket}/{item.key}")

    def read(self, uri: str) -> bytes:
        """An object's bytes."""
        bucket, key = split_uri(uri)
        self._rights.check("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        held = s3._buckets.get(bucket)
        record = held["objects"].get(key) if held is not None else None
        if record is None:
            raise FileNotFoundError(uri)
        return bytes(s3._read_body(bucket, key, record))

    def put(self, uri: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        """Writes an object."""
        self._written([self._allowed(uri, body)], content_type)

    def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Writes objects in their order, some megabytes at a time.

        Each time is one visit to the emulator's thread, which answers requests meanwhile.
        """
        batch: list[tuple[str, bytes]] = []
        held = 0
        for uri, body in objects:
            batch.append(self._allowed(uri, body))
            held += len(body)
            if held > _BATCH_BYTES:
                self._written(batch)
                batch, held = [], 0
        if batch:
            self._written(batch)

    def _allowed(self, uri: str, body: bytes) -> tuple[str, bytes]:
        bucket, key = split_uri(uri)
        self._rights.check("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
        return f"/{bucket}/{key}", body

    def release(self) -> None:
        """Nothing was fetched: the files are on this machine."""

    def _written(
        self, objects: Sequence[tuple[str, bytes]], content_type: str = "application/octet-stream"
    ) -> None:
        # The rights were asked above; the key in the header says only that this is nobody unknown.
        signed = (
            f"Credential={self._caller.access_key}/20260101/{self._caller.region}/s3/aws4_request"
        )
        headers = {"authorization": f"AWS4-HMAC-SHA256 {signed}", "content-type": content_type}

        async def write() -> None:
            handler = app.SERVICE_HANDLERS["s3"]
            for path, body in objects:
                if isinstance(body, FileBytes) and body.is_alone:
                    self._take_folder(path, body)
                status, _, answer = await handler("PUT", path, dict(headers), body, {})
                if status >= 300:
                    raise OSError(f"S3 refused PUT {path}: {bytes(answer or b'')[:300]!r}")
                await asyncio.sleep(0)  # whose turn it is in between

        asyncio.run_coroutine_threadsafe(write(), self._caller.loop).result()

    def _take_folder(self, path: str, body: FileBytes) -> None:
        """Moves the folder of a file to where the object's will be, if there is none."""
        bucket, _, key = path[1:].partition("/")
        place = s3._object_disk_path(bucket, key, self._caller.account)
        folder = os.path.dirname(place)  # noqa: PTH120 - of many objects
        if os.path.exists(folder):  # noqa: PTH110
            return
        own, name = os.path.split(body.path)
        os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
        os.rename(own, folder)  # noqa: PTH104
        body.path = os.path.join(folder, name)  # noqa: PTH118


def _keys(root: str, prefix: str, objects: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys under a prefix, with their files where these are named as the keys are.

    The folder is walked: a search through all keys would cost more.
    """
    if os.path.isdir(f"{root}/{s3._ENCODED_KEYS_DIR}") or not s3.S3_PERSIST:  # noqa: PTH112
        yield from ((key, "") for key in list(objects) if key.startswith(prefix))
        return
    yield from _files(f"{root}/{prefix}", prefix)


def _files(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    try:
        entries = os.scandir(folder)  # of many folders: a walk takes four times as long
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path, f"{prefix}{entry.name}/")
            elif not entry.name.endswith((_SIDECAR, ".tmp")):
                yield prefix + entry.name, entry.path
