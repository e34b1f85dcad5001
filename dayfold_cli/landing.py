"""Finding extracts on disk and judging them, before anything is uploaded."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from dayfold.domain.days import parse_day
from dayfold.errors import BadRequestError
from dayfold_cli.errors import ExtractError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RAW_NAME = re.compile(r"(?:raw\.)?([a-z][a-z0-9_]{0,127})")
DAY_FOLDER = "dt="
BLOCK = 1 << 20  # bytes read at a time
HEAD = 64  # bytes that tell what a file is
GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
# Files that no crawler reads, by how they begin.
FOREIGN = {b"PK\x03\x04": "a zip archive or a workbook", b"BZh": "bzip2", b"7z\xbc\xaf": "7-Zip"}
READABLE = "Dayfold reads JSON lines, CSV and Parquet, the first two plain or as .gz"
_JSON_NAMES = (".json", ".jsonl", ".ndjson")


@dataclasses.dataclass(frozen=True, slots=True)
class Extract:
    """One file to land: where it is, which day it belongs to, and its key in the bucket."""

    path: Path
    day: dt.date
    key: str
    size: int


def raw_table_name(text: str) -> str:
    """The table's name without its database: `events` of `events` and of `raw.events`.

    Raises:
        BadRequestError: Glue and Athena would not take the name.
    """
    match = RAW_NAME.fullmatch(text)
    if match is None:
        raise BadRequestError(
            f"{text!r} is no name of a raw table: small letters, digits and _, e.g. events"
        )
    return match[1]


def find_extracts(table: str, paths: Iterable[Path], day: dt.date | None) -> list[Extract]:
    """All files to land under `paths`, in order of day and key.

    Args:
        table: the raw table's name without its database.
        paths: files, or folders holding `dt=DAY/` at any depth.
        day: the day of files that are in no such folder.

    Raises:
        ExtractError: a path is not there, a file is of no day, or two would become one.
    """
    found: dict[str, Extract] = {}
    for path in paths:
        for file in _files(path, table):
            extract = _extract(table, file, day)
            other = found.setdefault(extract.key, extract)
            if other.path != extract.path:
                raise ExtractError(
                    f"{extract.path} and {other.path} would both become {extract.key}: "
                    "land them as two tables or rename one"
                )
    if not found:
        shown = ", ".join(str(path) for path in paths)
        raise ExtractError(f"no extracts in {shown}: give files, or folders holding dt=YYYY-MM-DD/")
    return sorted(found.values(), key=lambda extract: (extract.day, extract.key))


def _files(path: Path, table: str) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise ExtractError(f"{path}: no such file or folder")
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and not _hidden(file, path)]
    sources = {root.name: root for root in (_above_day(file, path) for file in files) if root}
    if len(sources) > 1 and table in sources:
        raise ExtractError(
            f"{path} holds extracts of {', '.join(sorted(sources))}: did you mean {sources[table]}?"
        )
    yield from files


def _hidden(file: Path, root: Path) -> bool:
    """Athena and the crawler skip names that start with a dot or an underscore; so do we."""
    return any(part.startswith((".", "_")) for part in file.relative_to(root).parts)


def _above_day(file: Path, root: Path) -> Path | None:
    """The folder that holds the file's `dt=` folder, if it lies under `root`."""
    for parent in file.parents:
        if parent == root:
            return None
        if parent.name.startswith(DAY_FOLDER):
            return parent.parent
    return None


def _extract(table: str, file: Path, day: dt.date | None) -> Extract:
    where = file.absolute()
    folder = next((up for up in where.parents if up.name.startswith(DAY_FOLDER)), None)
    if folder is None:
        if day is None:
            raise ExtractError(
                f"{file}: of which day? It is in no folder dt=YYYY-MM-DD; say --day YYYY-MM-DD"
            )
        return Extract(file, day, f"raw/{table}/dt={day}/{file.name}", file.stat().st_size)
    try:
        own_day = parse_day(folder.name.removeprefix(DAY_FOLDER))
    except BadRequestError as error:
        raise ExtractError(f"{file}: folder {folder.name}: {error}") from error
    if day is not None and day != own_day:
        raise ExtractError(f"{file}: is in folder {folder.name}, but --day says {day}")
    inside = where.relative_to(folder).as_posix()
    return Extract(file, own_day, f"raw/{table}/dt={own_day}/{inside}", file.stat().st_size)


def judge(extract: Extract) -> str | None:
    """What is wrong with a file, in one line that names it; None if it can land."""
    try:
        problem = _problem(extract.path)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    return f"{extract.path}: {problem}" if problem else None


def _problem(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head:
            return "is empty (0 bytes)"
        foreign = next((kind for magic, kind in FOREIGN.items() if head.startswith(magic)), None)
        if foreign:
            return f"is {foreign}: {READABLE}"
        is_gzip = head.startswith(GZIP_MAGIC)
        if path.suffix == ".gz":
            return _gzip_problem(path) if is_gzip else "is named .gz but is not gzip"
        if is_gzip:
            return "is gzip but not named .gz: Athena goes by the name, so rename it"
        if path.suffix == ".parquet" or head.startswith(PARQUET_MAGIC):
            file.seek(-min(len(PARQUET_MAGIC), path.stat().st_size), 2)
            whole = head.startswith(PARQUET_MAGIC) and file.read() == PARQUET_MAGIC
            return None if whole else "is not a whole Parquet file (its end is missing or damaged)"
    return _text_problem(path.name, head)


def _gzip_problem(path: Path) -> str | None:
    """Read it to the end: only then is it known that nothing is cut off."""
    start = b""
    try:
        for block in _unzipped(path):
            start = start or block[:HEAD]
    except EOFError:
        return "is a truncated gzip file: its end is missing; fetch it again"
    except zlib.error as error:
        return f"is a damaged gzip file ({error}); fetch it again"
    return _text_problem(path.stem, start) if start else "is empty (a gzip file of nothing)"


def _unzipped(path: Path) -> Iterator[bytes]:
    """Unpack block by block; zlib works outside Python's lock, so threads help."""
    with path.open("rb") as file:
        reader = zlib.decompressobj(wbits=31)
        while block := file.read(BLOCK):
            while block:
                yield reader.decompress(block)
                if not reader.eof:
                    break
                block = reader.unused_data.lstrip(b"\0")  # a gzip file may have several members
                reader = zlib.decompressobj(wbits=31)
                if not block and not file.peek(1):
                    return
        if not reader.eof:
            raise EOFError


def _text_problem(name: str, start: bytes) -> str | None:
    if Path(name).suffix not in _JSON_NAMES:
        return None
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return "is a JSON array: give JSON lines, one object a line (jq -c '.[]' makes them)"
    return None if text.startswith(b"{") else "is not JSON lines: its first line is no object"
