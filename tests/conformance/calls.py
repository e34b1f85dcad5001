"""Random calls of every function that Trino has: `Calls(seed, functions).query()`.

Where the generator's grammar makes queries that are likely, this looks for the unlikely: each
function as often as another, whatever its overloads, with arguments drawn from columns and literals
of the parameter's type, edges first: NULL, NaN, the largest numbers, days far away, zones, what is
no JSON, no number, no date. Most fail, or are refused; no answer may differ.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from tests.conformance import arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

# Drawn by chance or the clock, of an order that is not kept, or asking the server for memory
# without end.
_CHANCE: Final = (
    "rand", "random", "uuid", "shuffle", "now", "current_timestamp", "current_time", "version",
    "current_date", "localtime", "localtimestamp", "arbitrary", "any_value", "bar", "render",
)  # fmt: skip
_UNORDERED: Final = (
    "map_union", "histogram", "multimap_agg", "array_histogram", "map_zip_with", "checksum",
)  # fmt: skip
SKIPPED: Final = frozenset((*_CHANCE, *_UNORDERED))
_ORDERED: Final = frozenset({"array_agg", "map_agg"})
_WHERES: Final = (*["k NOT IN (4, 5)"] * 6, "true", "true", "k < 3", "k = 4", "k = 5")
_CASTS: Final = (
    "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal(10,2)",
    "decimal(38,4)", "varchar", "varchar(3)", "date", "time", "timestamp", "timestamp(0)",
    "timestamp(6)", "timestamp(3) with time zone", "json", "array(varchar)", "array(bigint)",
    "array(json)", "array(double)", "map(varchar,varchar)", "map(varchar,json)",
    "map(varchar,double)", "row(a bigint, b varchar)",
)  # fmt: skip
_COMPARISONS: Final = ("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM")
_FIELDS: Final = ("year", "month", "day", "hour", "minute", "second", "week", "quarter", "dow")


class Calls:
    """Queries one after the other, all from one seed and one list of functions."""

    def __init__(self, seed: int, functions: Sequence[tuple[str, ...]]) -> None:
        """`functions`: rows of SHOW FUNCTIONS: name, result, arguments, kind."""
        self._random = random.Random(seed)
        self._overloads: dict[str, list[tuple[str, str]]] = {}
        for name, _, parameters, kind, *_ in functions:
            if name not in SKIPPED and not name.startswith(("st_", "$")):
                self._overloads.setdefault(name, []).append((parameters, kind))
        self._names = sorted(self._overloads)
        self._values = arguments.Values(self._random)

    def query(self) -> str:
        """The next query."""
        while True:
            try:
                if self._random.random() < 0.25:
                    return self._rows(self._operator())
                return self._call()
            except arguments.NoValueError:
                continue

    def _rows(self, expression: str) -> str:
        where = self._random.choice(_WHERES)
        return f"SELECT k, {expression} AS v FROM typed WHERE {where} ORDER BY k"

    def _call(self) -> str:
        name = self._random.choice(self._names)
        parameters, kind = self._random.choice(self._overloads[name])
        if name == "listagg" or (name == "array_sort" and "function" in parameters):
            raise arguments.NoValueError  # its syntax is its own; it takes comparators only
        listed = ", ".join(self._values.arguments(name, parameters))
        call = f"{name}({listed})"
        if kind == "scalar":
            return self._rows(f"try({call})" if self._random.random() < 0.1 else call)
        if kind == "window":
            return self._rows(f"{call} OVER ({self._window()})")
        if name in _ORDERED:
            call = f"{name}({listed} ORDER BY k)"
        return self._aggregate(call)

    def _aggregate(self, call: str) -> str:
        where, way = self._random.choice(_WHERES), self._random.random()
        if way < 0.2 and "ORDER BY" not in call:
            return self._rows(f"{call} OVER ({self._window()})")
        if way < 0.4:
            call += " FILTER (WHERE k > 2)"
        if way < 0.6:
            return f"SELECT b, {call} AS v FROM typed WHERE {where} GROUP BY b"
        return f"SELECT {call} AS v FROM typed WHERE {where}"

    def _window(self) -> str:
        part = self._random.choice(("", "PARTITION BY b "))
        tail = self._random.choice(("", " DESC", " ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING"))
        return f"{part}ORDER BY k{tail}"

    def _operator(self) -> str:
        draw, kinds = self._values.of, arguments.KINDS
        one = self._random.choice(kinds)
        other = one if self._random.random() < 0.6 else self._random.choice(kinds)
        way = self._random.random()
        if way < 0.35:
            cast = self._random.choice(("CAST", "TRY_CAST"))
            return f"{cast}({draw(one)} AS {self._random.choice(_CASTS)})"
        if way < 0.6:
            sign = self._random.choice(("+", "-", "*", "/", "%", "||"))
            return f"({draw(one)} {sign} {draw(other)})"
        if way < 0.85:
            return f"({draw(one)} {self._random.choice(_COMPARISONS)} {draw(other)})"
        if way < 0.9:
            return f"({draw(one)} IN ({draw(one)}, {draw(one)}))"
        if way < 0.94:
            return f"({draw(one)} BETWEEN {draw(one)} AND {draw(one)})"
        moment = draw(self._random.choice(("date", "timestamp", "moment", "time")))
        return f"extract({self._random.choice(_FIELDS)} FROM {moment})"
