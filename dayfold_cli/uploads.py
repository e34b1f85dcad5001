"""Putting extracts into the bucket: in parallel, and only those that are not there yet."""

from __future__ import annotations

import hashlib
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from dayfold_cli.landing import Extract

THREADS = 8
PART_SIZE = 64 * 1024 * 1024  # bytes; a file up to this size is one PUT, and its ETag its MD5
BLOCK = 1 << 20


def landed_etags(s3: S3Client, bucket: str, extracts: Sequence[Extract]) -> dict[str, str]:
    """The ETags of what is in the bucket already, between the first and the last key to land."""
    keys = sorted(extract.key for extract in extracts)
    prefix = keys[0].partition("/dt=")[0] + "/dt="
    before = keys[0][:-1]  # sorts before the first key, so that StartAfter includes it
    etags: dict[str, str] = {}
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, StartAfter=before
    )
    for page in pages:
        for item in page.get("Contents", []):
            if item["Key"] > keys[-1]:
                return etags
            etags[item["Key"]] = item["ETag"].strip('"')
    return etags


def upload(
    s3: S3Client,
    bucket: str,
    extracts: Sequence[Extract],
    landed: Callable[[Extract, bool], None],
) -> None:
    """Upload what is not there yet; the first failure stops the rest and is raised.

    Args:
        s3: a client; it is safe to share between threads.
        bucket: where to.
        extracts: what to land.
        landed: called after each file, with whether it had to be uploaded.
    """
    etags = landed_etags(s3, bucket, extracts)

    def one(extract: Extract) -> None:
        known = etags.get(extract.key)
        same = known is not None and known == etag_of(extract.path, extract.size)
        if not same:
            _put(s3, bucket, extract)
        landed(extract, not same)

    with ThreadPoolExecutor(THREADS) as pool:
        pending = [pool.submit(one, extract) for extract in extracts]
        try:
            done, _ = wait(pending, return_when=FIRST_EXCEPTION)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        failed = next((future for future in done if future.exception() is not None), None)
        if failed is not None:
            pool.shutdown(wait=False, cancel_futures=True)
            failed.result()


def etag_of(path: Path, size: int) -> str:
    """The ETag that S3 gives a file uploaded by us: its MD5, or the MD5 of its parts' MD5s."""
    with path.open("rb") as file:
        if size <= PART_SIZE:
            return hashlib.file_digest(file, _md5).hexdigest()
        parts: list[bytes] = []
        while part := file.read(PART_SIZE):
            parts.append(_md5(part).digest())
    return f"{_md5(b''.join(parts)).hexdigest()}-{len(parts)}"


def _md5(data: bytes = b"") -> hashlib._Hash:
    return hashlib.md5(data, usedforsecurity=False)


def _put(s3: S3Client, bucket: str, extract: Extract) -> None:
    if extract.size <= PART_SIZE:
        with extract.path.open("rb") as file:
            s3.put_object(Bucket=bucket, Key=extract.key, Body=file)
        return
    from boto3.s3.transfer import TransferConfig

    parts = TransferConfig(multipart_threshold=PART_SIZE, multipart_chunksize=PART_SIZE)
    s3.upload_file(str(extract.path), bucket, extract.key, Config=parts)
