"""GetDatabase, ListDatabases, GetTableMetadata, ListTableMetadata: Glue in Athena's shapes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ministack.services import athena as emulated

from dayfold_local.athena.errors import RequestError
from dayfold_local.athena.protocol.start import workgroup_settings

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.catalog.ports import World


def workgroup(data: dict[str, Any], _: Caller, __: World) -> dict[str, Any]:
    """GetWorkGroup: as the emulator keeps it, with all that AWS always says."""
    name = str(data.get("WorkGroup") or "primary")
    settings = workgroup_settings(name, usable=False)
    kept = emulated._workgroups[name]  # noqa: SLF001
    found = {
        "EnforceWorkGroupConfiguration": False,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        "ResultConfiguration": {},
        **settings,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
    }
    return {
        "WorkGroup": {
            "Name": name,
            "State": kept.get("State") or "ENABLED",
            "Description": kept.get("Description") or "",
            "CreationTime": kept.get("CreationTime") or 0,
            "Configuration": found,
        },
    }


def _missing(what: str, name: str) -> RequestError:
    return RequestError("MetadataException", f"EntityNotFoundException: {what} {name} not found")


def _database_shape(found: dict[str, Any]) -> dict[str, Any]:
    shape = {"Name": found["Name"], "Parameters": found.get("Parameters") or {}}
    if found.get("Description"):
        shape["Description"] = found["Description"]
    return shape


def database(data: dict[str, Any], _: Caller, world: World) -> dict[str, Any]:
    """GetDatabase."""
    name = str(data.get("DatabaseName") or "").lower()
    found = world.catalog.database(name)
    if found is None:
        raise _missing("Database", name)
    return {"Database": _database_shape(found)}


def databases(data: dict[str, Any], _: Caller, world: World) -> dict[str, Any]:
    """ListDatabases."""
    listed = sorted(world.catalog.databases(), key=lambda item: str(item["Name"]))
    return _paged("DatabaseList", [_database_shape(item) for item in listed], data)


def _column(item: dict[str, Any]) -> dict[str, str]:
    column = {"Name": item["Name"], "Type": item.get("Type") or "string"}
    if item.get("Comment"):
        column["Comment"] = item["Comment"]
    return column


def _table_shape(raw: dict[str, Any]) -> dict[str, Any]:
    storage = raw.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    return {
        "Name": raw["Name"],
        "CreateTime": raw.get("CreateTime") or 0,
        "LastAccessTime": raw.get("LastAccessTime") or 0,
        "TableType": raw.get("TableType") or "EXTERNAL_TABLE",
        "Columns": [_column(item) for item in storage.get("Columns") or []],
        "PartitionKeys": [_column(item) for item in raw.get("PartitionKeys") or []],
        "Parameters": {
            **(raw.get("Parameters") or {}),
            "inputformat": storage.get("InputFormat") or "",
            "outputformat": storage.get("OutputFormat") or "",
            "serde.serialization.lib": serde.get("SerializationLibrary") or "",
            "location": storage.get("Location") or "",
        },
    }


def table(data: dict[str, Any], _: Caller, world: World) -> dict[str, Any]:
    """GetTableMetadata."""
    place = str(data.get("DatabaseName") or "").lower()
    name = str(data.get("TableName") or "").lower()
    found = world.catalog.table(place, name)
    if found is None:
        raise _missing("Table", name)
    return {"TableMetadata": _table_shape(found.raw)}


def tables(data: dict[str, Any], _: Caller, world: World) -> dict[str, Any]:
    """ListTableMetadata."""
    listed = sorted(
        world.catalog.tables(str(data.get("DatabaseName") or "").lower()),
        key=lambda t: str(t["Name"]),
    )
    pattern = data.get("Expression")
    if pattern:
        listed = [item for item in listed if re.search(str(pattern), str(item["Name"]))]
    return _paged("TableMetadataList", [_table_shape(item) for item in listed], data)


def _paged(key: str, items: list[dict[str, Any]], data: dict[str, Any]) -> dict[str, Any]:
    begin, size = int(data.get("NextToken") or 0), min(int(data.get("MaxResults") or 50), 50)
    answer: dict[str, Any] = {key: items[begin : begin + size]}
    if begin + size < len(items):
        answer["NextToken"] = str(begin + size)
    return answer
