"""How files are handed to the engine."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dayfold_local.athena.sql_types import literal

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import StoredObject


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """Files that are read alike: the relation, and each table column in its terms."""

    relation: str
    columns: tuple[str, ...]
    paths: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """All of a table's files, and the bytes that reading the used columns takes."""

    sources: tuple[Source, ...]
    bytes: int


def path_list(objects: list[StoredObject]) -> str:
    """The files as the list that the engine reads from."""
    return f"[{', '.join(literal(item.path) for item in objects)}]"
