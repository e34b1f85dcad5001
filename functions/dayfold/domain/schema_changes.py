"""Changes of a published table's columns: which happen by themselves and which must be asked for.

Old partitions keep the columns they were built with, in catalog and files. Athena reads
Parquet by name: a column that a partition lacks is NULL there, one that the table no longer has is
passed over, and a type may differ only where the table's is wider. Anything else fails every query
that touches the partition (HIVE_PARTITION_SCHEMA_MISMATCH or HIVE_BAD_DATA).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dayfold.domain.table import Table

Columns = Mapping[str, str]  # the catalog's types by name, without the partition key
_WHOLE = ("tinyint", "smallint", "int", "bigint")  # each can hold those before it
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_TEXT = re.compile(r"string|(?:var)?char\(\d+\)")


@dataclasses.dataclass(frozen=True, slots=True)
class SchemaChange:
    """How a query's columns differ from those that readers see."""

    added: tuple[str, ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()  # name, type
    retyped: tuple[tuple[str, str, str], ...] = ()  # name, old type, new type

    @property
    def refused(self) -> bool:
        """Whether it takes away or changes something that a reader may rely on."""
        return bool(self.dropped or self.retyped)

    @property
    def unreadable(self) -> tuple[tuple[str, str, str], ...]:
        """The changed types under which old partitions cannot be read."""
        return tuple(one for one in self.retyped if not widens(one[1], one[2]))

    def said(self) -> str:
        """The refused part in words: `drops column a (bigint), changes column b from A to B`."""
        parts = [f"drops column {name} ({kind})" for name, kind in self.dropped]
        parts += [f"changes column {name} from {old} to {new}" for name, old, new in self.retyped]
        return ", ".join(parts)

    def said_in_full(self) -> str:
        """All of it in words, what is added first; nothing if there is no difference."""
        added = [f"adds column {name}" for name in self.added]
        return ", ".join(part for part in (*added, self.said()) if part)


def made_columns(table: Table) -> dict[str, str]:
    """The columns that a table's query writes, without the partition key."""
    return {column.name: glue_type(column.type) for column in table.columns}


def change_of(published: Columns | None, table: Table) -> SchemaChange:
    """Compare what readers see with what a query makes; None is a table that nobody sees yet."""
    return SchemaChange() if published is None else difference(published, made_columns(table))


def difference(before: Columns, after: Columns) -> SchemaChange:
    """What must be done to the columns of `before` to have those of `after`."""
    return SchemaChange(
        added=tuple(name for name in after if name not in before),
        dropped=tuple((name, kind) for name, kind in before.items() if name not in after),
        retyped=tuple(
            (name, before[name], kind)
            for name, kind in after.items()
            if name in before and before[name] != kind
        ),
    )


def misfit(built: Columns, shown: Columns | None) -> tuple[str, str, str] | None:
    """The first column for which an earlier build cannot be read in its table of today.

    Args:
        built: the columns that the build wrote; empty if they are not on record.
        shown: those of the table that readers see; None if there is no table.

    Returns:
        Its name, the type that the build wrote, and the table's type; None if it can be read.
    """
    return next(iter(difference(built, shown).unreadable), None) if shown else None


def refusal(table: Table, published: Columns | None, days: Sequence[str] = ()) -> str | None:
    """Why a build of the table waits for somebody to ask for a rebuild; None if it need not.

    Args:
        table: the table as its query declares it.
        published: the columns that readers see.
        days: the first and the last day that is published, if known.
    """
    change = change_of(published, table)
    if table.schema_changes == "any" or not change.refused:
        return None
    span = f"--from {days[0]} --to {days[-1]}" if days else "--from D --to D"
    command = f"`dayfold backfill start --table {table.name} {span} --policy all`"
    if change.unreadable:
        names = ", ".join(name for name, _, _ in change.unreadable)
        return (
            f"{table.path} {change.said()}, and days built before cannot be read so: "
            f"give {names} a new name, or rebuild all that is published: {command}"
        )
    return f"{table.path} {change.said()}: {command} rebuilds it so"


def widens(old: str, new: str) -> bool:
    """Whether Athena reads a column stored as `old` (a type of the catalog) as `new`, exactly."""
    if old in _WHOLE and new in _WHOLE:
        return _WHOLE.index(old) <= _WHOLE.index(new)
    if (old, new) == ("float", "double"):
        return True
    before, after = _DECIMAL.fullmatch(old), _DECIMAL.fullmatch(new)
    if before and after:
        return int(before[1]) <= int(after[1]) and before[2] == after[2]
    return bool(_TEXT.fullmatch(old)) and new == "string"


def glue_type(athena_type: str) -> str:
    """Hive's name of a type, which the catalog keeps, from Trino's, which the SQL is written in."""
    name = athena_type.strip().lower()
    if name.startswith(("varchar", "char")):
        return "string" if name == "varchar" else name
    if name.startswith("timestamp"):
        return "timestamp"
    if name.startswith("array(") and name.endswith(")"):
        return f"array<{glue_type(name[6:-1])}>"
    return {"integer": "int", "real": "float", "varbinary": "binary"}.get(name, name)
