"""Glue's partition calls that the emulator lacks or answers differently from AWS.

It knows no `UpdatePartition` and no `BatchDeletePartition`, ignores the expression and the paging
of `GetPartitions`, takes partitions of tables that do not exist, and empties a partition before it
fills it again. Here a partition is replaced whole: a reader sees the old one or the new one.
"""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from dayfold_local.glue_defaults import completed
from dayfold_local.partition_filter import FilterError, matching

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.durability import EmulatorModule

PAGE = 1000

Answer = tuple[int, dict[str, str], bytes]


class GlueError(Exception):
    """Raised with Glue's own error code and text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Partitions:
    """Answers the partition calls over the emulator's own store."""

    def __init__(self, glue: EmulatorModule) -> None:
        self._glue = glue
        self._actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreatePartition": self._create,
            "BatchCreatePartition": self._create_batch,
            "UpdatePartition": self._update,
            "BatchUpdatePartition": self._update_batch,
            "BatchDeletePartition": self._delete_batch,
            "GetPartitions": self._list,
            "GetPartition": self._one,
            "BatchGetPartition": self._some,
        }

    def answers(self, action: str) -> bool:
        """Whether this call is answered here."""
        return action in self._actions

    def answer(self, action: str, body: bytes) -> Answer:
        """The answer as Glue gives it, also to a call that fails."""
        from ministack.core.responses import error_response_json, json_response

        try:
            result = self._actions[action](json.loads(body))
        except GlueError as error:
            refused: Answer = error_response_json(error.code, str(error), 400)
            return refused
        accepted: Answer = json_response(result)
        return accepted

    def _stored(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        key = f"{request['DatabaseName']}/{request['TableName']}"
        if key not in self._glue._tables:  # noqa: SLF001
            raise GlueError("EntityNotFoundException", f"Table {request['TableName']} not found.")
        stored: list[dict[str, Any]] = self._glue._partitions.setdefault(key, [])  # noqa: SLF001
        return stored

    def _create(self, request: dict[str, Any]) -> dict[str, Any]:
        errors = self._create_all(request, [request["PartitionInput"]])
        if errors:
            detail = errors[0]["ErrorDetail"]
            raise GlueError(detail["ErrorCode"], detail["ErrorMessage"])
        return {}

    def _create_batch(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Errors": self._create_all(request, request["PartitionInputList"])}

    def _create_all(
        self,
        request: dict[str, Any],
        inputs: list[dict[str, Any]],
    ) -> list[dict[str, Any]]:
        stored = self._stored(request)
        present = {tuple(partition["Values"]) for partition in stored}
        errors = []
        for partition in inputs:
            values = tuple(partition["Values"])
            if values in present:
                errors.append(_refused("PartitionValues", values, "AlreadyExistsException"))
            else:
                present.add(values)
                stored.append(self._made(request, partition))
        return errors

    def _update(self, request: dict[str, Any]) -> dict[str, Any]:
        entry = {
            "PartitionValueList": request["PartitionValueList"],
            "PartitionInput": request["PartitionInput"],
        }
        for error in self._update_batch({**request, "Entries": [entry]})["Errors"]:
            raise GlueError(error["ErrorDetail"]["ErrorCode"], error["ErrorDetail"]["ErrorMessage"])
        return {}

    def _update_batch(self, request: dict[str, Any]) -> dict[str, Any]:
        stored = self._stored(request)
        places = {tuple(partition["Values"]): place for place, partition in enumerate(stored)}
        errors = []
        for entry in request["Entries"]:
            values = tuple(entry["PartitionValueList"])
            place = places.get(values)
            if place is None:
                errors.append(_refused("PartitionValueList", values, "EntityNotFoundException"))
            else:
                made = self._made(request, {"Values": list(values), **entry["PartitionInput"]})
                stored[place] = {**made, "CreationTime": stored[place]["CreationTime"]}
        return {"Errors": errors}

    def _delete_batch(self, request: dict[str, Any]) -> dict[str, Any]:
        stored = self._stored(request)
        gone = {tuple(entry["Values"]) for entry in request["PartitionsToDelete"]}
        missing = gone - {tuple(partition["Values"]) for partition in stored}
        stored[:] = [partition for partition in stored if tuple(partition["Values"]) not in gone]
        code = "EntityNotFoundException"
        return {"Errors": [_refused("PartitionValues", v, code) for v in sorted(missing)]}

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        stored = sorted(self._stored(request), key=lambda partition: tuple(partition["Values"]))
        table = self._glue._tables[f"{request['DatabaseName']}/{request['TableName']}"]  # noqa: SLF001
        try:
            found = matching(stored, table["PartitionKeys"], request.get("Expression") or "")
        except FilterError as error:
            raise GlueError("InvalidInputException", str(error)) from None
        segment = request.get("Segment")
        if segment:
            found = found[segment["SegmentNumber"] :: segment["TotalSegments"]]
        first = int(base64.b64decode(request.get("NextToken") or b"") or 0)
        last = first + min(int(request.get("MaxResults") or PAGE), PAGE)
        page: dict[str, Any] = {"Partitions": [_shown(p, request) for p in found[first:last]]}
        if last < len(found):
            page["NextToken"] = base64.b64encode(str(last).encode()).decode()
        return page

    def _one(self, request: dict[str, Any]) -> dict[str, Any]:
        values = list(request["PartitionValues"])
        for partition in self._stored(request):
            if partition["Values"] == values:
                return {"Partition": completed(partition)}
        raise GlueError("EntityNotFoundException", "Cannot find partition.")

    def _some(self, request: dict[str, Any]) -> dict[str, Any]:
        held = {tuple(partition["Values"]): partition for partition in self._stored(request)}
        asked = [tuple(entry["Values"]) for entry in request["PartitionsToGet"]]
        return {
            "Partitions": [completed(held[values]) for values in asked if values in held],
            "UnprocessedKeys": [],
        }

    def _made(self, request: dict[str, Any], partition: dict[str, Any]) -> dict[str, Any]:
        from ministack.core.responses import get_account_id

        # Glue's clock may be set back while the journal is replayed.
        now = int(self._glue.time.time() if hasattr(self._glue, "time") else time.time())
        return {
            **partition,
            "DatabaseName": request["DatabaseName"],
            "TableName": request["TableName"],
            "CreationTime": now,
            "LastAccessTime": now,
            "CatalogId": get_account_id(),
        }


def _shown(partition: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    completed(partition)
    if not request.get("ExcludeColumnSchema"):
        return partition
    storage = {k: v for k, v in partition.get("StorageDescriptor", {}).items() if k != "Columns"}
    return {**partition, "StorageDescriptor": storage}


def _refused(field: str, values: tuple[str, ...], code: str) -> dict[str, Any]:
    message = {
        "AlreadyExistsException": "Partition already exists.",
        "EntityNotFoundException": "Cannot find partition.",
    }[code]
    return {field: list(values), "ErrorDetail": {"ErrorCode": code, "ErrorMessage": message}}
