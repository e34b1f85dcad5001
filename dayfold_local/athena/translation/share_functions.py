"""Shares of trials with their uncertainty (Wilson's score interval), and buckets of a range."""

from __future__ import annotations

from dayfold_local.athena.sql_types import BIGINT, DOUBLE, literal
from dayfold_local.athena.translation.coercion import coerce, coercible
from dayfold_local.athena.translation.failing import raising, unless_null
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.scope import Typed


@function("wilson_interval_lower", "wilson_interval_upper")
def _wilson(call: Call) -> Typed:
    """One end of the interval of `successes` of `trials` at `z` standard deviations.

    E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.
    """
    call.need(3)
    args = call.args()
    if not all(coercible(arg.type, BIGINT) for arg in args[:2]) or not args[2].type.is_numeric:
        raise call.unexpected()
    successes, trials = (coerce(arg, BIGINT).sql for arg in args[:2])
    z = coerce(args[2], DOUBLE).sql
    n, share = f"CAST({trials} AS DOUBLE)", f"(CAST({successes} AS DOUBLE) / {trials})"
    sign = "-" if call.name == "wilson_interval_lower" else "+"
    spread = f"{z} * sqrt({share} * (1 - {share}) / {n} + {z} * {z} / (4 * {n} * {n}))"
    end = f"({share} + {z} * {z} / (2 * {n}) {sign} {spread}) / (1 + {z} * {z} / {n})"
    wrong = {
        f"{successes} < 0": "number of successes must not be negative",
        f"{trials} <= 0": "number of trials must be positive",
        f"{successes} > {trials}": "number of successes must not be larger than number of trials",
        f"{z} < 0 OR isnan({z})": "z-score must not be negative",
    }
    checks = _checks(wrong, "DOUBLE")
    return Typed(unless_null(f"CASE {checks} ELSE {end} END", successes, trials, z), DOUBLE)


def _checks(wrong: dict[str, str], kind: str) -> str:
    """A CASE's branches that fail: each test with what is wrong then."""
    return " ".join(
        f"WHEN {test} THEN {raising('INVALID_FUNCTION_ARGUMENT', literal(text), kind)}"
        for test, text in wrong.items()
    )


@function("width_bucket")
def _width_bucket(call: Call) -> Typed:
    """The bucket of a number between two bounds, counted from the first, which may be the upper."""
    call.need(4)
    args = call.args()
    if not all(arg.type.is_numeric for arg in args) or not args[3].type.is_integer:
        raise call.unexpected()
    value, first, last = (coerce(arg, DOUBLE).sql for arg in args[:3])
    count = coerce(args[3], BIGINT).sql
    wrong = {
        f"{count} <= 0": "bucketCount must be greater than 0",
        f"isnan({value})": "operand must not be NaN",
        f"NOT isfinite({first})": "first bound must be finite",
        f"NOT isfinite({last})": "second bound must be finite",
        f"{first} = {last}": "bounds cannot equal each other",
    }
    checks = _checks(wrong, "BIGINT")
    low, high = f"least({first}, {last})", f"greatest({first}, {last})"
    place = f"CAST(trunc({count} * ({value} - {low}) / ({high} - {low}) + 1) AS BIGINT)"
    found = (
        f"CASE WHEN {value} < {low} THEN 0 WHEN {value} >= {high} THEN {count} + 1 ELSE {place} END"
    )
    turned = f"CASE WHEN {first} > {last} THEN {count} - {found} + 1 ELSE {found} END"
    sql = unless_null(f"CASE {checks} ELSE {turned} END", value, first, last, count)
    return Typed(f"CAST({sql} AS BIGINT)", BIGINT)
