"""Trino's values as Athena's result file shows them.

The server writes most types as the text that Athena shows; what is left are the types that JSON
has of its own, and bytes.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.execution.values import double_text
from dayfold_local.athena.sql_types import Type, parse_type

if TYPE_CHECKING:
    from collections.abc import Callable

_OPAQUE: Final = frozenset(
    {"hyperloglog", "p4hyperloglog", "qdigest", "tdigest", "setdigest", "ipaddress", "uuid"}
)


def kind_of(text: str) -> Type:
    """The type that Trino names."""
    text = text.lower()
    if text.startswith("interval") or text.partition("(")[0] in _OPAQUE:
        return Type(text)
    return parse_type(text)


def formatter(kind: Type) -> Callable[[Any], str]:  # noqa: PLR0911 - one per kind of type
    """What turns a non-NULL value of the type, as the server writes it, into text."""
    if kind.name == "boolean":
        return lambda value: "true" if value else "false"
    if kind.name in {"double", "real"}:
        return lambda value: double_text(float(value))
    if kind.name == "varbinary":
        return lambda value: " ".join(f"{byte:02x}" for byte in base64.b64decode(value))
    if kind.name == "array":
        item = _nested(kind.args[0])
        return lambda value: f"[{', '.join(map(item, value))}]"
    if kind.name == "map":
        return _map(kind)
    if kind.name == "row":
        return _row(kind)
    return str


def _nested(kind: Type) -> Callable[[Any], str]:
    inner = formatter(kind)
    return lambda value: "null" if value is None else inner(value)


def _map(kind: Type) -> Callable[[Any], str]:
    item = _nested(kind.args[1])
    # Keys are texts in JSON, whatever their type; booleans and whole numbers are so already.
    key = _nested(kind.args[0]) if kind.args[0].name in {"double", "real", "varbinary"} else str
    return lambda value: "{" + ", ".join(f"{key(k)}={item(v)}" for k, v in value.items()) + "}"


def _row(kind: Type) -> Callable[[Any], str]:
    parts = [_nested(arg) for arg in kind.args]
    names = [name or f"field{at}" for at, name in enumerate(kind.fields)]

    def show(value: Any) -> str:  # noqa: ANN401
        shown = zip(names, parts, value, strict=True)
        return "{" + ", ".join(f"{name}={part(cell)}" for name, part, cell in shown) + "}"

    return show
