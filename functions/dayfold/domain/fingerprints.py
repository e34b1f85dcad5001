"""Fingerprints: short digests that change when what a build read has changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

ABSENT = "absent"  # the fingerprint of a day that has no files or no build
_EMPTY_GZIP_BYTES = 20
_LENGTH = 16  # hexadecimal digits; 64 bits keep a chance collision out of reach


def digest(parts: Iterable[str]) -> str:
    """A digest of the parts in the order given."""
    text = "\n".join(parts)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def files_fingerprint(files: Iterable[tuple[str, int, str]]) -> str:
    """The fingerprint of a raw partition from its files as (key, size in bytes, ETag)."""
    return digest(f"{key} {size} {etag}" for key, size, etag in sorted(files))


def is_empty(key: str, size: int) -> bool:
    """Whether a file cannot hold a row: no bytes, or a gzip of none.

    An empty gzip has a header of 10 bytes, 2 of data, a trailer of 8, and may carry its name.
    Source: RFC 1952.
    """
    name = key.rpartition("/")[2]
    return size == 0 or (name.endswith(".gz") and size <= _EMPTY_GZIP_BYTES + len(name) + 1)


def window_digest(days: Mapping[dt.date, str]) -> str:
    """The digest of an input over its window: `days` maps each day to its own fingerprint."""
    return digest(f"{day} {days[day]}" for day in sorted(days))
