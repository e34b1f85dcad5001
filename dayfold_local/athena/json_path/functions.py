"""What the engine calls: a document's text and a path, and what comes of them as a text.

Like the JSON functions of Trino 435: of a document's numbers, those with a fraction or an exponent
are doubles; an empty text holds null; what follows the first whole value is not looked at.
"""

from __future__ import annotations

import functools
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.execution.documents import double_json, text_json
from dayfold_local.athena.json_path import evaluation, syntax
from dayfold_local.athena.json_path.values import BigInt, Item, PathError, is_number

if TYPE_CHECKING:
    from collections.abc import Callable

_INPUT: Final = "JSON_INPUT_CONVERSION_ERROR: conversion to JSON failed: "
_PATH: Final = "PATH_EVALUATION_ERROR: path evaluation failed: "
_VALUE: Final = "JSON_VALUE_RESULT_ERROR: cannot extract SQL scalar from JSON: "
_QUERY: Final = "JSON_OUTPUT_CONVERSION_ERROR: conversion from JSON failed: "
_BIGINT: Final = 1 << 63
_AFTER_WORD: Final = re.compile(r"[\w$]")


class JsonFunctionError(ValueError):
    """A call that fails; the message is marked as failures of the engine are."""

    def __init__(self, message: str) -> None:
        super().__init__(f"\x01{message}\x02")


class _InputError(Exception):
    """A text that is no JSON."""


def value(text: str | None, path: str, passed: str, spec: str) -> str | None:
    """`json_value`: what is found, with a letter before it that says what it is.

    `i` integer, `g` bigint, `d` double, `m` decimal, `s` varchar, `b` boolean; `n` is JSON's null,
    `e` nothing found, `x` an error.

    Args:
        text: The document; NULL is answered with NULL.
        path: The path.
        passed: The values of its variables (see `_variables`), or nothing.
        spec: Letters: E if nothing found is to be an error, X if errors are to be raised.

    Raises:
        JsonFunctionError: If errors are to be raised.
    """
    if text is None:
        return None
    try:
        items = _found(text, path, passed)
    except (_InputError, PathError) as error:
        return _or_raise("x", _said(error), wanted="X" in spec)
    if not items:
        return _or_raise("e", f"{_VALUE}JSON path found no items", wanted="E" in spec)
    if len(items) > 1:
        failed = f"{_VALUE}JSON path found multiple items"
        return _or_raise("x", failed, wanted="X" in spec)
    shown = _scalar(items[0])
    failed = f"{_VALUE}JSON path found an item that cannot be converted to an SQL value"
    return shown if shown is not None else _or_raise("x", failed, wanted="X" in spec)


def query(text: str | None, path: str, passed: str, spec: str) -> str | None:
    """`json_query`: what is found as a JSON text.

    Args:
        text: The document; NULL is answered with NULL.
        path: The path.
        passed: The values of its variables, or nothing.
        spec: Four letters: the wrapper (- none, C conditional, U unconditional), the quotes of a
            single text (K keep, O omit), and what to answer to nothing found and to errors
            (N NULL, E error, A empty array, O empty object).

    Raises:
        JsonFunctionError: If it is to be an error.
    """
    if text is None:
        return None
    wrapper, quotes, on_empty, on_error = tuple(spec)
    try:
        items = _found(text, path, passed)
    except (_InputError, PathError) as error:
        return _instead(on_error, _said(error))
    if not items:
        return _instead(on_empty, f"{_QUERY}JSON path found no items")
    bare = len(items) == 1 and isinstance(items[0], list | dict)
    if wrapper == "U" or (wrapper == "C" and not bare):
        return _shown(items)
    if len(items) > 1:
        return _instead(on_error, f"{_QUERY}JSON path found multiple items")
    return items[0] if quotes == "O" and isinstance(items[0], str) else _shown(items[0])


def exists(text: str | None, path: str, passed: str, spec: str) -> bool | None:
    """`json_exists`: whether anything is found; `spec` says what errors are (T, F, U or E)."""
    if text is None:
        return None
    try:
        return bool(_found(text, path, passed))
    except (_InputError, PathError) as error:
        if spec == "E":
            raise JsonFunctionError(_said(error)) from None
        return {"T": True, "F": False}.get(spec)


def _found(text: str, path: str, passed: str) -> list[Item]:
    variables = _variables(passed) if passed else {}
    return evaluation.found(_parsed(path), _document(text), variables)


@functools.lru_cache(maxsize=1000)
def _parsed(path: str) -> syntax.Path:
    return syntax.parse(path)


def _variables(passed: str) -> dict[str, Item]:
    """The values of a path's variables, from rows of name, kind (as in `value`) and text."""
    return {name: _variable(kind, text) for name, kind, text in json.loads(passed)}


def _variable(kind: str, text: str | None) -> Item:
    if text is None:
        return None
    if kind == "j":
        return _document(text)
    readers = {"i": int, "g": BigInt, "d": float, "m": Decimal}
    if kind == "b":
        return text == "true"
    return readers[kind](text) if kind in readers else text


def _document(text: str) -> Item:
    bare = text.lstrip(" \t\r\n")
    if not bare:
        return None
    try:
        found, end = _DECODER.raw_decode(bare)
    except (ValueError, RecursionError):
        raise _InputError from None
    after = bare[end : end + 1]
    if (is_number(found) and after.strip(" \t\r\n")) or (
        (found is None or isinstance(found, bool)) and _AFTER_WORD.match(after)
    ):
        raise _InputError
    return found


def _no_constant(text: str) -> Any:  # noqa: ANN401 - it never returns
    raise ValueError(text)


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)


def _scalar(item: Item) -> str | None:
    if item is None:
        return "n"
    if isinstance(item, bool):
        return f"b{str(item).lower()}"
    if isinstance(item, int):
        letter = "g" if BigInt.is_big(item) else "i"
        return f"{letter}{item}" if -_BIGINT <= item < _BIGINT else None
    for kind, letter in ((str, "s"), (float, "d"), (Decimal, "m")):
        if isinstance(item, kind):
            return f"{letter}{item}"
    return None


def _shown(item: Item) -> str:
    """An item as JSON without blanks, its keys in the order of the document."""
    if isinstance(item, dict):
        pairs = (f"{text_json(key)}:{_shown(inner)}" for key, inner in item.items())
        return f"{{{','.join(pairs)}}}"
    if isinstance(item, list):
        return f"[{','.join(map(_shown, item))}]"
    if isinstance(item, str):
        return text_json(item)
    if isinstance(item, float):
        return double_json(item)
    if isinstance(item, Decimal):
        return f"{item:f}"
    return json.dumps(item)


def _said(error: Exception) -> str:
    return _INPUT if isinstance(error, _InputError) else f"{_PATH}{error}"


def _or_raise(letter: str, message: str, *, wanted: bool) -> str:
    if wanted:
        raise JsonFunctionError(message)
    return letter


def _instead(wanted: str, message: str) -> str | None:
    if wanted == "E":
        raise JsonFunctionError(message)
    return {"A": "[]", "O": "{}"}.get(wanted)


# The engine's functions: name, call and what it gives; each takes four texts.
CALLS: Final[dict[str, tuple[Callable[..., str | bool | None], str]]] = {
    "json_path_value": (value, "VARCHAR"),
    "json_path_query": (query, "VARCHAR"),
    "json_path_exists": (exists, "BOOLEAN"),
}
