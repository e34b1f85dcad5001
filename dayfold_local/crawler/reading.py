"""Reads the files of the partitions that are new or have changed, and judges them."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from dayfold_local.crawler import schema
from dayfold_local.crawler.column_types import STRING
from dayfold_local.crawler.files import FileSchema, Unreadable, inspect
from dayfold_local.crawler.layout import Partition
from dayfold_local.crawler.schema import PartitionSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dayfold_local.crawler.layout import TableFolder
    from dayfold_local.crawler.schema import Columns, Layout

    # (key, first byte, number of bytes) -> bytes
    Reader = Callable[[str, int, int], bytes]


@dataclasses.dataclass(slots=True)
class Reading:
    """What was found in one partition. Without a schema it is not to be catalogued."""

    partition: Partition
    files: dict[str, FileSchema | Unreadable]  # by key
    schema: PartitionSchema | None = None
    problems: list[str] = dataclasses.field(default_factory=list)


def read_partition(partition: Partition, read: Reader) -> Reading:
    """Looks into every file of a partition."""
    files: dict[str, FileSchema | Unreadable] = {}
    for item in partition.objects:
        try:
            files[item.key] = inspect(item.key, item.size, functools.partial(read, item.key))
        except FileNotFoundError:
            files[item.key] = Unreadable("deleted during the crawl")
    return Reading(partition, files)


def layout_of_new(readings: Sequence[Reading]) -> Layout | None:
    """The layout of a table that is not in the catalog yet."""
    return schema.common_layout(
        file for reading in readings for file in schema.readable(reading.files.values())
    )


def label(folder: TableFolder, partition: Partition) -> str:
    """A partition as messages name it: `dt=2004-05-20`."""
    pairs = zip(folder.keys, partition.values, strict=True)
    return "/".join(f"{key}={value}" for key, value in pairs) or partition.prefix


def judge(
    folder: TableFolder,
    readings: Sequence[Reading],
    layout: Layout | None,
    before: Columns | None,
) -> None:
    """Settles for every reading its schema and its problems.

    Args:
        folder: the table's folder.
        readings: changed in place.
        layout: the table's; None if no file at all could be read.
        before: the columns of a table that exists.
    """
    order = list(before) if before is not None else _first_order(readings, layout)
    for reading in readings:
        name = label(folder, reading.partition)
        fitting, left_out = [], False
        for key, file in reading.files.items():
            if isinstance(file, Unreadable) or layout is None:
                reading.problems.append(f"{key}: {file.problem}")
                continue
            wrong = schema.misfit(file, layout, order)
            if wrong is None:
                fitting.append(_as_read(file, layout))
            elif file.format == layout.format:
                # Its rows would be read into the wrong columns.
                left_out, wrong = True, f"{wrong}; {name} is left out"
            if problem := wrong or file.problem:
                reading.problems.append(f"{key}: {problem}")
        reading.schema = None if left_out else schema.combine(name, fitting)
        _drop_key_columns(folder, reading)


def _first_order(readings: Sequence[Reading], layout: Layout | None) -> list[str]:
    for reading in readings:
        for file in schema.readable(reading.files.values()):
            if layout is not None and file.format == layout.format:
                return [name for name, _ in file.columns]
    return []


def _as_read(file: FileSchema, layout: Layout) -> FileSchema:
    """The file as the table's SerDe reads it: with quotes every column is text."""
    if layout.csv is None or not layout.csv.quoted:
        return file
    return dataclasses.replace(file, columns=tuple((name, STRING) for name, _ in file.columns))


def _drop_key_columns(folder: TableFolder, reading: Reading) -> None:
    if reading.schema is None:
        return
    for key in folder.keys:
        if reading.schema.columns.pop(key, None) is not None:
            reading.problems.append(
                f"{reading.partition.prefix}: column {key} in the files is hidden"
                " by the partition key of that name"
            )
