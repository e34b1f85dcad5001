"""One statement on its way: what it was given, and what comes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from dayfold_local.athena.catalog.ports import World
from dayfold_local.athena.execution.engine import Session
from dayfold_local.athena.sql_types import Type

StatementType = Literal["DML", "DDL", "UTILITY"]


class Prepared(Protocol):
    """The prepared statements of the workgroup that a query belongs to."""

    def run(self, sql: str) -> bool:
        """Does a PREPARE or DEALLOCATE; False for other statements."""


@dataclasses.dataclass(slots=True)
class Job:
    """What running a statement needs."""

    query_id: str
    sql: str
    database: str
    output: str  # s3:// prefix for results, with its slash
    world: World
    session: Session
    scratch: Path
    enforced: bool = False  # the workgroup decides where CTAS writes
    cutoff: int | None = None
    prepared: Prepared | None = None
    hold: Callable[[], None] = lambda: None  # called before anything of it can be seen

    @property
    def unpacked(self) -> Path:
        """Where files that the engine cannot read as they are are copied to, for the query."""
        return self.scratch / f"{self.query_id}-unpacked"


@dataclasses.dataclass(slots=True)
class Outcome:
    """What a statement did."""

    statement: StatementType
    columns: list[tuple[str, Type]] = dataclasses.field(default_factory=list)
    output: str = ""
    manifest: str | None = None
    scanned: int = 0
    rows: int = 0
    update_count: int | None = None
    output_bytes: int = 0
    substatement: str = ""


class CutoffError(Exception):
    """A query would read more than its workgroup allows."""
