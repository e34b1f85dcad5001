"""S3 in memory: one bucket, listed in pages and in the order of its keys."""

# ruff: noqa: N803 - the names of arguments are the API's

from __future__ import annotations

import hashlib
import io
from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable


class FakeS3:
    """One bucket."""

    def __init__(self, now: Callable[[], dt.datetime], page: int = 1_000) -> None:
        self.objects: dict[str, bytes] = {}
        self.written: dict[str, dt.datetime] = {}
        self.version = 0
        self.deleted: list[str] = []
        self._keys: list[str] = []
        self._now = now
        self._page = page

    def put_object(self, *, Key: str, Body: bytes | str, **_: Any) -> dict[str, Any]:
        if Key not in self.objects:
            insort(self._keys, Key)
        self.objects[Key] = Body.encode() if isinstance(Body, str) else Body
        self.written[Key] = self._now()
        self.version += 1
        return {"ETag": _etag(self.objects[Key])}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": Key}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key]), "ETag": _etag(self.objects[Key])}

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "404", "Message": Key}}, "HeadObject")
        return {"ContentLength": len(self.objects[Key]), "LastModified": self.written[Key]}

    def list_objects_v2(
        self,
        *,
        Prefix: str = "",
        StartAfter: str = "",
        Delimiter: str = "",
        ContinuationToken: str = "",
        MaxKeys: int = 1_000,
        **_: Any,
    ) -> dict[str, Any]:
        most = min(MaxKeys, self._page)
        last = ContinuationToken or StartAfter
        contents: list[dict[str, Any]] = []
        folders: list[str] = []
        truncated = False
        for key in self._keys[bisect_left(self._keys, max(Prefix, last)) :]:
            if not key.startswith(Prefix):
                break
            folder = _folder(key, Prefix, Delimiter)
            # A folder that a page has shown is passed over as a whole.
            if key <= last or (folder and (folder in folders or last.startswith(folder))):
                continue
            if len(contents) + len(folders) >= most:
                truncated = True
                break
            if folder:
                folders.append(folder)
            else:
                contents.append(self._entry(key))
        answer: dict[str, Any] = {"IsTruncated": truncated, "KeyCount": len(contents)}
        if contents:
            answer["Contents"] = contents
        if folders:
            answer["CommonPrefixes"] = [{"Prefix": folder} for folder in folders]
        if truncated:
            shown = [*(one["Key"] for one in contents), *(f"{one}\uffff" for one in folders)]
            answer["NextContinuationToken"] = max(shown)
        return answer

    def delete_objects(self, *, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:
        for one in Delete["Objects"]:
            self.delete_object(Key=one["Key"])
        return {"Deleted": [{"Key": one["Key"]} for one in Delete["Objects"]]}

    def delete_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        if Key in self.objects:
            del self.objects[Key], self.written[Key]
            del self._keys[bisect_left(self._keys, Key)]
            self.deleted.append(Key)
            self.version += 1
        return {}

    def under(self, prefix: str) -> list[str]:
        """The keys with a prefix, for those who check and for queries."""
        start = bisect_left(self._keys, prefix)
        found = []
        for key in self._keys[start:]:
            if not key.startswith(prefix):
                break
            found.append(key)
        return found

    def _entry(self, key: str) -> dict[str, Any]:
        body = self.objects[key]
        return {
            "Key": key,
            "Size": len(body),
            "ETag": _etag(body),
            "LastModified": self.written[key],
        }


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def _folder(key: str, prefix: str, delimiter: str) -> str:
    if not delimiter:
        return ""
    head, found, _ = key[len(prefix) :].partition(delimiter)
    return f"{prefix}{head}{found}" if found else ""
