# ruff: noqa: SLF001 - looking into the emulator is what this module is for
"""S3 of the emulator in this process: read from its files, written through its handlers."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Final

from ministack import app
from ministack.services import s3

from dayfold_local.athena.catalog.ports import FileBytes, StoredObject, is_hidden, split_uri
from dayfold_local.athena.errors import AccessDeniedError, QueryFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.catalog.emulator_rights import EmulatorRights

_SIDECAR: Final = ".meta.json"
_BATCH_BYTES: Final = 8_000_000  # of objects in memory at once, on their way to the emulator


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
        try:
            os.rename(own, folder)  # noqa: PTH104
        except OSError:  # another disk
            return
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
