"""The calls of SQL/JSON as plain ones, before the parser sees them: json_value, json_query ...

Their clauses (PASSING, RETURNING, ON EMPTY, ON ERROR ...) become a text in JSON as the third
argument; the expressions among them follow it, in the order that the text says.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final

from sqlglot.tokenizer_core import Token, TokenType

from dayfold_local.athena.translation import json_members
from dayfold_local.athena.translation.json_tokens import (
    Reader,
    called,
    inside,
    like,
    unexpected,
    without_format,
)

NAMES: Final = frozenset({"JSON_VALUE", "JSON_QUERY", "JSON_EXISTS"})
_CLAUSES: Final = frozenset(
    {"RETURNING", "NULL", "ERROR", "EMPTY", "DEFAULT", "WITH", "WITHOUT", "KEEP", "OMIT"}
    | {"TRUE", "FALSE", "UNKNOWN"}
)


def rewritten(tokens: list[Token], call: str) -> list[Token]:
    """The tokens with those calls made plain; `call` marks a call's name.

    Raises:
        QueryFailure: If a clause is not of its form.
    """
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        opens = at + 1 < len(tokens) and tokens[at + 1].token_type == TokenType.L_PAREN
        name = "" if token.token_type == TokenType.STRING or not opens else token.text.upper()
        if name not in NAMES | json_members.NAMES:
            made.append(token)
            at += 1
            continue
        inner = inside(tokens, at + 1)
        end = at + 2 + len(inner)
        plain = json_members.plain if name in json_members.NAMES else _plain
        made += plain(token, rewritten(inner, call), call)
        at = end + 1
    return made


@dataclasses.dataclass(slots=True)
class _Clauses:
    """What a call says besides its document and its path."""

    said: dict[str, Any]
    expressions: list[list[Token]]


def _plain(name: Token, inner: list[Token], call: str) -> list[Token]:
    reader = Reader(inner, name)
    document = reader.until(lambda token: token.token_type == TokenType.COMMA)
    reader.pass_one()
    formats = without_format(document)
    path = reader.take()
    if path is None or path.token_type != TokenType.STRING:
        raise unexpected(path or name)
    clauses = _clauses(reader)
    clauses.said["format"] = formats
    text = like(path, TokenType.STRING, json.dumps(clauses.said))
    return called(name, call, [document, [path], [text], *clauses.expressions])


def _clauses(reader: Reader) -> _Clauses:
    found = _Clauses({"passing": []}, [])
    if reader.take("PASSING") is not None:
        _passing(reader, found)
    if reader.take("RETURNING") is not None:
        kind = reader.until(
            lambda token: (
                token.text.upper() in {*_CLAUSES, "FORMAT"}
                and not (reader.peek("WITH") and reader.peek("TIME", 1))
            )
        )
        found.said["returning"] = " ".join(token.text for token in kind)
        if reader.take("FORMAT") is not None and reader.take("JSON") is None:
            raise reader.unexpected()
    _wrapper_and_quotes(reader, found.said)
    for _ in range(2):
        _behaviour(reader, found)
    if not reader.is_done:
        raise reader.unexpected()
    return found


def _passing(reader: Reader, found: _Clauses) -> None:
    while True:
        value = reader.until(lambda token: token.text.upper() == "AS")
        is_json = without_format(value)
        reader.pass_one()
        name = reader.take()
        if name is None or not value:
            raise reader.unexpected()
        quoted = name.token_type == TokenType.IDENTIFIER
        found.said["passing"].append([name.text if quoted else name.text.upper(), is_json])
        found.expressions.append(value)
        if reader.take(",") is None:
            return


def _wrapper_and_quotes(reader: Reader, said: dict[str, Any]) -> None:
    word = reader.take("WITH", "WITHOUT")
    if word is not None:
        kind = "-"
        if word.text.upper() == "WITH":
            conditional = reader.take("CONDITIONAL")
            kind = "C" if conditional is not None else "U"
            if conditional is None:
                reader.take("UNCONDITIONAL")
        reader.take("ARRAY")
        if reader.take("WRAPPER") is None:
            raise reader.unexpected()
        said["wrapper"] = kind
    quotes = reader.take("KEEP", "OMIT")
    if quotes is not None:
        if reader.take("QUOTES") is None:
            raise reader.unexpected()
        if reader.peek("ON") and reader.peek("SCALAR", 1):
            reader.pass_one()
            reader.pass_one()
            if reader.take("STRING", "TEXT") is None:
                raise reader.unexpected()
        said["quotes"] = quotes.text.upper()[0]


def _behaviour(reader: Reader, found: _Clauses) -> None:
    """`DEFAULT 0 ON EMPTY` and the like."""
    if reader.is_done:
        return
    word = reader.take(*_CLAUSES)
    if word is None:
        raise reader.unexpected()
    kind = word.text.upper()
    expression = None
    if kind == "EMPTY":
        which = reader.take("ARRAY", "OBJECT")
        kind = f"EMPTY {which.text.upper()}" if which is not None else "EMPTY ARRAY"
    elif kind == "DEFAULT":
        expression = reader.until(
            lambda token: token.text.upper() == "ON" and reader.before_event(token)
        )
    if reader.take("ON") is None:
        raise reader.unexpected()
    event = reader.take("EMPTY", "ERROR")
    if event is None or event.text.lower() in found.said:
        raise reader.unexpected()
    place = None
    if expression is not None:
        place = len(found.expressions)
        found.expressions.append(expression)
    found.said[event.text.lower()] = [kind, place]
