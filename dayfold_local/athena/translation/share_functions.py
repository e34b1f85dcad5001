"""Shares of trials with their uncertainty: Wilson's score interval."""

from __future__ import annotations

from dayfold_local.athena.sql_types import BIGINT, DOUBLE, literal
from dayfold_local.athena.translation.coercion import coerce, coercible
from dayfold_local.athena.translation.failing import raising
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
        f"{z} < 0": "z-score must not be negative",
    }
    checks = " ".join(
        f"WHEN {test} THEN {raising('INVALID_FUNCTION_ARGUMENT', literal(text), 'DOUBLE')}"
        for test, text in wrong.items()
    )
    return Typed(f"CASE {checks} ELSE {end} END", DOUBLE)
