"""The words of an Athena query: enough to find columns, parameters and a stable hash.

The pipeline needs no more than this of a query, so a Lambda starts without sqlglot, and the hash
that decides what is stale cannot change because a parser was upgraded. `query_rules` parses fully.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n\f]+)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<parameter>(?<!:):[A-Za-z0-9_]+)
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol><>|!=|>=|<=|\|\||->|=>|.)
    """,
    re.DOTALL | re.VERBOSE,
)


_END_OF_COLUMNS = ("from", "where", "group", "having", "order", "limit", "union", "window")


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """One word, literal, symbol or comment, and where it stands."""

    kind: str
    text: str
    start: int  # offset into the file
    line: int
    last_line: int
    depth: int  # how many brackets are open around it; a bracket counts as outside itself

    def is_word(self, *words: str) -> bool:
        """Whether this is one of the unquoted words, in any letter case."""
        return self.kind == "word" and self.text.lower() in words


def tokenize(text: str) -> Iterator[Token]:
    """Split a query into tokens; white space is left out, comments are kept."""
    line = 1
    depth = 0
    for match in _TOKEN.finditer(text):
        kind, part = match.lastgroup or "", match.group()
        last_line = line + part.count("\n")
        if kind != "space":
            depth -= kind == "symbol" and part in ")]"
            yield Token(kind, part, match.start(), line, last_line, depth)
            depth += kind == "symbol" and part in "(["
        line = last_line


def split_select(code: Iterable[Token]) -> Iterator[list[Token]]:
    """The output columns of the first SELECT outside all brackets, each as its tokens."""
    item: list[Token] = []
    inside = False
    for token in code:
        if not inside:
            inside = token.depth == 0 and token.is_word("select")
            continue
        ends = token.depth == 0 and (token.is_word(*_END_OF_COLUMNS) or token.text == ";")
        if ends and not (item and item[-1].is_word("distinct")):  # IS DISTINCT FROM
            break
        if token.depth == 0 and token.text == "," and item:
            yield item
            item = []
        elif item or not token.is_word("distinct", "all"):
            item.append(token)
    if item:
        yield item


def sql_hash(tokens: Iterable[Token]) -> str:
    """A hash of what a query does: comments, layout and the case of unquoted words do not count."""
    words = [_canonical(token) for token in tokens if token.kind != "comment"]
    while words and words[-1] == ";":
        words.pop()
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def _canonical(token: Token) -> str:
    if token.kind in ("string", "quoted"):
        return token.text
    return "<>" if token.text == "!=" else token.text.lower()
