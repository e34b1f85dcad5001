"""Glue behind an endpoint, as queries need it."""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, Any

import botocore.exceptions
from botocore import xform_name

from dayfold_local.athena.catalog.endpoint_calls import asked, code_of, unknown
from dayfold_local.athena.catalog.tables import (
    PartitionInfo,
    TableInfo,
    partition_columns,
    table_info,
)
from dayfold_local.athena.errors import glue_failure

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

    from dayfold_local.athena.catalog.ports import Wanted


class EndpointCatalog:
    """Glue."""

    def __init__(self, client: GlueClient) -> None:
        self._client = client

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""
        return self._all("get_databases", "DatabaseList", "*")

    def database(self, name: str) -> dict[str, Any] | None:
        """One database."""
        return self._one("get_database", "Database", name, Name=name)

    def tables(self, database: str) -> list[dict[str, Any]]:
        """All tables of a database, as Glue has them."""
        return self._all("get_tables", "TableList", database, DatabaseName=database)

    def table(self, database: str, name: str) -> TableInfo | None:
        """One table or view."""
        named = {"DatabaseName": database, "Name": name}
        found = self._one("get_table", "Table", f"{database}/{name}", **named)
        return table_info(found) if found is not None else None

    def partitions(self, table: TableInfo, wanted: Wanted | None = None) -> list[PartitionInfo]:
        """The partitions of a table, or those whose values are wanted."""
        named = {"DatabaseName": table.database, "TableName": table.name}
        listed = self._all("get_partitions", "Partitions", table.full_name, **named)
        return [
            _partition(item, table)
            for item in listed
            if wanted is None or wanted(tuple(item["Values"]))
        ]

    def change(self, action: str, database: str, table: str | None, body: dict[str, Any]) -> None:
        """A Glue call that writes (CreateTable, BatchCreatePartition ...)."""
        call = getattr(self._client, xform_name(action))
        place = f"{database}/{table}" if table else database
        try:
            answer = asked("Glue", f"glue:{action}", place, functools.partial(call, **body))
        except botocore.exceptions.ClientError as error:
            said = {"__type": code_of(error), "message": error.response["Error"].get("Message")}
            raise glue_failure(action, said) from None
        if answer.get("Errors"):
            raise glue_failure(action, answer)

    def _one(self, call: str, key: str, place: str, **named: str) -> dict[str, Any] | None:
        method = functools.partial(getattr(self._client, call), **named)
        try:
            found: dict[str, Any] = _plain(asked("Glue", _action(call), place, method)[key])
        except botocore.exceptions.ClientError as error:
            if code_of(error) == "EntityNotFoundException":
                return None
            raise unknown("Glue", error) from None
        return found

    def _all(self, call: str, key: str, place: str, **named: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator(call).paginate(**named)  # type: ignore[call-overload]
        try:
            return [
                _plain(item)
                for page in asked("Glue", _action(call), place, lambda: list(pages))
                for item in page[key]
            ]
        except botocore.exceptions.ClientError as error:
            if code_of(error) == "EntityNotFoundException":
                return []
            raise unknown("Glue", error) from None


def _action(call: str) -> str:
    return "glue:" + "".join(part.capitalize() for part in call.split("_"))


def _partition(item: dict[str, Any], table: TableInfo) -> PartitionInfo:
    storage = item.get("StorageDescriptor") or {}
    own = partition_columns(storage.get("Columns") or [], table)
    return PartitionInfo(tuple(item["Values"]), str(storage.get("Location") or ""), own)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever Glue keeps
    """An answer of boto3 as JSON has it on the wire: times are seconds."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.timestamp() if isinstance(value, dt.datetime) else value
