"""From the files' schemas to the table's: what is new, what widened, what no longer fits."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from dayfold_local.crawler.column_types import (
    UNKNOWN,
    ColumnType,
    merge,
    merge_fields,
    parse_type,
    type_text,
    widen,
)
from dayfold_local.crawler.csv_file import Dialect
from dayfold_local.crawler.files import FileSchema, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Columns = dict[str, ColumnType]
_FORMAT_NAMES = {"json": "JSON lines", "csv": "CSV", "parquet": "Parquet"}


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """How all files of one table are written."""

    format: str
    csv: Dialect | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class PartitionSchema:
    """What the files of one partition hold together."""

    label: str  # as in messages: dt=2004-05-20
    columns: Columns
    rows: int
    compression: str


@dataclasses.dataclass(frozen=True, slots=True)
class Evolution:
    """The table's columns after a crawl, and lines about what a person should know."""

    columns: Columns
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def common_layout(files: Iterable[FileSchema]) -> Layout | None:
    """The layout of a new table: the format of most files, the CSV layout of most of those."""
    counts = Counter(Layout(file.format, file.csv) for file in files)
    formats: Counter[str] = Counter()
    for layout, count in counts.items():
        formats[layout.format] += count
    if not formats:
        return None
    chosen = formats.most_common(1)[0][0]
    layouts = [layout for layout, _ in counts.most_common() if layout.format == chosen]
    csv = layouts[0].csv
    if csv is not None and any(layout.csv and layout.csv.quoted for layout in layouts):
        csv = dataclasses.replace(csv, quoted=True)
    return Layout(chosen, csv)


def misfit(file: FileSchema, layout: Layout, columns: Sequence[str]) -> str | None:
    """Why a file would be misread as part of the table; None if it fits.

    Args:
        file: the file.
        layout: the table's.
        columns: the table's, in order; CSV is read by position.
    """
    if file.format != layout.format:
        return f"{_FORMAT_NAMES[file.format]} in a table of {_FORMAT_NAMES[layout.format]}"
    if file.csv is None or layout.csv is None:
        return None
    return _misfit_dialect(file.csv, layout.csv) or _misfit_order(file, columns)


def _misfit_dialect(own: Dialect, table: Dialect) -> str | None:
    if own.delimiter != table.delimiter:
        return f"delimiter {own.delimiter!r} in a table with {table.delimiter!r}"
    if own.has_header != table.has_header:
        return "no header" if table.has_header else "a header in a table without"
    if own.quoted and not table.quoted:
        return "quoted fields in a table without"
    return None


def _misfit_order(file: FileSchema, columns: Sequence[str]) -> str | None:
    names = [name for name, _ in file.columns]
    for position, (name, expected) in enumerate(zip(names, columns, strict=False), 1):
        if name != expected:
            return f"column {position} is {name}, not {expected}, and CSV is read by position"
    return None


def combine(label: str, files: Sequence[FileSchema]) -> PartitionSchema | None:
    """Joins the files of one partition; None without any."""
    if not files:
        return None
    fields: tuple[tuple[str, ColumnType], ...] = ()
    for file in files:
        fields = merge_fields(fields, file.columns)
    compression = Counter(file.compression for file in files).most_common(1)[0][0]
    return PartitionSchema(label, dict(fields), sum(file.rows for file in files), compression)


def evolve(known: Columns | None, found: Sequence[PartitionSchema], *, text: bool) -> Evolution:
    """The table's columns after reading some partitions.

    A known column keeps its type unless a wider one reads old and new files alike; what no longer
    fits is reported, and the queries that read those days will say it too.

    Args:
        known: the table's columns so far; None for a new table.
        found: the partitions read, in order.
        text: whether the files are text, whose values are converted on reading.
    """
    columns = dict(known or {})
    warnings: list[str] = []
    notes: list[str] = []
    for name in dict.fromkeys([*columns, *(name for part in found for name in part.columns)]):
        parts = [(part.label, part.columns[name]) for part in found if name in part.columns]
        if known is not None and name in known:
            kind, misfits = _fold_known(known[name], parts, text=text)
            for seen, labels in misfits.items():
                warnings.append(
                    f"column {name} is {type_text(known[name])} in the table and"
                    f" {type_text(seen)} in {_some(labels)}: kept, so queries there can fail"
                )
        else:
            kind, mixed = _fold_new(parts, text=text)
            if mixed:
                warnings.append(f"column {name} is {mixed}: {type_text(kind)} in the table")
            if known is not None:
                notes.append(f"new column {name} {type_text(kind)}")
        columns[name] = parse_type(type_text(kind))  # what was never seen is a string now
    warnings += _vanished(set(known or ()), found)
    return Evolution(columns, tuple(warnings), tuple(notes))


def _fold_known(
    known: ColumnType,
    parts: Sequence[tuple[str, ColumnType]],
    *,
    text: bool,
) -> tuple[ColumnType, dict[ColumnType, list[str]]]:
    misfits: dict[ColumnType, list[str]] = {}
    for label, seen in parts:
        wider = widen(known, seen, text=text)
        if wider is None:
            misfits.setdefault(seen, []).append(label)
        else:
            known = wider
    return known, misfits


def _fold_new(
    parts: Sequence[tuple[str, ColumnType]],
    *,
    text: bool,
) -> tuple[ColumnType, str | None]:
    kind: ColumnType = UNKNOWN
    seen: dict[ColumnType, list[str]] = {}
    for label, part in parts:
        if part != UNKNOWN:
            seen.setdefault(part, []).append(label)
        if kind == UNKNOWN:
            kind = part
        elif text:
            kind = merge(kind, part)
        else:
            kind = widen(kind, part, text=False) or kind
    if text:
        mixed = type_text(kind) == "string" and any(type_text(it) != "string" for it in seen)
    else:
        mixed = any(widen(kind, it, text=False) is None for it in seen)
    if not mixed:
        return kind, None
    return kind, " and ".join(f"{type_text(it)} in {_some(at)}" for it, at in seen.items())


def _vanished(before: set[str], found: Sequence[PartitionSchema]) -> list[str]:
    """Columns that earlier partitions have and later ones lack."""
    missing: dict[str, list[str]] = {}
    for part in found:
        for name in sorted(before - part.columns.keys()):
            missing.setdefault(name, []).append(part.label)
        before = before | part.columns.keys()
    return [
        f"column {name} is missing in {_some(labels)}: kept, and NULL there"
        for name, labels in missing.items()
    ]


def _some(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{labels[0]} and {len(labels) - 1} more"


def readable(files: Iterable[FileSchema | Unreadable]) -> list[FileSchema]:
    """Those that hold rows."""
    return [file for file in files if isinstance(file, FileSchema)]
