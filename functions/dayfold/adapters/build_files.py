"""The files of builds in S3: whether they are there."""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_s3 import S3Client

_AT_ONCE = 16  # one list call a location, a few milliseconds each


class BuildFiles:
    """Looks at `builds/` of the bucket."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def empty(self, locations: Iterable[str]) -> set[str]:
        """Those of `s3://bucket/builds/.../dt=DAY/` under which there is no file."""
        wanted = sorted(set(locations))
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            there = list(pool.map(self._has_file, wanted))
        return {location for location, has_file in zip(wanted, there, strict=True) if not has_file}

    def _has_file(self, location: str) -> bool:
        prefix = location.removeprefix(f"s3://{self._bucket}/")
        answer = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=1)
        return answer.get("KeyCount", 0) > 0
