"""Parsing a query in full with sqlglot, its parameters kept in their places."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from dayfold.domain.query_problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dayfold.domain.sql_tokens import Token

PARAMETERS = ("from", "to", "time_zone", "files_from", "files_to")
# `:from` is no SQL: for the parser a parameter becomes a text literal of the same length, which
# starts with a character from Unicode's private area, so that lines and columns stay true.
_MARK = 0xE000
# What sqlglot cannot parse becomes a problem here; it need not say so on stderr as well.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


def parse_sql(path: str, text: str, tokens: Iterable[Token]) -> exp.Query | Problem:
    """The tree of a query, or what keeps it from being parsed."""
    masked = mask_parameters(text, tokens)
    try:
        statements = sqlglot.parse(masked, dialect="athena")
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        what = str(first.get("description") or "it does not parse").rstrip(".")
        near = str(first.get("highlight") or "").strip()
        at = f"column {first.get('col', 1)}" + (f", near {_unmask(near)!r}" if near else "")
        return Problem(path, first.get("line", 1), f"not Athena SQL at {at}: {what}")
    except SqlglotError:
        return Problem(path, _line_of_open_quote(tokens), "a quote is opened and never closed")
    trees = [tree for tree in statements if tree is not None]
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        line = next((t.line for t in tokens if t.text == ";"), 1)
        return Problem(path, line, "a query file holds one SELECT and nothing else")
    return trees[0]


def mask_parameters(text: str, tokens: Iterable[Token]) -> str:
    """Replace each parameter by a literal of equal length that stands for it."""
    parts: list[str] = []
    end = 0
    for token in tokens:
        name = token.text[1:]
        if token.kind == "parameter" and name in PARAMETERS:
            mark = chr(_MARK + PARAMETERS.index(name)) * (len(name) - 1)
            parts += [text[end : token.start], f"'{mark}'"]
            end = token.start + len(token.text)
    return "".join([*parts, text[end:]])


def parameter_of(node: exp.Expr) -> str:
    """The parameter that a literal of the tree stands for; empty if none."""
    if isinstance(node, exp.Literal) and node.is_string and node.this:
        place = ord(node.this[0]) - _MARK
        if 0 <= place < len(PARAMETERS):
            return PARAMETERS[place]
    return ""


def line_of(node: exp.Expr) -> int:
    """The line of the first name within a part of the tree."""
    lines = [n.meta["line"] for n in node.find_all(exp.Identifier) if "line" in n.meta]
    return min(lines, default=1)


def _unmask(text: str) -> str:
    return re.sub(
        r"'?([\ue000-\ue004])\1*'?", lambda match: ":" + PARAMETERS[ord(match[1]) - _MARK], text
    )


def _line_of_open_quote(tokens: Iterable[Token]) -> int:
    return next((t.line for t in tokens if t.kind == "symbol" and t.text in "'\""), 1)
