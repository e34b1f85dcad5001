"""From a list of objects to tables and partitions: one table per folder under the target."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HIVE_FOLDER = re.compile(r"([^=]+)=(.*)")
_GLOB_PART = re.compile(r"\*\*|\\.|\[[!^]?[^\]\\]+\]|\{[^{}]*\}|.", re.DOTALL)
_WILDCARDS = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
_TABLE_NAME = re.compile(r"[^a-z0-9_]")


@dataclasses.dataclass(frozen=True, slots=True)
class S3Object:
    """One object of a listing."""

    key: str
    size: int
    etag: str

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def is_hidden(self) -> bool:
        """Whether Athena skips it: `_SUCCESS`, `.part.crc`, and markers of empty folders."""
        return not self.name or self.name[0] in "_." or self.name.endswith("_$folder$")


@dataclasses.dataclass(slots=True)
class Partition:
    """A partition's folder and objects; a table without partitions has one, without values."""

    values: tuple[str, ...]
    prefix: str
    objects: list[S3Object] = dataclasses.field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """Changes with any object: added, replaced or removed."""
        text = "\n".join(f"{item.key}\t{item.size}\t{item.etag}" for item in self.objects)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def bytes(self) -> int:
        """The size of all objects together."""
        return sum(item.size for item in self.objects)


@dataclasses.dataclass(slots=True)
class TableFolder:
    """One folder that is a table."""

    name: str
    prefix: str
    keys: tuple[str, ...]
    partitions: dict[tuple[str, ...], Partition]


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """An S3 target of the crawler."""

    bucket: str
    prefix: str  # empty, or ending in a slash
    exclusions: tuple[str, ...] = ()
    level: int | None = None  # of the tables' folders; the bucket is level 1

    @classmethod
    def parse(cls, path: str, exclusions: Iterable[str] = (), level: int | None = None) -> Target:
        """Reads `s3://bucket/folder/`, with or without the slash at the end."""
        bucket, _, prefix = path.removeprefix("s3://").partition("/")
        prefix = prefix.strip("/")
        return cls(bucket, f"{prefix}/" if prefix else "", tuple(exclusions), level)


def arrange(
    target: Target, objects: Iterable[S3Object], prefix: str = ""
) -> tuple[list[TableFolder], list[str]]:
    """Groups objects into tables.

    Args:
        target: what was listed.
        objects: the listing.
        prefix: what the crawler puts before every table's name.

    Returns:
        The tables, and a line for everything that belongs to none.
    """
    excluded = [glob_pattern(glob) for glob in target.exclusions]
    by_folder: dict[str, list[S3Object]] = {}
    stray: list[str] = []
    visible = [
        item
        for item in objects
        if not item.is_hidden
        and not any(pattern.fullmatch(item.key[len(target.prefix) :]) for pattern in excluded)
    ]
    depth = _table_depth(target, visible)
    for item in visible:
        folders = item.key.split("/")[:-1]
        if len(folders) < depth:
            stray.append(f"{item.key}: beside the tables' folders, so in no table")
        else:
            by_folder.setdefault("/".join(folders[:depth]), []).append(item)
    tables = []
    for folder, items in by_folder.items():
        name = prefix + _TABLE_NAME.sub("_", (folder.rpartition("/")[2] or target.bucket).lower())
        table, problems = _table(name, f"{folder}/" if folder else "", items)
        tables.append(table)
        stray += problems
    return tables, stray


def _table_depth(target: Target, objects: list[S3Object]) -> int:
    """How many folders deep a table's own folder is."""
    if target.level is not None:
        return target.level - 1
    base = target.prefix.count("/")
    below = [item.key.split("/")[base:-1] for item in objects]
    is_table = any(not rest or _HIVE_FOLDER.fullmatch(rest[0]) for rest in below) and not any(
        rest and not _HIVE_FOLDER.fullmatch(rest[0]) for rest in below
    )
    # The target holds files or `dt=` folders itself: then it is the table.
    return base if is_table else base + 1


def _table(name: str, prefix: str, objects: list[S3Object]) -> tuple[TableFolder, list[str]]:
    """The partitions of one folder; objects at another depth than most are left out."""
    shapes: dict[S3Object, tuple[tuple[str, ...], tuple[str, ...]]] = {
        item: _split(item.key[len(prefix) :].split("/")[:-1]) for item in objects
    }
    keys = Counter(keys for keys, _ in shapes.values()).most_common(1)[0][0]
    table = TableFolder(name, prefix, keys, {})
    problems = []
    for item, (own, values) in shapes.items():
        if own != keys:
            layout = "/".join(f"{key}=..." for key in keys) or "no folders"
            problems.append(f"{item.key}: not laid out as the rest of the table ({layout})")
            continue
        folder = item.key[: len(item.key) - len(item.name)]
        table.partitions.setdefault(values, Partition(values, folder)).objects.append(item)
    for partition in table.partitions.values():
        partition.objects.sort(key=lambda item: item.key)
    table.partitions = dict(sorted(table.partitions.items()))
    return table, problems


def _split(folders: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    keys, values = [], []
    for index, folder in enumerate(folders):
        match = _HIVE_FOLDER.fullmatch(folder)
        keys.append(match[1].lower() if match else f"partition_{index}")
        values.append(match[2] if match else folder)
    return tuple(keys), tuple(values)


def glob_pattern(glob: str) -> re.Pattern[str]:
    """A crawler's exclusion as a regular expression: `*`, `**`, `?`, `[a-z]`, `{a,b}`."""
    return re.compile(_glob_text(glob), re.DOTALL)


def _glob_text(glob: str) -> str:
    return "".join(map(_glob_part, _GLOB_PART.findall(glob)))


def _glob_part(part: str) -> str:
    if part in _WILDCARDS:
        return _WILDCARDS[part]
    if part[0] == "[" and part[1:]:
        negated = part[1] in "!^"
        return f"[{'^' * negated}{part[1 + negated : -1]}]"
    if part[0] == "{" and part[1:]:
        return f"(?:{'|'.join(map(_glob_text, part[1:-1].split(',')))})"
    return re.escape(part[-1])
