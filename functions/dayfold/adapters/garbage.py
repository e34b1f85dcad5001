"""What is in the bucket to be collected, and deleting it key by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dayfold.errors import ThrottledError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

_DELETE_BATCH = 1000  # DeleteObjects's limit
_COLLECTED = ("builds/", "plans/", "results/")  # never raw/, which cannot be built again
_NAMED = 3  # keys that an error names


class File(NamedTuple):
    """One object of the bucket."""

    key: str
    size: int  # bytes
    modified: dt.datetime


class Garbage:
    """Lists folders and deletes files of the bucket, each by its whole key."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def folders(self, prefix: str) -> list[str]:
        """The names of the folders right under a prefix that ends in a slash."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, Delimiter="/"
        )
        return [
            folder["Prefix"][len(prefix) : -1]
            for page in pages
            for folder in page.get("CommonPrefixes", [])
        ]

    def files(self, prefix: str) -> list[File]:
        """All files under a prefix that ends in a slash."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return [
            File(entry["Key"], entry["Size"], entry["LastModified"])
            for page in pages
            for entry in page.get("Contents", [])
        ]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files; one that is not there counts as deleted.

        Raises:
            ValueError: a key is not among what is ever collected; nothing is deleted.
            ThrottledError: S3 would not delete some of them now.
        """
        strange = [key for key in keys if not key.startswith(_COLLECTED)]
        if strange:
            raise ValueError(f"{strange[0]} is not to be collected")
        for start in range(0, len(keys), _DELETE_BATCH):
            batch = [{"Key": key} for key in keys[start : start + _DELETE_BATCH]]
            answer = self._s3.delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": batch, "Quiet": True},  # type: ignore[typeddict-item]
            )
            # S3 reports single failures in the answer's body, not as exceptions.
            failed = [f"{one['Key']} ({one['Code']})" for one in answer.get("Errors", [])]
            if failed:
                raise ThrottledError(f"S3 did not delete {', '.join(failed[:_NAMED])}")
