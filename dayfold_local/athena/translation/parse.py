"""Reading Athena SQL into a tree in which every call stands as it was written.

The parser folds many functions into nodes of its own and changes their arguments on the way (format
strings, subscripts). We want Trino's functions by Trino's names, so the tokens are marked first.
"""

from __future__ import annotations

import itertools
from typing import Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.translation import json_calls

CALL: Final = "f$"  # marks a call that the parser must leave alone
SUBSCRIPT: Final = "f$subscript"
_TRINO = Dialect.get_or_raise("trino")
_FUNCTIONS: Final = frozenset(_TRINO.parser_class.FUNCTIONS)
# Calls with a syntax of their own, and words that also name a type.
_SYNTAX: Final = frozenset(
    {
        "AND",
        "OR",
        "LIKE",
        "CASE",
        "CAST",
        "TRY_CAST",
        "EXTRACT",
        "TRIM",
        "POSITION",
        "ARRAY",
        "ROW",
        "UNNEST",
        "LISTAGG",
        "VALUES",
        "IN",
        "EXISTS",
        "ANY",
        "ALL",
        "SOME",
        "JSON_OBJECT",
        "JSON_ARRAY",
        "DECIMAL",
        "VARCHAR",
        "CHAR",
        "TIMESTAMP",
        "TIME",
    },
)
_LITERALS: Final = {"DATE", "TIMESTAMP", "TIME"}
_NOT_NAMES: Final = {TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER}


def parse(sql: str) -> exp.Expr:
    """The tree of the one statement in `sql`."""
    try:
        raw = _TRINO.tokenize(sql)
        for at, token in enumerate(raw):
            if token.text.upper() == "LISTAGG" and token.token_type not in _NOT_NAMES:
                _check_listagg(raw, at + 1)
        tokens = _marked(json_calls.rewritten(raw, CALL))
        trees = [tree for tree in _TRINO.parser().parse(tokens, sql) if tree is not None]
    except ParseError as error:
        raise _syntax_error(error) from None
    except TokenError as error:
        raise QueryFailure("SYNTAX_ERROR", f"line 1:1: {error}", bare=True) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise QueryFailure("SYNTAX_ERROR", f"line 1:1: {error}", bare=True) from None
    if len(trees) != 1:
        message = "Only one sql statement is allowed." if trees else "Query cannot be empty"
        raise QueryFailure("SYNTAX_ERROR", message, bare=True)
    if isinstance(trees[0], exp.Values):
        return parse(f"SELECT * FROM (\n{sql}\n) AS t")
    return trees[0]


def position(node: exp.Expr | None) -> str:
    """`line 1:8: `, as Trino starts its messages, or nothing when it is not known."""
    if node is None:
        return ""
    places = []
    for part in node.walk():
        meta = part.meta
        if "line" in meta and "col" in meta:
            width = int(meta.get("end", 0)) - int(meta.get("start", 0))
            places.append((int(meta["line"]), max(int(meta["col"]) - width, 1)))
    return "line {}:{}: ".format(*min(places)) if places else ""


def _syntax_error(error: ParseError) -> QueryFailure:
    detail = error.errors[0] if error.errors else {}
    text = str(detail.get("highlight") or "<EOF>")
    column = max(int(detail.get("col") or 1) - len(text) + 1, 1)
    where = f"line {detail.get('line') or 1}:{column}"
    description = str(detail.get("description") or "").lower()
    extra = "" if "unexpected token" in description or not description else f" ({description})"
    return QueryFailure("SYNTAX_ERROR", f"{where}: mismatched input '{text}'{extra}", bare=True)


def _marked(tokens: list[Token]) -> list[Token]:  # noqa: C901 - one pass over all that is marked
    marked: list[Token] = []
    brackets: list[bool] = []  # whether each open bracket is a subscript
    literal_at = -1
    for at, token in enumerate(tokens):
        if at == literal_at:
            marked += [token, _like(token, TokenType.R_PAREN, ")")]
            continue
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if token.token_type == TokenType.L_BRACKET:
            is_subscript = bool(marked) and marked[-1].token_type != TokenType.ARRAY
            brackets.append(is_subscript)
            marked.append(token)
            if is_subscript:
                marked += [
                    _like(token, TokenType.VAR, SUBSCRIPT),
                    _like(token, TokenType.L_PAREN, "("),
                ]
            continue
        if token.token_type == TokenType.R_BRACKET and brackets and brackets.pop():
            marked.append(_like(token, TokenType.R_PAREN, ")"))
        if following is not None and _is_call(tokens, at, token, following):
            token.text = CALL + token.text.lower()
            token.token_type = TokenType.VAR
            if token.text == f"{CALL}substring":
                _with_commas(tokens, at + 2)
        elif following is not None and following.token_type == TokenType.STRING:
            name = token.text.upper()
            if name == "DECIMAL":
                following.token_type = TokenType.NUMBER  # DECIMAL '1.20' is the number 1.20
                continue
            if name in _LITERALS:  # apart from a CAST of a text, which has other rules
                marked += [
                    _like(token, TokenType.VAR, f"{CALL}{name.lower()}_literal"),
                    _like(token, TokenType.L_PAREN, "("),
                ]
                literal_at = at + 1
                continue
        marked.append(token)
    return marked


def _check_listagg(tokens: list[Token], at: int) -> None:
    """LISTAGG takes a value and a mark, and WITHIN GROUP; the parser passes over anything else."""
    depth = commas = 0
    for token, following in itertools.zip_longest(tokens[at:], tokens[at + 1 :]):
        opens, closes = token.token_type == TokenType.L_PAREN, token.token_type == TokenType.R_PAREN
        depth += opens - closes
        commas += depth == 1 and token.token_type == TokenType.COMMA
        ends = depth == 0 and (following is None or following.text.upper() != "WITHIN")
        if commas > 1 or ends:
            wrong = token if commas > 1 else following
            where = f"line {wrong.line}:{wrong.col - len(wrong.text) + 1}: " if wrong else ""
            found = wrong.text if wrong else "<EOF>"
            raise QueryFailure("SYNTAX_ERROR", f"{where}mismatched input '{found}'", bare=True)
        if depth == 0:
            return


def _with_commas(tokens: list[Token], at: int) -> None:
    """SUBSTRING(x FROM 2 FOR 3) as substring(x, 2, 3)."""
    depth = 0
    for token in tokens[at:]:
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth < 0:
            return
        if depth == 0 and token.token_type in {TokenType.FROM, TokenType.FOR}:
            token.token_type, token.text = TokenType.COMMA, ","


def _like(token: Token, kind: TokenType, text: str) -> Token:
    return Token(kind, text, token.line, token.col, token.start, token.end)


def _is_call(tokens: list[Token], at: int, token: Token, following: Token) -> bool:
    if following.token_type != TokenType.L_PAREN or token.token_type in _NOT_NAMES:
        return False
    name = token.text.upper()
    if name in _SYNTAX or name not in _FUNCTIONS:
        return False
    if name == "MAP":
        return not _is_type(tokens, at)
    after = tokens[at + 2] if at + 2 < len(tokens) else None
    return not (name == "FILTER" and after is not None and after.text.upper() == "WHERE")


def _is_type(tokens: list[Token], at: int) -> bool:
    """Whether MAP( is a type: behind AS, behind a name in a list of columns, or inside a type."""
    if at and tokens[at - 1].token_type in {TokenType.ALIAS, TokenType.VAR, TokenType.IDENTIFIER}:
        return True
    depth = 0
    for back in range(at - 1, 0, -1):
        kind = tokens[back].token_type
        depth += (kind == TokenType.R_PAREN) - (kind == TokenType.L_PAREN)
        if depth < 0:  # an outer MAP that is a call has been marked by now, and is not called so
            return tokens[back - 1].text.upper() in {"ARRAY", "MAP"}
    return False
