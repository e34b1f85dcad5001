"""Prepared statements: PREPARE, EXECUTE ... USING and DEALLOCATE PREPARE of a workgroup.

They are kept where the emulator's own CreatePreparedStatement puts them, so both ways meet.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from ministack.services import athena as emulated
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import TokenType

from dayfold_local.athena.errors import QueryFailure, RequestError

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.catalog.ports import World

_NAME: Final = r"\"?([A-Za-z_][A-Za-z0-9_@:]{0,255})\"?"
_PREPARE: Final = re.compile(rf"PREPARE\s+{_NAME}\s+FROM\s+(.+)", re.IGNORECASE | re.DOTALL)
_EXECUTE: Final = re.compile(rf"EXECUTE\s+{_NAME}(?:\s+USING\s+(.+))?", re.IGNORECASE | re.DOTALL)
_DEALLOCATE: Final = re.compile(rf"DEALLOCATE\s+PREPARE\s+{_NAME}", re.IGNORECASE)


def with_parameters(sql: str, parameters: list[str]) -> str:
    """The query with its `?` filled in, outside of literals and comments."""
    tokens = Dialect.get_or_raise("trino").tokenize(sql)
    places = [token for token in tokens if token.token_type == TokenType.PLACEHOLDER]
    if len(places) != len(parameters):
        raise RequestError.invalid(
            f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}",
        )
    parts, at = [], 0
    for token, value in zip(places, parameters, strict=True):
        parts += [sql[at : token.start], value]
        at = token.end + 1
    return "".join([*parts, sql[at:]])


class PreparedStatements:
    """Those of one workgroup, for one caller."""

    def __init__(self, workgroup: str, caller: Caller, world: World) -> None:
        self._workgroup = workgroup
        self._world = world
        self._arn = f"arn:aws:athena:{caller.region}:{caller.account}:workgroup/{workgroup}"

    def _check(self, action: str) -> None:
        self._world.rights.check(f"athena:{action}", self._arn)

    def statement(self, name: str) -> str:
        """The text of one; raises RequestError if there is none."""
        found = emulated._prepared_statements.get(f"{self._workgroup}/{name}")  # noqa: SLF001
        if found is None:
            raise RequestError.invalid(
                f"PreparedStatement {name} was not found in workGroup {self._workgroup}"
            )
        return str(found["QueryStatement"])

    def executed(self, sql: str, parameters: list[str]) -> str | None:
        """What an EXECUTE runs, with its parameters in place; None for other statements."""
        match = _EXECUTE.fullmatch(sql)
        if match is None:
            return None
        self._check("GetPreparedStatement")
        given = split(match.group(2)) if match.group(2) else parameters
        return with_parameters(self.statement(match.group(1)), given)

    def run(self, sql: str) -> bool:
        """Does a PREPARE or DEALLOCATE; False for other statements."""
        if match := _PREPARE.fullmatch(sql):
            self._check("CreatePreparedStatement")
            self.put(match.group(1), match.group(2).strip(), "")
            return True
        if match := _DEALLOCATE.fullmatch(sql):
            self._check("DeletePreparedStatement")
            key = f"{self._workgroup}/{match.group(1)}"
            if emulated._prepared_statements.pop(key, None) is None:  # noqa: SLF001
                raise QueryFailure("NOT_FOUND", f"Prepared statement not found: {match.group(1)}")
            return True
        return False

    def put(self, name: str, text: str, description: str) -> None:
        """Keeps a statement, in place of one of that name."""
        emulated._prepared_statements[f"{self._workgroup}/{name}"] = {  # noqa: SLF001
            "StatementName": name,
            "WorkGroupName": self._workgroup,
            "QueryStatement": text,
            "Description": description,
            "LastModifiedTime": int(time.time()),
        }


def prepares(sql: str) -> str | None:
    """The statement that a PREPARE holds, "" for a DEALLOCATE, None for other statements."""
    if match := _PREPARE.fullmatch(sql):
        return match.group(2)
    return "" if _DEALLOCATE.fullmatch(sql) else None


def split(text: str) -> list[str]:
    """The expressions of a list, at its outer commas."""
    parts, depth, start = [], 0, 0
    for token in Dialect.get_or_raise("trino").tokenize(text):
        kind = token.token_type
        if kind in {TokenType.L_PAREN, TokenType.L_BRACKET}:
            depth += 1
        elif kind in {TokenType.R_PAREN, TokenType.R_BRACKET}:
            depth -= 1
        elif kind == TokenType.COMMA and depth == 0:
            parts.append(text[start : token.start].strip())
            start = token.end + 1
    return [*parts, text[start:].strip()]


def update(data: dict[str, Any], caller: Caller, world: World) -> dict[str, Any]:
    """UpdatePreparedStatement, which the emulator lacks."""
    workgroup = str(data.get("WorkGroup") or "primary")
    statements = PreparedStatements(workgroup, caller, world)
    name = str(data.get("StatementName") or "")
    try:
        statements.statement(name)
    except RequestError as error:
        raise RequestError("ResourceNotFoundException", error.message) from None
    text, description = (str(data.get(k) or "") for k in ("QueryStatement", "Description"))
    statements.put(name, text, description)
    return {}


def batch_get(data: dict[str, Any], _: Caller, __: World) -> dict[str, Any]:
    """BatchGetPreparedStatement, which the emulator lacks."""
    workgroup = str(data.get("WorkGroup") or "primary")
    names = [str(name) for name in data.get("PreparedStatementNames") or []]
    held = {name: emulated._prepared_statements.get(f"{workgroup}/{name}") for name in names}  # noqa: SLF001
    missing = [
        {"StatementName": name, "ErrorCode": "NOT_FOUND", "ErrorMessage": "was not found"}
        for name, found in held.items()
        if found is None
    ]
    found = [item for item in held.values() if item is not None]
    return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing}
