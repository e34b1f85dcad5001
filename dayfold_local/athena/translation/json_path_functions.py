"""json_value, json_query and json_exists, as `json_calls` hands them on."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.json_path import syntax
from dayfold_local.athena.sql_types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    VARCHAR,
    Type,
    literal,
    parse_type,
)
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.coercion import coerce, coercible
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Iterator

_RETURNED: Final = frozenset(
    {"varchar", "char", "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double"}
    | {"decimal", "date", "timestamp"}
)
_NAMES: Final = itertools.count()  # of lambda parameters, so that one in another stays its own


@dataclasses.dataclass(frozen=True, slots=True)
class _Looked:
    """The arguments that all three have: the engine's text of each, and what the clauses say."""

    arguments: str
    said: dict[str, Any]


def _looked(call: Call) -> _Looked:
    said: dict[str, Any] = json.loads(call.literal(2))
    path, where = call.literal(1), position(call.node)
    try:
        parsed = syntax.parse(path)
    except syntax.PathNotSupportedError as error:
        raise not_supported(f"{where}{error}") from None
    except syntax.PathSyntaxError as error:
        message = f"{where}the JSON path '{path}': {error}"
        raise QueryFailure("SYNTAX_ERROR", message, bare=True) from None
    known = {name for name, _ in said["passing"]}
    for name in _variables(parsed.root):
        if name not in known:
            raise QueryFailure("INVALID_PATH", f"{where}no value passed for parameter {name}")
    document = _document(call, call.arg(0))
    arguments = f"{document}, {literal(path)}, {_passed(call, said['passing'])}"
    return _Looked(arguments, said)


def _variables(node: syntax.Node) -> Iterator[str]:
    if node.kind == "variable":
        yield str(node.value)
    for part in node.parts:
        yield from _variables(part)


def _document(call: Call, value: Typed) -> str:
    if value.type.name == "varbinary":
        return f"decode({value.sql})"
    if value.type.name != "varchar":
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(call.node)}Cannot read input of type {value.type} as JSON using "
            "formatting JSON",
        )
    return f"CAST({value.sql} AS VARCHAR)"


def _passed(call: Call, passing: list[tuple[str, bool]]) -> str:
    """The variables as rows of name, kind and text, in JSON; an empty text without any."""
    rows = []
    for at, (name, is_json) in enumerate(passing):
        value = call.arg(3 + at)
        kind = "j" if is_json else _kind(value.type)
        if kind is None or (is_json and value.type.name != "varchar"):
            raise not_supported(f"{position(call.node)}PASSING {value.type} to a JSON path")
        rows.append(f"[{literal(name)}, {literal(kind)}, CAST({value.sql} AS VARCHAR)]")
    return f"CAST(to_json([{', '.join(rows)}]) AS VARCHAR)" if rows else "''"


def _kind(kind: Type) -> str | None:
    """The letter of a type that a variable may have."""
    if kind.is_integer:
        return "g" if kind == BIGINT else "i"
    return {"varchar": "s", "boolean": "b", "double": "d", "decimal": "m"}.get(kind.name)


@function("json_exists")
def _exists(call: Call) -> Typed:
    looked = _looked(call)
    word, _ = looked.said.get("error") or ("FALSE", None)
    if word not in {"TRUE", "FALSE", "UNKNOWN", "ERROR"} or "empty" in looked.said:
        raise _misplaced(call, word)
    return Typed(f"json_path_exists({looked.arguments}, {literal(word[0])})", BOOLEAN)


@function("json_query")
def _query(call: Call) -> Typed:
    looked = _looked(call)
    said = looked.said
    letters = {"NULL": "N", "ERROR": "E", "EMPTY ARRAY": "A", "EMPTY OBJECT": "O"}
    words = [(said.get(event) or ("NULL", None))[0] for event in ("empty", "error")]
    for word in words:
        if word not in letters:
            raise _misplaced(call, word)
    wrapper, quotes = said.get("wrapper", "-"), said.get("quotes", "K")
    if wrapper != "-" and "quotes" in said:
        raise QueryFailure(
            "SYNTAX_ERROR",
            f"{position(call.node)}{'OMIT' if quotes == 'O' else 'KEEP'} QUOTES behavior specified "
            "with WITH WRAPPER behavior",
        )
    spec = wrapper + quotes + letters[words[0]] + letters[words[1]]
    found = Typed(f"json_path_query({looked.arguments}, {literal(spec)})", VARCHAR)
    kind = parse_type(said["returning"]) if "returning" in said else VARCHAR
    if kind.name == "varbinary":
        return Typed(f"encode({found.sql})", kind)
    if kind.name != "varchar":
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(call.node)}Cannot output JSON value as {kind} using formatting JSON",
        )
    return cast(found, kind)


@function("json_value")
def _value(call: Call) -> Typed:
    looked = _looked(call)
    kind = _returning(call, looked.said)
    empty, error = (_default(call, looked.said, event, kind) for event in ("empty", "error"))
    spec = ("E" if empty is None else "") + ("X" if error is None else "")
    name = f"found_{next(_NAMES)}"
    text = f"substr({name}, 2)"
    failed = raising(
        "JSON_VALUE_RESULT_ERROR",
        literal(
            "cannot extract SQL scalar from JSON: Cannot cast value to declared return type of "
            f"function JSON_VALUE: {kind}"
        ),
        "BIGINT",
    )
    otherwise = error if error is not None else f"CAST({failed} AS {kind.duckdb})"
    branches = " ".join(
        f"WHEN {literal(letter)} THEN coalesce({sql}, {otherwise})"
        for letter, sql in _converted(text, kind)
    )
    chosen = (
        f"CASE left({name}, 1) {branches} WHEN 'e' THEN {empty or 'NULL'} "
        f"WHEN 'x' THEN {error or 'NULL'} END"
    )
    found = f"json_path_value({looked.arguments}, {literal(spec)})"
    sql = f"list_transform([{found}], lambda {name}: CAST({chosen} AS {kind.duckdb}))[1]"
    return Typed(sql, kind)


def _returning(call: Call, said: dict[str, Any]) -> Type:
    kind = parse_type(said["returning"]) if "returning" in said else VARCHAR
    if kind.name not in _RETURNED:
        where = position(call.node)
        if kind.name in {"time", "timestamp with time zone"}:
            raise not_supported(f"{where}JSON_VALUE returning {kind}")
        message = f"{where}Invalid return type of function JSON_VALUE: {kind}"
        raise QueryFailure("TYPE_MISMATCH", message)
    if "wrapper" in said or "quotes" in said:
        raise _misplaced(call, "WRAPPER or QUOTES")
    return kind


def _default(call: Call, said: dict[str, Any], event: str, kind: Type) -> str | None:
    """What is answered instead; None for an error."""
    word, place = said.get(event) or ("NULL", 0)
    if word == "ERROR":
        return None
    if word == "NULL":
        return f"CAST(NULL AS {kind.duckdb})"
    if word != "DEFAULT":
        raise _misplaced(call, word)
    value = call.arg(3 + place)
    if "SELECT" in value.sql:
        raise not_supported(f"{position(call.node)}a subquery as a default of JSON_VALUE")
    if value.type != kind and not coercible(value.type, kind):
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(call.node)}Function JSON_VALUE default ON {event.upper()} result must "
            f"evaluate to a {kind} (actual: {value.type})",
        )
    return coerce(value, kind).sql


def _converted(text: str, kind: Type) -> Iterator[tuple[str, str]]:
    """For each letter of what is found: it as the type that is returned, NULL if it cannot be."""
    of = {
        "s": Typed(text, VARCHAR),
        "i": Typed(f"CAST({text} AS INTEGER)", INTEGER),
        "g": Typed(f"CAST({text} AS BIGINT)", BIGINT),
        "d": Typed(f"CAST({text} AS DOUBLE)", DOUBLE),
        "b": Typed(f"CAST({text} AS BOOLEAN)", BOOLEAN),
    }
    for letter, value in of.items():
        try:
            sql = cast(value, kind, safe=True).sql
        except QueryFailure as failure:
            if failure.code == "NOT_SUPPORTED":
                raise
            sql = f"CAST(NULL AS {kind.duckdb})"
        if kind.is_text and letter != "s" and kind.precision is not None:
            # A text is cut to its length, a number is not.
            plain = cast(value, VARCHAR).sql
            sql = f"CASE WHEN length({plain}) <= {kind.precision} THEN {sql} END"
        yield letter, sql
    if kind == VARCHAR:
        yield "m", text
    else:
        failed = raising("NOT_SUPPORTED", literal(f"a decimal of a JSON path as {kind}"), "BIGINT")
        yield "m", f"CAST({failed} AS {kind.duckdb})"


def _misplaced(call: Call, word: str) -> QueryFailure:
    message = f"{position(call.node)}mismatched input '{word}' in {call.name.upper()}"
    return QueryFailure("SYNTAX_ERROR", message, bare=True)
