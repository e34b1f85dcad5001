"""Rules that single words of a query can break: parameters, clocks and chance, names, types."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from dayfold.domain.query_functions import check_functions
from dayfold.domain.query_problem import Problem
from dayfold.domain.query_syntax import PARAMETERS
from dayfold.domain.sql_tokens import split_select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold.domain.sql_tokens import Token

# A rebuild must give the same rows, so nothing may depend on the clock, on chance or on who asks.
_UNSTABLE_FUNCTIONS = (
    "now", "random", "rand", "uuid", "shuffle", "arbitrary", "any_value", "current_timezone",
)  # fmt: skip
_UNSTABLE_WORDS = (
    "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp",
    "current_user", "tablesample",
)  # fmt: skip
# Athena's SELECT does not take these as names without quotes.
_RESERVED = (
    "alter", "and", "as", "between", "by", "case", "cast", "constraint", "create", "cross",
    "cube", "current_catalog", "current_date", "current_path", "current_schema",
    "current_time", "current_timestamp", "current_user", "deallocate", "delete", "describe",
    "distinct", "drop", "else", "end", "escape", "except", "exists", "extract", "false",
    "first", "for", "from", "full", "group", "grouping", "having", "in", "inner", "insert",
    "intersect", "into", "is", "join", "last", "left", "like", "localtime", "localtimestamp",
    "natural", "normalize", "not", "null", "on", "or", "order", "outer", "prepare",
    "recursive", "right", "rollup", "select", "skip", "table", "then", "true", "uescape",
    "union", "unnest", "using", "values", "when", "where", "with",
)  # fmt: skip
_PUNCTUATION = "()[]{},.;:?+-*/%=<>|'\""  # an open quote has a message of its own
_SHOWN = 40  # characters of a literal in a message
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_COLON_NAME = re.compile(rf"(?<!:):({'|'.join(PARAMETERS)})(?![A-Za-z0-9_])")


def check_words(path: str, tokens: list[Token]) -> list[Problem]:
    """Judge a query file word by word."""
    code = [token for token in tokens if token.kind != "comment"]
    return [
        *_check_parameters(path, code),
        *_check_unstable(path, code),
        *check_functions(path, code),
        *_check_characters(path, code),
        *_check_commas(path, code),
        *_check_output(path, code),
    ]


def _check_parameters(path: str, code: list[Token]) -> Iterator[Problem]:
    for token in code:
        if token.kind == "parameter" and token.text[1:] not in PARAMETERS:
            known = ", ".join(f":{name}" for name in PARAMETERS)
            yield Problem(path, token.line, f"unknown parameter {token.text}: there are {known}")
        if token.kind in ("string", "quoted") and _COLON_NAME.search(token.text):
            shown = token.text if len(token.text) <= _SHOWN else f"{token.text[:_SHOWN]}..."
            what = f"{shown} holds the text of a parameter, which would be replaced in it"
            yield Problem(path, token.line, f"{what}: build the text with concat(':', ...)")


def _check_unstable(path: str, code: list[Token]) -> Iterator[Problem]:
    for token, following in zip(code, [*code[1:], None], strict=True):
        called = following is not None and following.text == "("
        if token.is_word(*_UNSTABLE_WORDS) or (called and token.is_word(*_UNSTABLE_FUNCTIONS)):
            what = f"{token.text.lower()} gives other rows each time it runs"
            yield Problem(path, token.line, f"{what}: a rebuild must give the same, do without it")


def _check_characters(path: str, code: list[Token]) -> Iterator[Problem]:
    for token in code:
        if token.kind == "symbol" and len(token.text) == 1 and token.text not in _PUNCTUATION:
            what = f"the character {token.text!r} has no place in SQL outside quotes: remove it"
            yield Problem(path, token.line, what)


def _check_commas(path: str, code: list[Token]) -> Iterator[Problem]:
    for token, following in itertools.pairwise(code):
        if token.text == "," and (following.text == ")" or following.is_word("from", "where")):
            yield Problem(path, token.line, f"a comma before {following.text}: remove it")


def _check_output(path: str, code: list[Token]) -> Iterator[Problem]:
    seen: set[str] = set()
    for item in split_select(code):
        name = item[-1].text.lower()
        if item[-1].kind == "quoted" or (item[-1].kind == "word" and not _NAME.fullmatch(name)):
            what = f"output column {item[-1].text} needs quotes: use a-z, 0-9 and _"
            yield Problem(path, item[-1].line, what)
        if name in _RESERVED:
            what = f"output column {name!r} is a reserved word: choose another name"
            yield Problem(path, item[-1].line, what)
        if name in seen and name != "*":
            yield Problem(
                path, item[-1].line, f"two output columns are called {name!r}: rename one"
            )
        seen.add(name)
