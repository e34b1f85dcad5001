"""Reading a path such as `lax $.a[*] ? (@.b > 1).c` into a tree.

The grammar is that of ISO/IEC 9075-2, 9.39, with Trino's `..key`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from decimal import Decimal
from typing import Final, Literal

Mode = Literal["lax", "strict"]
METHODS: Final = frozenset({"type", "size", "double", "ceiling", "floor", "abs", "keyvalue"})
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<text>"(?:[^"\\]|\\.|"")*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<variable>\$[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>\.\.|==|<>|!=|<=|>=|&&|\|\||[$@.\[\],()?*/%+<>!-])
    )""",
    re.VERBOSE,
)
_LITERALS: Final = (("number",), ("text",), ("variable",))


class PathSyntaxError(ValueError):
    """A path that is none."""


class PathNotSupportedError(ValueError):
    """A path with what Trino, too, does not have."""


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """A part of a path: what it is, what it is of, and what belongs to it."""

    kind: str
    parts: tuple[Node, ...] = ()
    value: object = None


_WORDS: Final = {
    "true": Node("literal", value=True),
    "false": Node("literal", value=False),
    "null": Node("literal"),
    "last": Node("last"),
    "$": Node("context"),
    "@": Node("item"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Path:
    """A whole path."""

    mode: Mode
    root: Node


def parse(text: str) -> Path:
    """Reads a path.

    Raises:
        PathSyntaxError: If it is none.
    """
    reader = _Reader(_tokens(text))
    mode = reader.take("name")
    if mode is None or mode not in {"lax", "strict"}:
        raise PathSyntaxError("it begins with lax or strict")
    root = reader.sum()
    if reader.kind != "end":
        raise PathSyntaxError(f"'{reader.text}' is not expected there")
    return Path("lax" if mode == "lax" else "strict", root)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise PathSyntaxError(f"'{text[at:].strip()[:20]}' cannot be read")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return [*found, ("end", "its end")]


class _Reader:
    """One token after the other; each method reads what its name says."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def kind(self) -> str:
        """Of the next token."""
        return self._tokens[self._at][0]

    @property
    def text(self) -> str:
        """Of the next token."""
        return self._tokens[self._at][1]

    def take(self, kind: str, *texts: str) -> str | None:
        """The next token's text, if it is of a kind and one of these."""
        if self.kind != kind or (texts and self.text not in texts):
            return None
        self._at += 1
        return self._tokens[self._at - 1][1]

    def need(self, mark: str) -> None:
        """Passes a mark that has to be there."""
        if self.take("mark", mark) is None:
            raise PathSyntaxError(f"'{mark}' is expected where {self.text} is")

    def sum(self) -> Node:
        left = self._product()
        while (mark := self.take("mark", "+", "-")) is not None:
            left = Node(mark, (left, self._product()))
        return left

    def _product(self) -> Node:
        left = self._signed()
        while (mark := self.take("mark", "*", "/", "%")) is not None:
            left = Node(mark, (left, self._signed()))
        return left

    def _signed(self) -> Node:
        sign = self.take("mark", "+", "-")
        if sign is not None:
            return Node("negative" if sign == "-" else "positive", (self._signed(),))
        return self._accesses(self._primary())

    def _primary(self) -> Node:
        if self.take("mark", "(") is not None:
            inner = self.sum()
            self.need(")")
            return inner
        for kind, *texts in (("name", *_WORDS), ("mark", "$", "@"), *_LITERALS):
            text = self.take(kind, *texts)
            if text is not None:
                return _single(kind, text)
        raise PathSyntaxError(f"a value is expected where {self.text} is")

    def _accesses(self, base: Node) -> Node:
        while (mark := self.take("mark", ".", "..", "[", "?")) is not None:
            if mark == "[":
                base = self._subscripts(base)
            elif mark == "?":
                self.need("(")
                base = Node("filter", (base, self._any_of()))
                self.need(")")
            else:
                base = self._member(base, deep=mark == "..")
        return base

    def _member(self, base: Node, *, deep: bool) -> Node:
        if not deep and self.take("mark", "*") is not None:
            return Node("members", (base,))
        quoted = self.take("text")
        name = self.take("name") if quoted is None else _unquoted(quoted)
        if name is None:
            raise PathSyntaxError(f"a key is expected where {self.text} is")
        if deep or quoted is not None or self.take("mark", "(") is None:
            return Node("descendants" if deep else "member", (base,), name)
        if name == "datetime":
            raise PathNotSupportedError("datetime method in JSON path is not yet supported")
        if name not in METHODS:
            raise PathSyntaxError(f"there is no method {name}()")
        self.need(")")
        return Node("method", (base,), name)

    def _subscripts(self, base: Node) -> Node:
        if self.take("mark", "*") is not None:
            self.need("]")
            return Node("elements", (base,))
        listed = [self._subscript()]
        while self.take("mark", ",") is not None:
            listed.append(self._subscript())
        self.need("]")
        return Node("subscripts", (base, *listed))

    def _subscript(self) -> Node:
        first = self.sum()
        if self.take("name", "to") is None:
            return Node("from", (first,))
        return Node("from", (first, self.sum()))

    def _any_of(self) -> Node:
        left = self._all_of()
        while self.take("mark", "||") is not None:
            left = Node("or", (left, self._all_of()))
        return left

    def _all_of(self) -> Node:
        left = self._condition()
        while self.take("mark", "&&") is not None:
            left = Node("and", (left, self._condition()))
        return left

    def _condition(self) -> Node:
        if self.take("mark", "!") is not None:
            return Node("not", (self._bracketed(),))
        if self.take("name", "exists") is not None:
            self.need("(")
            path = self.sum()
            self.need(")")
            return Node("exists", (path,))
        before = self._at
        if self.take("mark", "(") is not None:
            # A condition in brackets, or the left side of a comparison: only its end tells.
            try:
                return self._rest_of_bracketed()
            except PathSyntaxError:
                self._at = before
        return self._comparison()

    def _bracketed(self) -> Node:
        if self.kind == "name" and self.text == "exists":
            return self._condition()
        self.need("(")
        return self._rest_of_bracketed()

    def _rest_of_bracketed(self) -> Node:
        inner = self._any_of()
        self.need(")")
        if self.take("name", "is") is None:
            return inner
        if self.take("name", "unknown") is None:
            raise PathSyntaxError(f"'unknown' is expected where {self.text} is")
        return Node("unknown", (inner,))

    def _comparison(self) -> Node:
        left = self.sum()
        if self.take("name", "starts") is not None:
            if self.take("name", "with") is None:
                raise PathSyntaxError(f"'with' is expected where {self.text} is")
            return Node("starts", (left, self.sum()))
        if self.take("name", "like_regex") is not None:
            raise PathNotSupportedError("like_regex predicate in JSON path is not yet supported")
        mark = self.take("mark", "==", "<>", "!=", "<", "<=", ">", ">=")
        if mark is None:
            raise PathSyntaxError(f"a comparison is expected where {self.text} is")
        return Node("compare", (left, self.sum()), "<>" if mark == "!=" else mark)


def _single(kind: str, text: str) -> Node:
    if kind == "number":
        return Node("literal", value=_number(text))
    if kind == "text":
        return Node("literal", value=_unquoted(text))
    return Node("variable", value=text[1:]) if kind == "variable" else _WORDS[text]


def _number(text: str) -> object:
    if "e" in text.lower():
        return float(text)
    return Decimal(text) if "." in text else int(text)


def _unquoted(text: str) -> str:
    inner = text[1:-1].replace('""', '\\"')
    try:
        found: str = json.loads(f'"{inner}"', strict=False)
    except ValueError:
        raise PathSyntaxError(f"the text {text} cannot be read") from None
    return found
