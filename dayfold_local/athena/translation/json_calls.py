"""json_value, json_query and json_exists as plain calls, before the parser sees them.

Their clauses (PASSING, RETURNING, ON EMPTY, ON ERROR ...) become a text in JSON as the third
argument; the expressions among them follow it, in the order that the text says.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Final

from sqlglot.tokenizer_core import Token, TokenType

from dayfold_local.athena.errors import QueryFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES: Final = frozenset({"JSON_VALUE", "JSON_QUERY", "JSON_EXISTS"})
_OPENING: Final = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET})
_CLOSING: Final = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET})
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
        if token.text.upper() not in NAMES or not opens or token.token_type == TokenType.STRING:
            made.append(token)
            at += 1
            continue
        inner = _inside(tokens, at + 1)
        end = at + 2 + len(inner)
        made += _plain(token, rewritten(inner, call), call)
        at = end + 1
    return made


def _inside(tokens: list[Token], opened: int) -> list[Token]:
    depth = 0
    for at in range(opened, len(tokens)):
        depth += (tokens[at].token_type in _OPENING) - (tokens[at].token_type in _CLOSING)
        if depth == 0:
            return tokens[opened + 1 : at]
    raise _unexpected(tokens[-1])


@dataclasses.dataclass(slots=True)
class _Clauses:
    """What a call says besides its document and its path."""

    said: dict[str, Any]
    expressions: list[list[Token]]


def _plain(name: Token, inner: list[Token], call: str) -> list[Token]:
    reader = _Reader(inner, name)
    document = reader.until(lambda token: token.token_type == TokenType.COMMA)
    reader.pass_one()
    formats = _without_format(document)
    path = reader.take()
    if path is None or path.token_type != TokenType.STRING:
        raise _unexpected(path or name)
    clauses = _clauses(reader)
    clauses.said["format"] = formats
    comma, text = (TokenType.COMMA, ","), json.dumps(clauses.said)
    made = [
        _like(name, TokenType.VAR, call + name.text.lower()),
        _like(name, TokenType.L_PAREN, "("),
        *document,
        _like(path, *comma),
        path,
        _like(path, *comma),
        _like(path, TokenType.STRING, text),
    ]
    for expression in clauses.expressions:
        made += [_like(path, *comma), *expression]
    return [*made, _like(name, TokenType.R_PAREN, ")")]


def _without_format(document: list[Token]) -> bool:
    """Takes FORMAT JSON from the end of an argument; whether it was there."""
    words = [token.text.upper() for token in document]
    for length in (4, 2):
        tail = words[-length:]
        if tail[:2] == ["FORMAT", "JSON"] and (length == 2 or tail[2] == "ENCODING"):
            if length == 4 and tail[3] != "UTF8":
                raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not read {tail[3]}")
            del document[-length:]
            return True
    return False


def _clauses(reader: _Reader) -> _Clauses:
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


def _passing(reader: _Reader, found: _Clauses) -> None:
    while True:
        value = reader.until(lambda token: token.text.upper() == "AS")
        is_json = _without_format(value)
        reader.pass_one()
        name = reader.take()
        if name is None or not value:
            raise reader.unexpected()
        quoted = name.token_type == TokenType.IDENTIFIER
        found.said["passing"].append([name.text if quoted else name.text.upper(), is_json])
        found.expressions.append(value)
        if reader.take(",") is None:
            return


def _wrapper_and_quotes(reader: _Reader, said: dict[str, Any]) -> None:
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


def _behaviour(reader: _Reader, found: _Clauses) -> None:
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


class _Reader:
    """The tokens of a call, one after the other; brackets are passed as a whole."""

    def __init__(self, tokens: list[Token], name: Token) -> None:
        self._tokens = tokens
        self._name = name
        self._at = 0

    @property
    def is_done(self) -> bool:
        """Whether all were read."""
        return self._at >= len(self._tokens)

    def take(self, *texts: str) -> Token | None:
        """The next token, if it is one of these; any, without them."""
        if self.is_done or (texts and self._tokens[self._at].text.upper() not in texts):
            return None
        self._at += 1
        return self._tokens[self._at - 1]

    def pass_one(self) -> None:
        """Leaves out the next token, which has to be there."""
        if self.take() is None:
            raise self.unexpected()

    def peek(self, text: str, ahead: int = 0) -> bool:
        """Whether a token ahead has this text."""
        at = self._at + ahead
        return at < len(self._tokens) and self._tokens[at].text.upper() == text

    def before_event(self, token: Token) -> bool:
        """Whether EMPTY or ERROR is behind a token."""
        at = next(at for at, one in enumerate(self._tokens) if one is token) + 1
        return at < len(self._tokens) and self._tokens[at].text.upper() in {"EMPTY", "ERROR"}

    def until(self, ends: Any) -> list[Token]:  # noqa: ANN401 - a test of a token
        """The tokens before the first one outside of brackets that ends them; at least one."""
        found = list(self._until(ends))
        if not found:
            raise self.unexpected()
        return found

    def _until(self, ends: Any) -> Iterator[Token]:  # noqa: ANN401
        depth = 0
        while not self.is_done:
            token = self._tokens[self._at]
            if depth == 0 and ends(token):
                return
            depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
            self._at += 1
            yield token

    def unexpected(self) -> QueryFailure:
        """Trino's answer to a token that may not be there."""
        return _unexpected(self._name if self.is_done else self._tokens[self._at])


def _unexpected(token: Token) -> QueryFailure:
    where = f"line {token.line}:{max(token.col - len(token.text) + 1, 1)}"
    return QueryFailure("SYNTAX_ERROR", f"{where}: mismatched input '{token.text}'", bare=True)


def _like(token: Token, kind: TokenType, text: str) -> Token:
    return Token(kind, text, token.line, token.col, token.start, token.end)
