"""Which partitions can hold rows that a query asks for: its conditions, judged by the engine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import duckdb

from dayfold_local.athena.sql_types import literal, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dayfold_local.athena.catalog.ports import Wanted
    from dayfold_local.athena.catalog.tables import StoredColumn
    from dayfold_local.athena.execution.engine import Session

NULL_PARTITION: Final = "__HIVE_DEFAULT_PARTITION__"
_RANGE: Final = re.compile(
    r"\(\(p\.\"(?P<key>\w+)\" >= '(?P<low>[^']*)'\) AND \(p\.\"(?P=key)\" <= '(?P<high>[^']*)'\)\)"
)


def value(text: str) -> str:
    """A partition's value for the engine."""
    return "NULL" if text == NULL_PARTITION else literal(text)


def kept(
    rows: Sequence[tuple[str, ...]],
    keys: Sequence[StoredColumn],
    conditions: list[str],
    session: Session,
) -> list[int]:
    """The places of those value rows that every condition lets through.

    A condition that fails on some value keeps them all: it will say so when the rows meet it.
    """
    everything = list(range(len(rows)))
    if not conditions or not rows:
        return everything
    wanted = between(keys, conditions)
    if wanted is not None:
        return [at for at, row in enumerate(rows) if wanted(row)]
    shown = [f"({at}, {', '.join(map(value, row))})" for at, row in enumerate(rows)]
    # A row of NULLs stands for the rows that an outer join adds: if a condition lets it through,
    # it says nothing about the partitions.
    shown.append(f"(-1, {', '.join('NULL' for _ in keys)})")
    columns = ", ".join(
        f"CAST({quote(key.name)} AS {key.type.duckdb}) AS {quote(key.name)}" for key in keys
    )
    names = ", ".join(quote(key.name) for key in keys)
    source = f"(SELECT i, {columns} FROM (VALUES {', '.join(shown)}) AS v(i, {names})) AS p"
    try:
        session.run(f"SELECT i, {', '.join(conditions)} FROM {source}")
        verdicts = session.fetch(len(shown))
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return everything
    null_row = next(row for row in verdicts if row[0] == -1)
    usable = [at for at, passes in enumerate(null_row) if at and passes is not True]
    found = {row[0] for row in verdicts if all(row[at] is True for at in usable)}
    return [at for at in everything if at in found]


def between(keys: Sequence[StoredColumn], conditions: Sequence[str]) -> Wanted | None:
    """The conditions where all are texts between texts, as most queries ask; None otherwise.

    Asking the engine takes longer, and what is not wanted need not be read from the catalog.
    """
    ranges = [found for condition in conditions if (found := _RANGE.fullmatch(condition))]
    others = len(ranges) < len(conditions) or not all(key.type.is_text for key in keys)
    if others or not ranges:
        return None
    places = {key.name: at for at, key in enumerate(keys)}
    limits = [(places[found["key"]], found["low"], found["high"]) for found in ranges]

    def wanted(row: tuple[str, ...]) -> bool:
        return all(row[at] != NULL_PARTITION and low <= row[at] <= high for at, low, high in limits)

    return wanted
