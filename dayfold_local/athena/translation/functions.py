"""Functions: which are known, how their arguments are matched, how the rest is refused.

Only what is known to answer as Trino does is here. Anything else is refused in Trino's words.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import quote
from dayfold_local.athena.translation.expressions import Translator, expression
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Scope, Typed
from dayfold_local.athena.translation.signatures import ALIASES, REFUSED, SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.athena.sql_types import (
        Type,
    )


@dataclasses.dataclass(slots=True)
class Call:
    """A function call under translation."""

    name: str
    node: exp.Expr
    raw: list[exp.Expr]
    scope: Scope
    to: Translator

    def arg(self, index: int) -> Typed:
        """One argument, translated."""
        found = expression(self.raw[index], self.scope, self.to)
        if index == 0 and found.type.is_text and self._seeks_words():
            return Typed(f"ascii_words({found.sql})", found.type)
        return found

    def _seeks_words(self) -> bool:
        """Whether a pattern has bounds of words or named classes, which the engine has of ASCII."""
        pattern = self.raw[1] if self.name.startswith("regexp_") and len(self.raw) > 1 else None
        text = str(pattern.this).lower() if isinstance(pattern, exp.Literal) else ""
        return "\\b" in text or "[:" in text

    def args(self) -> list[Typed]:
        """All arguments, translated."""
        return [self.arg(index) for index in range(len(self.raw))]

    def lambda_(self, index: int, kinds: list[Type]) -> tuple[str, Type]:
        """A lambda argument for parameters of these types: its text and its result type."""
        node = self.raw[index]
        if not isinstance(node, exp.Lambda) or len(node.expressions) != len(kinds):
            raise self.unexpected()
        names = [name.name.lower() for name in node.expressions]
        given = {n: Typed(quote(n), kind) for n, kind in zip(names, kinds, strict=True)}
        inner = self.scope.with_lambda(given)
        body = expression(node.this, inner, self.to)
        listed = ", ".join(f'"{name}"' for name in names)
        return f"lambda {listed}: {body.sql}", body.type

    def inlined(self, index: int, values: list[Typed]) -> tuple[str, Type]:
        """A lambda argument's body with its parameters replaced by these values."""
        node = self.raw[index]
        if not isinstance(node, exp.Lambda) or len(node.expressions) != len(values):
            raise self.unexpected()
        names = [name.name.lower() for name in node.expressions]
        inner = self.scope.with_lambda(dict(zip(names, values, strict=True)))
        body = expression(node.this, inner, self.to)
        return f"({body.sql})", body.type

    def need(self, *counts: int) -> None:
        """Refuses a wrong number of arguments."""
        if len(self.raw) not in counts:
            raise self.unexpected()

    def literal(self, index: int) -> str:
        """An argument that has to be a text literal to be translated."""
        value = self.arg(index).value
        if not isinstance(value, str):
            raise not_supported(f"{position(self.node)}{self.name} with a computed argument")
        return value

    def unexpected(self) -> QueryFailure:
        """Trino's answer to arguments that fit no signature."""
        shown = ", ".join(
            "function" if isinstance(node, exp.Lambda) else str(self.arg(at).type)
            for at, node in enumerate(self.raw)
        )
        return QueryFailure(
            "FUNCTION_NOT_FOUND",
            f"{position(self.node)}Unexpected parameters ({shown}) for function {self.name}",
        )


FUNCTIONS: dict[str, Callable[[Call], Typed]] = {}


def function(*names: str) -> Callable[[Callable[[Call], Typed]], Callable[[Call], Typed]]:
    """Registers a translation under the function's names."""

    def register(handler: Callable[[Call], Typed]) -> Callable[[Call], Typed]:
        for name in names:
            FUNCTIONS[name] = handler
        return handler

    return register


def translate_call(call: Call) -> Typed:
    """The call in the engine's words."""
    call.name = ALIASES.get(call.name, call.name)
    handler = FUNCTIONS.get(call.name)
    if handler is not None:
        return handler(call)
    candidates = SIGNATURES.get(call.name)
    if candidates is None:
        raise unknown_function(call)
    args = call.args()
    if call.name != "length" and any(arg.type.name == "char" for arg in args):
        raise not_supported(f"{position(call.node)}{call.name} of a char: cast it to varchar")
    for candidate in candidates:
        found = candidate.match(args)
        if found is not None:
            return found
    raise call.unexpected()


def unknown_function(call: Call) -> QueryFailure:
    """The refusal: Trino's own for a function that does not exist, ours for one it has."""
    if call.name in REFUSED:
        return not_supported(f"{position(call.node)}the local Athena does not have {call.name}")
    return QueryFailure(
        "FUNCTION_NOT_FOUND",
        f"{position(call.node)}Function '{call.name}' not registered",
    )
