"""S3 behind an endpoint, as queries need it: objects are fetched as a whole, once per version."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import functools
import shutil
from typing import IO, TYPE_CHECKING, Any

import botocore.exceptions

from dayfold_local.athena.catalog.endpoint_calls import MISSING, asked, code_of, unknown
from dayfold_local.athena.catalog.ports import StoredObject, is_hidden, split_uri
from dayfold_local.athena.errors import AccessDeniedError, QueryFailure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_s3 import S3Client

    from dayfold_local.athena.catalog.fetched import Fetched


class EndpointStore:
    """S3, for one request or query; what it fetched is held until it is released."""

    def __init__(
        self, client: S3Client, fetched: Fetched, pool: concurrent.futures.Executor
    ) -> None:
        self._client = client
        self._fetched = fetched
        self._pool = pool
        self._held: set[str] = set()

    def check_bucket(self, bucket: str) -> bool:
        """Whether the bucket exists and may be seen."""
        call = functools.partial(self._client.head_bucket, Bucket=bucket)
        try:
            asked("S3", "s3:ListBucket", f"arn:aws:s3:::{bucket}", call)
        except (botocore.exceptions.ClientError, AccessDeniedError):
            return False
        return True

    def list(self, location: str) -> list[StoredObject]:
        """The visible files under a location, in the order of their keys."""
        bucket, prefix = split_uri(location)
        prefix = prefix.rstrip("/") + "/" if prefix else ""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            found = asked("S3", "s3:ListBucket", f"arn:aws:s3:::{bucket}", lambda: list(pages))
        except botocore.exceptions.ClientError as error:
            if code_of(error) != "NoSuchBucket":
                raise unknown("S3", error) from None
            raise QueryFailure(
                "HIVE_FILESYSTEM_ERROR", f"The specified bucket does not exist: {bucket}"
            ) from None
        return [
            self._stored(bucket, item)
            for page in found
            for item in sorted(page.get("Contents", []), key=lambda one: one["Key"])
            if item["Size"] and not is_hidden(item["Key"][len(prefix) :])
        ]

    def _stored(self, bucket: str, item: Any) -> StoredObject:  # noqa: ANN401 - an entry of a list
        key, etag = item["Key"], item["ETag"].strip('"')
        path = self._fetched.place(bucket, key, etag)
        modified = item["LastModified"].astimezone(dt.UTC).isoformat()
        return StoredObject(bucket, key, item["Size"], etag, str(path), modified)

    def readable(self, found: Iterable[StoredObject]) -> None:
        """Fetches the objects that are not here yet, several at once.

        Raises:
            AccessDeniedError: If one of them may not be read.
        """
        wanted = {item.path: item for item in found if item.path not in self._held}
        held = [self._pool.submit(self._hold, item) for item in wanted.values()]
        concurrent.futures.wait(held)
        for one in held:
            one.result()

    def _hold(self, item: StoredObject) -> None:
        self._fetched.hold(item, functools.partial(self._fetch, item))
        self._held.add(item.path)

    def _fetch(self, item: StoredObject, file: IO[bytes]) -> None:
        def fetch() -> None:
            answer = self._client.get_object(Bucket=item.bucket, Key=item.key)
            if answer["ETag"].strip('"') != item.etag:
                raise QueryFailure(
                    "HIVE_CANNOT_OPEN_SPLIT",
                    f"Error opening Hive split {item.uri}: the file has changed meanwhile",
                )
            shutil.copyfileobj(answer["Body"], file, 1 << 20)

        try:
            asked("S3", "s3:GetObject", f"arn:aws:s3:::{item.bucket}/{item.key}", fetch)
        except botocore.exceptions.ClientError as error:
            if code_of(error) not in MISSING:
                raise unknown("S3", error) from None
            raise QueryFailure(
                "HIVE_CANNOT_OPEN_SPLIT",
                f"Error opening Hive split {item.uri}: the file does not exist",
            ) from None

    def release(self) -> None:
        """The query has ended: what was fetched for it may go."""
        self._fetched.release(self._held)
        self._held = set()

    def read(self, uri: str) -> bytes:
        """An object's bytes."""
        bucket, key = split_uri(uri)

        def body() -> bytes:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()

        try:
            return asked("S3", "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", body)
        except botocore.exceptions.ClientError as error:
            if code_of(error) in MISSING:
                raise FileNotFoundError(uri) from None
            raise unknown("S3", error) from None

    def put(self, uri: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        """Writes an object."""
        bucket, key = split_uri(uri)
        call = functools.partial(
            self._client.put_object, Bucket=bucket, Key=key, Body=body, ContentType=content_type
        )
        try:
            asked("S3", "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}", call)
        except botocore.exceptions.ClientError as error:
            raise unknown("S3", error) from None

    def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Writes objects in their order."""
        for uri, body in objects:
            self.put(uri, body)
