"""The columns of raw extracts: read from a sample of a day, compared with the last day known.

The catalog cannot tell: a crawler that merges new columns never takes one away or changes a type.
So the head of one file of the newest day is read, and what differs from the day before is named.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from dayfold.domain.parquet_footer import UNKNOWN
from dayfold.domain.schema_changes import widens
from dayfold.domain.sql_tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dayfold.domain.parquet_footer import Footer

_MIXED = "mixed"
_FEW_ROWS = 5  # too few to say that a column is gone
# In at least so many of the rows before: a column that comes now and then is not lost.
_USUAL_SHARE = 0.5
_READ_AS_TEXT = frozenset({"bigint", "double", "boolean", _MIXED})
Kind = Literal["gained", "lost", "retyped"]


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """Columns of the rows read: the type of each, and in which share of the rows it had a key."""

    rows: int
    types: Mapping[str, str]
    shares: Mapping[str, float]
    # The file itself declares its columns (Parquet): a column that it lacks is gone, however few
    # its rows, and Athena reads its types as they are or as wider ones, not as whatever they say.
    declared: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class RawChange:
    """One column that a day of an extract has and the day before had not, or the other way."""

    kind: Kind
    column: str
    before: str = ""
    after: str = ""

    def said(self, table: str, day: str) -> str:
        """The change in words: `raw.events gained column device (string) on 2004-05-20`."""
        if self.kind == "retyped":
            change = f"changed column {self.column} from {self.before} to {self.after}"
        else:
            change = f"{self.kind} column {self.column} ({self.before or self.after})"
        return f"{table} {change} on {day}"


@dataclasses.dataclass(frozen=True, slots=True)
class RawSchema:
    """What the ledger knows of an extract's columns.

    `changes` has a line for each change, newest last; `troubles` by day what was lost or retyped in
    the files of that fingerprint.
    """

    table: str
    day: str
    fingerprint: str
    types: Mapping[str, str]
    shares: Mapping[str, float]
    noticed_at: str = ""  # ISO 8601: when the latest change was noticed
    changes: tuple[str, ...] = ()
    troubles: Mapping[str, Mapping[str, object]] = dataclasses.field(default_factory=dict)


def sample_json(lines: Iterable[str]) -> Sample | None:
    """The columns of JSON lines; None if no line is an object."""
    counts: dict[str, int] = {}
    types: dict[str, str] = {}
    rows = 0
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if not isinstance(row, dict):
            continue
        rows += 1
        for name, value in row.items():
            key = str(name).lower()
            counts[key] = counts.get(key, 0) + 1
            types[key] = _merge(types.get(key, UNKNOWN), _type_of(value))
    shares = {name: round(count / rows, 3) for name, count in counts.items()}
    return Sample(rows, types, shares) if rows else None


def sample_csv(lines: Sequence[str], known: Collection[str]) -> Sample | None:
    """The columns of CSV by its header; None if its first line is none, as far as is known.

    Args:
        lines: the first line and some more.
        known: the columns that the catalog has.
    """
    if len(lines) < 2:
        return None
    delimiter = max(",;\t|", key=lines[0].count)
    names = [name.strip().lower() for name in next(csv.reader(lines[:1], delimiter=delimiter))]
    if 2 * len(set(names) & set(known)) < len(names):
        return None
    return Sample(len(lines) - 1, dict.fromkeys(names, "string"), dict.fromkeys(names, 1.0))


def sample_parquet(footer: Footer) -> Sample:
    """The columns of Parquet, by its footer."""
    return Sample(footer.rows, footer.columns, dict.fromkeys(footer.columns, 1.0), declared=True)


def compare(before: RawSchema, now: Sample) -> list[RawChange]:
    """What a day's sample has, lacks or has otherwise than the day before."""
    changes = [
        RawChange("gained", name, after=kind)
        for name, kind in now.types.items()
        if name not in before.types and kind != UNKNOWN
    ]
    for name, kind in before.types.items():
        if name not in now.types:
            certain = now.declared or now.rows >= _FEW_ROWS
            if certain and before.shares.get(name, 0.0) >= _USUAL_SHARE:
                changes.append(RawChange("lost", name, before=kind))
        elif not _fits(now.types[name], kind, declared=now.declared):
            changes.append(RawChange("retyped", name, before=kind, after=now.types[name]))
    return changes


def known_after(before: RawSchema | None, now: Sample, changes: Sequence[RawChange]) -> Sample:
    """The columns to compare the next day with: those of now, and those that only stayed away."""
    lost = {change.column for change in changes if change.kind == "lost"}
    types, shares = dict(now.types), dict(now.shares)
    retyped = {change.column for change in changes if change.kind == "retyped"}
    for name, kind in before.types.items() if before else ():
        if name in lost or name in retyped:
            continue
        if name not in types:
            shares[name] = before.shares.get(name, 0.0) if before else 0.0
        new = types.get(name, UNKNOWN)
        types[name] = kind if new == UNKNOWN else _wider(kind, new, declared=now.declared)
    return Sample(now.rows, types, shares)


def read_columns(sql: str, columns: Collection[str]) -> list[str]:
    """Those of some columns that a query names anywhere."""
    words = {token.text.strip('"').lower() for token in tokenize(sql) if token.kind != "comment"}
    return [name for name in columns if name in words]


def _type_of(value: object) -> str:
    if value is None:
        return UNKNOWN
    kinds = {bool: "boolean", int: "bigint", float: "double", list: "array", dict: "struct"}
    return kinds.get(type(value), "string")


def _merge(one: str, other: str) -> str:
    if other in (one, UNKNOWN):
        return one
    if one == UNKNOWN:
        return other
    return "double" if {one, other} == {"bigint", "double"} else _MIXED


def _wider(old: str, new: str, *, declared: bool) -> str:
    return old if _fits(new, old, declared=declared) and old != UNKNOWN else new


def _fits(new: str, old: str, *, declared: bool) -> bool:
    """Whether values of one type can be read where the other was before."""
    if new == old or UNKNOWN in {new, old}:
        return True
    if declared:
        return widens(new, old)
    return (new, old) == ("bigint", "double") or (
        old in ("string", _MIXED) and new in (*_READ_AS_TEXT, "string")
    )
