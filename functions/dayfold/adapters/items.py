"""Ledger items: how the ledger's records look in DynamoDB, and back."""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

Record = TypeVar("Record")
_serialize = TypeSerializer().serialize
_SCALARS = (str, int, bool, float)
_deserialize = TypeDeserializer().deserialize


def to_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values as DynamoDB attributes; None is left out, floats become exact decimals."""
    return {
        name: _scalar(value) if isinstance(value, _SCALARS) else _serialize(_exact(value))
        for name, value in values.items()
        if value is not None
    }


@functools.lru_cache(maxsize=1000, typed=True)
def _scalar(value: str | float) -> Any:  # noqa: ANN401 - as DynamoDB has it
    """The items of a build have most of their values in common."""
    return _serialize(_exact(value))


def _exact(value: Any) -> Any:  # noqa: ANN401 - what JSON holds
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {name: _exact(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(one) for one in value]
    return value


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """A DynamoDB item as plain values, whole numbers as int and others as float."""
    return {name: _read(value) for name, value in item.items()}


def _read(value: Any) -> Any:  # noqa: ANN401 - DynamoDB's values are of any kind
    if "S" in value:
        return value["S"]
    return _number(value["N"]) if "N" in value else _plain(_deserialize(value))


@functools.lru_cache(maxsize=1000)
def _number(text: str) -> Any:  # noqa: ANN401 - an int or a float
    return _plain(_deserialize({"N": text}))


def record_item(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """The fields of a dataclass whose values are plain."""
    return {one.name: getattr(record, one.name) for one in dataclasses.fields(record)}


def read_record(kind: type[Record], values: Mapping[str, Any]) -> Record:
    """A dataclass of `kind` from plain values; attributes that it does not have are passed over."""
    hints = _hints(kind)  # type: ignore[arg-type] # a class is hashable
    return kind(
        **{name: _as(hints[name], value) for name, value in values.items() if name in hints}
    )


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """The fields of a dataclass with their types; working them out costs more than an item."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _as(hint: Any, value: Any) -> Any:  # noqa: ANN401 - reads what another program wrote
    if isinstance(value, list) and typing.get_origin(hint) is tuple:
        return tuple(value)
    return value


def _plain(value: Any) -> Any:  # noqa: ANN401 - DynamoDB's values are of any kind
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
