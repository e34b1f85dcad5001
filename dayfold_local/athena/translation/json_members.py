"""json_object and json_array as plain calls, before the parser sees them.

Their clauses become a text in JSON as the first argument; keys and values follow it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from sqlglot.tokenizer_core import Token, TokenType

from dayfold_local.athena.translation.json_tokens import (
    Reader,
    called,
    inside,
    like,
    without_format,
)

NAMES: Final = frozenset({"JSON_OBJECT", "JSON_ARRAY"})
_MAKES_JSON: Final = frozenset({"json_object", "json_array", "json_query"})


def plain(name: Token, inner: list[Token], call: str) -> list[Token]:
    """The call with its keys and values as arguments; `call` marks a call's name.

    Raises:
        QueryFailure: If a clause is not of its form.
    """
    reader = Reader(inner, name)
    keyed = name.text.upper() == "JSON_OBJECT"
    said: dict[str, Any] = {"json": [], "absent": not keyed, "unique": False, "returning": ""}
    expressions: list[list[Token]] = []
    more = not reader.is_done and not _is_clause(reader)
    while more:
        if keyed:
            expressions.append(_key(reader))
        value = reader.until(
            lambda token: token.token_type == TokenType.COMMA or _is_clause(reader)
        )
        said["json"].append(_json_kind(value, call))
        expressions.append(value)
        more = reader.take(",") is not None
    _clauses(reader, said, keyed=keyed)
    text = like(name, TokenType.STRING, json.dumps(said))
    return called(name, call, [[text], *expressions])


def _key(reader: Reader) -> list[Token]:
    """`'a' VALUE`, `KEY 'a' VALUE` or `'a' :`; a column may be called key."""
    if reader.peek("KEY") and not (reader.peek("VALUE", 1) or reader.peek(":", 1)):
        reader.pass_one()
    key = reader.until(
        lambda token: token.token_type == TokenType.COLON or token.text.upper() == "VALUE"
    )
    reader.pass_one()
    return key


def _json_kind(value: list[Token], call: str) -> str:
    """Whether a value is JSON by its own call, by FORMAT JSON, or not."""
    if without_format(value):
        return "format"
    is_call = value[0].text in {call + name for name in _MAKES_JSON}
    return "call" if is_call and len(inside(value, 1)) == len(value) - 3 else ""


def _is_clause(reader: Reader) -> bool:
    """Whether a clause on the whole call begins here."""
    on_null = (reader.peek("NULL") or reader.peek("ABSENT")) and reader.peek("ON", 1)
    unique = (reader.peek("WITH") or reader.peek("WITHOUT")) and reader.peek("UNIQUE", 1)
    return (on_null and reader.peek("NULL", 2)) or unique or reader.peek("RETURNING")


def _clauses(reader: Reader, said: dict[str, Any], *, keyed: bool) -> None:
    word = reader.take("NULL", "ABSENT")
    if word is not None:
        said["absent"] = word.text.upper() == "ABSENT"
        if reader.take("ON") is None or reader.take("NULL") is None:
            raise reader.unexpected()
    word = reader.take("WITH", "WITHOUT") if keyed else None
    if word is not None:
        said["unique"] = word.text.upper() == "WITH"
        if reader.take("UNIQUE") is None:
            raise reader.unexpected()
        reader.take("KEYS")
    if reader.take("RETURNING") is not None:
        kind = reader.until(lambda _: False)
        without_format(kind)
        said["returning"] = " ".join(token.text for token in kind)
    if not reader.is_done:
        raise reader.unexpected()
