"""How files are handed to the engine."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.sql_types import literal

# The end of a relation of Parquet files: whether their folders tell columns to the engine.
NO_FOLDERS: Final = "hive_partitioning=false)"
FOLDERS: Final = "hive_partitioning=true, hive_types_autocast=false)"

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
