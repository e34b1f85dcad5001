"""One extract file: what format it is in, and which columns it has.

A bounded part of each file is looked at: its first megabyte (the footer, if it is Parquet), and of
the lines in it an evenly spread sample. What goes wrong is put into one line for a person.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import TYPE_CHECKING

from dayfold_local.crawler import csv_file, json_file, parquet_file
from dayfold_local.crawler.column_types import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable

    # (first byte, number of bytes) -> those that the file has
    ReadRange = Callable[[int, int], bytes]

SAMPLE_BYTES = 1 << 20
# A compressed megabyte can unfold to a gigabyte: no more of it is looked at than this.
UNPACKED_BYTES = 8 << 20
_GZIP = b"\x1f\x8b"
_BINARY = frozenset(range(32)) - frozenset(b"\t\n\r\f\x01")


@dataclasses.dataclass(frozen=True, slots=True)
class FileSchema:
    """What was found in one file. `problem` is set if part of it cannot be read."""

    format: str  # json, csv, parquet: Glue's `classification`
    columns: tuple[tuple[str, ColumnType], ...]
    rows: int  # counted, or estimated if only the start was read
    compression: str = "none"  # Glue's `compressionType`
    csv: csv_file.Dialect | None = None
    problem: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Unreadable:
    """A file without one row that can be read."""

    problem: str


def inspect(key: str, size: int, read: ReadRange) -> FileSchema | Unreadable:
    """Finds out what a file holds."""
    if size == 0:
        return Unreadable("the file is empty")
    head = read(0, min(size, SAMPLE_BYTES))
    if head.startswith(parquet_file.MAGIC):
        return _parquet(size, read)
    if head.startswith(_GZIP) != key.endswith(".gz"):
        # Athena goes by the name alone.
        wrong = "named .gz but not compressed with gzip"
        right = "compressed with gzip but not named .gz"
        return Unreadable(wrong if key.endswith(".gz") else right)
    problem = None
    compression = "none"
    share = len(head) / size
    whole = len(head) == size
    if key.endswith(".gz"):
        compression = "gzip"
        head, problem, whole = _unpack(head, whole=whole)
    found = _text(key, head, whole=whole, share=share)
    if isinstance(found, Unreadable):
        return Unreadable(problem) if problem else found
    return dataclasses.replace(found, compression=compression, problem=problem or found.problem)


def _parquet(size: int, read: ReadRange) -> FileSchema | Unreadable:
    try:
        footer = parquet_file.read_footer(size, read)
    except parquet_file.BrokenFooterError as error:
        return Unreadable(str(error))
    return FileSchema("parquet", footer.columns, footer.rows)


def _unpack(packed: bytes, *, whole: bool) -> tuple[bytes, str | None, bool]:
    """Decompresses gzip members; returns the text, what is wrong, and whether that is all."""
    parts: list[bytes] = []
    room = UNPACKED_BYTES
    while packed and room > 0:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            parts.append(member.decompress(packed, room))
        except zlib.error:
            return b"".join(parts), "the gzip data is damaged", whole
        room -= len(parts[-1])
        if not member.eof:
            truncated = whole and room > 0
            return b"".join(parts), "the gzip file is truncated" if truncated else None, truncated
        packed = member.unused_data.lstrip(b"\0")  # padding between members is allowed
    return b"".join(parts), None, whole and not packed


def _text(key: str, data: bytes, *, whole: bool, share: float) -> FileSchema | Unreadable:
    if not whole:
        data = data[: data.rfind(b"\n") + 1]  # the last line may go on
    text, start = _decode(data), data[:SAMPLE_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        return Unreadable("the file holds no rows")
    if text is None or not _BINARY.isdisjoint(start[:4096]):
        return Unreadable("neither text in UTF-8 nor Parquet")
    if start.startswith(b"["):
        return Unreadable("one JSON array; Athena needs one JSON object per line")
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    rows = len(lines) if whole else round(len(lines) / share)
    if start.startswith(b"{"):
        return _json(lines, rows)
    table = csv_file.infer(text, single_column=".csv" in key.rpartition("/")[2])
    if table is None:
        return Unreadable("text, but neither JSON lines nor CSV")
    rows -= table.dialect.has_header
    return FileSchema("csv", table.columns, rows, csv=table.dialect, problem=table.problem)


def _json(lines: list[str], rows: int) -> FileSchema | Unreadable:
    found = json_file.infer(lines)
    if not found.good:
        return Unreadable(found.problem or "no line is a JSON object")
    return FileSchema("json", found.columns, rows, problem=found.problem)


def _decode(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
