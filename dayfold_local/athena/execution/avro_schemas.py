"""Avro schemas: of a table's columns as Hive derives it, and whether a file's goes with another."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.errors import QueryFailure, not_supported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.athena.sql_types import Type

_PLAIN: Final[dict[str, Any]] = {
    "boolean": "boolean", "integer": "int", "bigint": "long", "real": "float", "double": "double",
    "varchar": "string", "char": "string", "varbinary": "bytes",
    "date": {"type": "int", "logicalType": "date"},
    "timestamp": {"type": "long", "logicalType": "timestamp-millis"},
}  # fmt: skip
# What Avro itself reads as something wider.
_WIDER: Final = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
# Trino reads these as numbers of milliseconds, whatever their unit.
_OTHER_TIMES: Final = frozenset(
    {"timestamp-micros", "timestamp-nanos", "local-timestamp-millis", "local-timestamp-micros"}
    | {"time-millis", "time-micros", "duration"}
)


def schema_of(columns: list[tuple[str, Type]]) -> dict[str, Any]:
    """The schema that Hive derives from columns: each may be missing.

    Raises:
        QueryFailure: For a type that Avro does not have.
    """
    numbers = itertools.count()
    listed = [_field(name, kind, numbers) for name, kind in columns]
    return {"type": "record", "name": "hive_record", "fields": listed}


def _field(name: str, kind: Type, numbers: Iterator[int]) -> dict[str, Any]:
    return {"name": name, "type": _or_null(kind, numbers), "default": None}


def _or_null(kind: Type, numbers: Iterator[int]) -> list[Any]:
    return ["null", _type(kind, numbers)]


def _type(kind: Type, numbers: Iterator[int]) -> Any:  # noqa: ANN401 - a schema is any JSON
    if kind.name == "decimal":
        digits = {"precision": kind.precision or 38, "scale": kind.scale or 0}
        return {"type": "bytes", "logicalType": "decimal", **digits}
    if kind.name == "array":
        return {"type": "array", "items": _or_null(kind.args[0], numbers)}
    if kind.name == "map":
        if kind.args[0].name != "varchar":
            raise not_supported(f"{kind} in an Avro file: its keys are texts")
        return {"type": "map", "values": _or_null(kind.args[1], numbers)}
    if kind.name == "row":
        named = zip(kind.fields, kind.args, strict=True)
        listed = [
            _field(name or f"field{at}", arg, numbers) for at, (name, arg) in enumerate(named)
        ]
        return {"type": "record", "name": f"record_{next(numbers)}", "fields": listed}
    if kind.name not in _PLAIN:
        raise not_supported(f"{kind} in an Avro file")
    return _PLAIN[kind.name]


def check(written: Any, wanted: Any, uri: str) -> None:  # noqa: ANN401
    """Refuses a file whose schema does not go with the one that it is to be read with.

    Raises:
        QueryFailure: As Trino words it; NOT_SUPPORTED for what is read differently by others.
    """
    if not _Fit(uri).fits(written, wanted):
        raise QueryFailure(
            "HIVE_CANNOT_OPEN_SPLIT",
            f"Avro type resolution error when initializing split from {uri}",
        )


def refuse_others(
    literal: Any,  # noqa: ANN401 - whatever the JSON is
    columns: list[tuple[str, Type]],
    table: str,
) -> None:
    """Refuses a table whose own schema is not of its columns' types, or has defaults deep inside.

    Raises:
        QueryFailure: NOT_SUPPORTED.
    """
    if not isinstance(literal, dict) or literal.get("type") != "record":
        raise not_supported(f"avro.schema.literal of {table}: it is no record")
    if not _Fit(f"avro.schema.literal of {table}").is_same(literal, schema_of(columns)):
        raise not_supported(f"avro.schema.literal of {table}: its types are not the columns'")
    if any(_has_default(field["type"]) for field in literal["fields"]):
        raise not_supported(f"avro.schema.literal of {table}: defaults inside of a field")


def _has_default(schema: Any) -> bool:  # noqa: ANN401
    if isinstance(schema, list):
        return any(map(_has_default, schema))
    if not isinstance(schema, dict):
        return False
    own = any(field.get("default") is not None for field in schema.get("fields", []))
    inner = [schema.get("items"), schema.get("values")]
    inner += [field["type"] for field in schema.get("fields", [])]
    return own or any(map(_has_default, inner))


class _Fit:
    """Compares two schemas; a file's names of types are learned on the way."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._named: dict[str, Any] = {}

    def is_same(self, written: dict[str, Any], wanted: dict[str, Any]) -> bool:
        """Whether two records' fields of one name are of one type, at the top level."""
        held = {field["name"]: field["type"] for field in written["fields"]}
        return all(
            _kind(self._bare(held[field["name"]])) == _kind(self._bare(field["type"]))
            for field in wanted["fields"]
            if field["name"] in held
        )

    def fits(self, written: Any, wanted: Any) -> bool:  # noqa: ANN401
        """Whether what is written so can be read so."""
        written, wanted = self._bare(written), self._bare(wanted)
        if written == "null" or wanted == "null":
            return True
        name, other = _kind(written), _kind(wanted)
        if isinstance(written, dict):
            self._refuse(written, wanted)
        if name != other:
            return other in _WIDER.get(name, ())
        if name == "array":
            return self.fits(written["items"], wanted["items"])
        if name == "map":
            return self.fits(written["values"], wanted["values"])
        if name == "record":
            held = {field["name"]: field["type"] for field in written["fields"]}
            return all(
                self.fits(held[field["name"]], field["type"])
                for field in wanted["fields"]
                if field["name"] in held
            )
        return name != "fixed" or written.get("size") == wanted.get("size")

    def _bare(self, schema: Any) -> Any:  # noqa: ANN401
        """A type without the choice of null; a name as what it stands for."""
        if isinstance(schema, list):
            others = [one for one in schema if one != "null"]
            if len(others) > 1:
                raise not_supported(f"reading {self._uri}: a union of several types")
            return self._bare(others[0]) if others else "null"
        if isinstance(schema, dict) and "name" in schema:
            self._named[schema["name"]] = schema
        return self._named.get(schema, schema) if isinstance(schema, str) else schema

    def _refuse(self, written: dict[str, Any], wanted: Any) -> None:  # noqa: ANN401
        logical = written.get("logicalType")
        if logical in _OTHER_TIMES:
            raise not_supported(f"reading {self._uri}: {logical}")
        if logical == "decimal":
            other = wanted if isinstance(wanted, dict) else {}
            if (written.get("scale") or 0) != (other.get("scale") or 0):
                raise not_supported(f"reading {self._uri}: a decimal of another scale")


def _kind(schema: Any) -> str:  # noqa: ANN401
    return str(schema["type"]) if isinstance(schema, dict) else str(schema)
