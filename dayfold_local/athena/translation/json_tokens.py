"""The tokens of a call of SQL/JSON, whose clauses the parser does not know, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlglot.tokenizer_core import Token, TokenType

from dayfold_local.athena.errors import QueryFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENING: Final = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET})
_CLOSING: Final = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET})


def inside(tokens: list[Token], opened: int) -> list[Token]:
    """The tokens between a bracket and the one that closes it."""
    depth = 0
    for at in range(opened, len(tokens)):
        depth += (tokens[at].token_type in _OPENING) - (tokens[at].token_type in _CLOSING)
        if depth == 0:
            return tokens[opened + 1 : at]
    raise unexpected(tokens[-1])


def without_format(document: list[Token]) -> bool:
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


class Reader:
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
        """The answer to the next token, or to a call that ends too early."""
        return unexpected(self._name if self.is_done else self._tokens[self._at])


def unexpected(token: Token) -> QueryFailure:
    """Trino's answer to a token that may not be there."""
    where = f"line {token.line}:{max(token.col - len(token.text) + 1, 1)}"
    return QueryFailure("SYNTAX_ERROR", f"{where}: mismatched input '{token.text}'", bare=True)


def like(token: Token, kind: TokenType, text: str) -> Token:
    """A token at the place of another."""
    return Token(kind, text, token.line, token.col, token.start, token.end)


def called(name: Token, call: str, arguments: list[list[Token]]) -> list[Token]:
    """A plain call of a name, marked as one, with the tokens of each argument."""
    made = [like(name, TokenType.VAR, call + name.text.lower())]
    opened = like(name, TokenType.L_PAREN, "(")
    for argument in arguments:
        made += [opened, *argument]
        opened = like(name, TokenType.COMMA, ",")
    return [*made, like(name, TokenType.R_PAREN, ")")]
