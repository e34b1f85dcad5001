# ruff: noqa: SLF001 - looking into the emulator is what this module is for
"""Glue of the emulator in this process: read from its memory, written through its handlers."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.services import glue

from dayfold_local.athena.catalog.tables import (
    PartitionInfo,
    TableInfo,
    partition_columns,
    table_info,
)
from dayfold_local.athena.errors import glue_failure

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.catalog.emulator_rights import EmulatorRights
    from dayfold_local.athena.catalog.ports import Wanted


class EmulatorCatalog:
    """Glue."""

    def __init__(self, caller: Caller, rights: EmulatorRights) -> None:
        self._caller = caller
        self._rights = rights

    def _check(self, action: str, database: str | None, table: str | None = None) -> None:
        prefix = f"arn:aws:glue:{self._caller.region}:{self._caller.account}:"
        self._rights.check(action, f"{prefix}catalog")
        if database is not None:
            self._rights.check(action, f"{prefix}database/{database}")
        if table is not None:
            self._rights.check(action, f"{prefix}table/{database}/{table}")

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""
        self._check("glue:GetDatabases", None)
        return [dict(item) for item in glue._databases.values()]

    def database(self, name: str) -> dict[str, Any] | None:
        """One database."""
        self._check("glue:GetDatabase", name)
        found = glue._databases.get(name)
        return dict(found) if found is not None else None

    def tables(self, database: str) -> list[dict[str, Any]]:
        """All tables of a database, as Glue has them."""
        self._check("glue:GetTables", database)
        return [dict(t) for key, t in glue._tables.items() if key.startswith(f"{database}/")]

    def table(self, database: str, name: str) -> TableInfo | None:
        """One table or view."""
        self._check("glue:GetTable", database, name)
        found = glue._tables.get(f"{database}/{name}")
        return table_info(dict(found)) if found is not None else None

    def partitions(self, table: TableInfo, wanted: Wanted | None = None) -> list[PartitionInfo]:
        """The partitions of a table, or those whose values are wanted."""
        self._check("glue:GetPartitions", table.database, table.name)
        listed = glue._partitions.get(f"{table.database}/{table.name}") or []
        if wanted is None:
            return [_partition(item, table) for item in list(listed)]
        near = (item for item in list(listed) if _may_be(item, wanted))
        found = (_partition(item, table) for item in near)
        return [one for one in found if wanted(one.values)]

    def change(self, action: str, database: str, table: str | None, body: dict[str, Any]) -> None:
        """A Glue call that writes (CreateTable, BatchCreatePartition ...)."""
        self._check(f"glue:{action}", database, table)
        headers = {"x-amz-target": f"AWSGlue.{action}"}
        handler = app.SERVICE_HANDLERS["glue"]
        call = handler("POST", "/", headers, json.dumps(body).encode(), {})
        status, _, answer = asyncio.run_coroutine_threadsafe(call, self._caller.loop).result()
        document = json.loads(answer or b"{}")
        if status >= 300 or document.get("Errors"):
            raise glue_failure(action, document)


def _may_be(item: dict[str, Any], wanted: Wanted) -> bool:
    values = item.get("Values")  # none while the emulator updates it: `_partition` waits for them
    return values is None or wanted(tuple(values))


def _partition(item: dict[str, Any], table: TableInfo) -> PartitionInfo:
    # The emulator updates a partition by emptying and refilling it: look again until it is whole.
    for _ in range(1000):
        seen = dict(item)
        storage = seen.get("StorageDescriptor")
        if storage is not None and "Values" in seen:
            own = partition_columns(storage.get("Columns") or [], table)
            return PartitionInfo(tuple(seen["Values"]), str(storage.get("Location") or ""), own)
        time.sleep(0.0005)
    return PartitionInfo(tuple(item.get("Values") or ()), "")
