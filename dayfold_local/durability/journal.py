"""An append-only log of what was answered since the last snapshots.

A record is one line: checksum, number, JSON. It is in the kernel's hands before the answer leaves,
so it outlives the process however that ends (only a power cut could take it: nothing is synced to
the disk). A kill in the middle of a write leaves a torn last line, which was never answered and is
dropped on reading.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from dayfold.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

# A journal longer than this is replaced by snapshots while the server runs.
COMPACT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Record:
    """One change: its number, the service it belongs to, and what to do again."""

    number: int
    service: str
    change: dict[str, Any]


class Journal:
    """Writes records to the newest segment of a folder; reads them all back in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._file: int | None = None
        self._number = 0
        self._bytes = 0

    @property
    def number(self) -> int:
        """The number of the last record written or read."""
        return self._number

    @property
    def is_long(self) -> bool:
        """Whether it is time to replace the journal by snapshots."""
        return self._bytes > COMPACT_BYTES

    def read(self) -> Iterator[Record]:
        """Every record of every segment, oldest first.

        Raises:
            ConfigurationError: If a record is damaged that others follow.
        """
        segments = self._segments()
        for segment in segments:
            for record in _records(segment, is_last=segment == segments[-1]):
                self._number = max(self._number, record.number)
                yield record

    def start(self, after: int) -> None:
        """Opens a new segment whose records are numbered from `after` + 1."""
        self._number = max(self._number, after)
        self._open()

    def append(self, service: str, change: dict[str, Any]) -> int:
        """Writes one record; returns its number once the kernel has it."""
        text = _text(change)
        with self._lock:
            if self._file is None:
                raise ConfigurationError("the journal is not open")
            self._number += 1
            line = _line(self._number, service, text)
            _write(self._file, line)
            self._bytes += len(line)
            return self._number

    def turn_over(self) -> list[Path]:
        """Opens a new segment; returns the old ones, for `drop` once snapshots hold them."""
        with self._lock:
            old = self._segments()
            self._open()
            return old

    @staticmethod
    def drop(segments: list[Path]) -> None:
        """Deletes segments whose records all snapshots include."""
        for segment in segments:
            segment.unlink(missing_ok=True)

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("*.journal"))

    def _open(self) -> None:
        if self._file is not None:
            os.close(self._file)
        names = [int(path.stem) for path in self._segments()]
        path = self._folder / f"{max(names, default=0) + 1:08d}.journal"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        self._bytes = 0


def _text(change: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(change, default=_encode)
    except TypeError:  # numbers of more than 64 bits, keys that are no texts, halves of letters
        return json.dumps(change, separators=(",", ":"), default=_encode).encode()


def _line(number: int, service: str, text: bytes) -> bytes:
    body = b"%d %b %b" % (number, service.encode(), text)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _records(segment: Path, *, is_last: bool) -> Iterator[Record]:
    with segment.open("rb") as lines:
        for position, line in enumerate(lines, start=1):
            record = _parse(line)
            if record is not None:
                yield record
            elif is_last and not lines.read(1):
                logger.warning("%s:%d: a torn record was dropped", segment, position)
                return
            else:
                raise ConfigurationError(
                    f"{segment}:{position}: the journal is damaged; `dayfold reset` starts afresh",
                )


def _parse(line: bytes) -> Record | None:
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or b"%08x" % zlib.crc32(body) != checksum:
        return None
    number, service, text = body.decode().split(" ", 2)
    return Record(int(number), service, json.loads(text))


def _encode(value: object) -> object:
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be written to the journal")
