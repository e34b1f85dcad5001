"""`sequence`: numbers, days or moments one step apart, at most 10,000 of them.

How many there are is reckoned before one is made: the engine would make them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dayfold_local.athena.sql_types import (
    BIGINT,
    DATE,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    Type,
    array,
    literal,
)
from dayfold_local.athena.translation.coercion import coerce, common_type
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST: Final = 10_000
_ORDER: Final = (
    "sequence stop value should be greater than or equal to start value if step is greater than "
    "zero otherwise stop should be less than or equal to start"
)
_DAY: Final = 86_400_000_000  # microseconds


@function("sequence")
def _sequence(call: Call) -> Typed:
    call.need(2, 3)
    args = call.args()
    first, last = args[0], args[1]
    if first.type.is_integer and last.type.is_integer:
        if len(args) == 3 and not args[2].type.is_integer:
            raise call.unexpected()
        step = coerce(args[2], BIGINT).sql if len(args) == 3 else None
        return _numbers(coerce(first, BIGINT).sql, coerce(last, BIGINT).sql, step)
    kind = common_type(first.type, last.type)
    if kind is None or kind.name not in {"date", "timestamp"}:
        raise call.unexpected()
    bounds = [f"CAST({side.sql} AS TIMESTAMP)" for side in (first, last)]
    if len(args) == 2 and kind == DATE:
        return _moments(bounds, None, kind)
    if len(args) == 2 or args[2].type not in {INTERVAL_DAY, INTERVAL_MONTH}:
        raise call.unexpected()
    if args[2].type == INTERVAL_MONTH:
        return _months(bounds, args[2].sql, kind)
    return _moments(bounds, f"epoch_us({args[2].sql})", kind)


def _numbers(first: str, last: str, step: str | None) -> Typed:
    made = _made(
        [f"CAST({side} AS HUGEINT)" for side in (first, last)],
        f"CAST({step} AS HUGEINT)" if step else None,
        "CAST(1 AS HUGEINT)",
        lambda at: f"CAST(a_.f + a_.s * {at} AS BIGINT)",
    )
    return Typed(made, array(BIGINT))


def _moments(bounds: list[str], step: str | None, kind: Type) -> Typed:
    made = _made(
        [f"epoch_us({side})" for side in bounds],
        step,
        f"CAST({_DAY} AS BIGINT)",
        lambda at: f"CAST(make_timestamp(a_.f + a_.s * {at}) AS {kind.duckdb})",
        f"a_.s % {_DAY} <> 0" if kind == DATE else None,
    )
    return Typed(made, array(kind))


def _months(bounds: list[str], step: str, kind: Type) -> Typed:
    """From the first day on: its months later, not the last one's, which may have been shorter."""
    months = f"(datepart('year', {step}) * 12 + datepart('month', {step}))"
    made = _made(
        bounds,
        months,
        "1",
        lambda at: f"CAST(a_.f + to_months(CAST(a_.s * {at} AS INTEGER)) AS {kind.duckdb})",
        between="date_sub('month', a_.f, a_.l)",
    )
    return Typed(made, array(kind))


def _made(
    bounds: list[str],
    step: str | None,
    unit: str,
    item: Callable[[str], str],
    odd: str | None = None,
    *,
    between: str = "(a_.l - a_.f)",
) -> str:
    """The list: `item` of each place from 0; without a step, by `unit` towards the last."""
    step = step or f"CASE WHEN {bounds[1]} >= {bounds[0]} THEN {unit} ELSE -{unit} END"
    wrong = {
        "a_.s = 0": "step must not be zero",
        "(a_.s > 0 AND a_.l < a_.f) OR (a_.s < 0 AND a_.l > a_.f)": _ORDER,
        f"{between} // a_.s >= {_LONGEST}": "result of sequence function must not have more than "
        f"{_LONGEST} entries",
    }
    if odd:
        wrong[odd] = "sequence step must be a day interval if start and end values are dates"
    checks = " ".join(
        f"WHEN {test} THEN {raising('INVALID_FUNCTION_ARGUMENT', literal(text), 'BIGINT')}"
        for test, text in wrong.items()
    )
    count = (
        f"CASE WHEN a_.f IS NULL OR a_.l IS NULL OR a_.s IS NULL THEN NULL {checks} "
        f"ELSE CAST({between} // a_.s AS BIGINT) + 1 END"
    )
    listed = f"list_transform(range({count}), lambda n_: {item('n_')})"
    parts = f"{{'f': {bounds[0]}, 'l': {bounds[1]}, 's': {step}}}"
    return f"list_transform([{parts}], lambda a_: {listed})[1]"
