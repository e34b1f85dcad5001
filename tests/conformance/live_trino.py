"""Both engines at once: `make test-trino` runs this file; nothing else does.

It asks a Trino server every statement again, keeps what is new in `answers/`, and holds the DuckDB
engine against the same answers over the same catalog and bucket. RANDOM_QUERIES says how many
queries the generator makes (1000), RANDOM_CALLS how many calls of single functions (1000),
RANDOM_SEED from where; REWRITE_ANSWERS=1 keeps Trino's answers also where they have changed.
"""

from __future__ import annotations

import concurrent.futures
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance import shipped, suite
from tests.conformance.calls import Calls
from tests.conformance.generator import Generator
from tests.conformance.suite import Answer, Case

if TYPE_CHECKING:
    from tests.conformance.engines import LocalAthena, Trino

KEPT_RANDOM = 300
REWRITES = os.environ.get("REWRITE_ANSWERS") == "1"
CASES = [*suite.cases(), *shipped.cases()]
FAMILIES = sorted({case.family for case in CASES} - {suite.DIFFERENCES})


def compared(
    cases: list[Case], trino: Trino, athena: LocalAthena
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Trino's answers as they are kept, and what the DuckDB engine answers otherwise."""
    answers: dict[str, dict[str, Any]] = {}
    different = []
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        wanted = threads.map(lambda case: trino.ask(case.sql), cases)
        for case, want in zip(cases, wanted, strict=True):
            found = athena.ask(case.sql)
            what = suite.difference(case.sql, want, found)
            if what is not None:
                different.append(f"{case}\n    {what}")
            answers[case.text] = want.document(case.sql)
            if found.is_refusal and want.error is None:
                answers[case.text]["refused"] = True
    return answers, different


@pytest.mark.parametrize("family", FAMILIES)
def test_both_engines_answer_alike(family: str, trino: Trino, athena: LocalAthena) -> None:
    # Given the statements of a file and the answers kept for them
    cases = [case for case in CASES if case.family == family]
    kept = suite.kept(family)

    # When both engines are asked
    answers, different = compared(cases, trino, athena)

    # Then nothing differs, and Trino says what it said before; what is new is kept
    changed = changes(cases, kept, answers)
    suite.keep(family, merged(kept, answers, changed if REWRITES else []))
    assert not different, "\n".join(different)
    assert REWRITES or not changed, (
        f"Trino answers otherwise than is kept (REWRITE_ANSWERS=1): {changed}"
    )


def test_what_is_known_to_differ_still_does(trino: Trino, athena: LocalAthena) -> None:
    # Given the statements that docs/trino.md lists
    cases = [case for case in CASES if case.family == suite.DIFFERENCES]

    # When both engines are asked
    answers, different = compared(cases, trino, athena)

    # Then each differs; what no longer does is to be taken off the list
    suite.keep(suite.DIFFERENCES, answers)
    assert len(different) == len(cases), different


def merged(
    kept: dict[str, dict[str, Any]], answers: dict[str, dict[str, Any]], changed: list[str]
) -> dict[str, dict[str, Any]]:
    """What is kept from now on: an old answer as it was written, but for those that changed.

    So the last digits of a sum, or the order of rows without one, do not come and go.
    """
    return {
        text: answer
        if text in changed or text not in kept
        else {
            **{key: value for key, value in kept[text].items() if key != "refused"},
            **({"refused": True} if "refused" in answer else {}),
        }
        for text, answer in answers.items()
    }


def changes(
    cases: list[Case], kept: dict[str, dict[str, Any]], answers: dict[str, dict[str, Any]]
) -> list[str]:
    """The statements to which Trino now gives another answer."""
    return [
        case.text
        for case in cases
        if case.text in kept
        and (
            kept[case.text].get("error") != answers[case.text].get("error")
            or suite.difference(case.sql, Answer.of(kept[case.text]), Answer.of(answers[case.text]))
        )
    ]


def test_random_queries_answer_alike_or_are_refused(trino: Trino, athena: LocalAthena) -> None:
    # Given queries of the generator
    count = int(os.environ.get("RANDOM_QUERIES", "1000"))
    seed = int(os.environ.get("RANDOM_SEED", str(suite.RANDOM_SEED)))
    generator = Generator(seed)
    texts = list(dict.fromkeys(generator.query() for _ in range(count)))

    # When both engines are asked
    cases = [Case(suite.RANDOM, text, text) for text in texts]
    answers, different = compared(cases, trino, athena)

    # Then no answer differs, and few queries are refused
    refused = [text for text, answer in answers.items() if answer.get("refused")]
    failed = [text for text, answer in answers.items() if "error" in answer]
    print(f"{len(texts)} queries: {len(refused)} refused, {len(failed)} fail on Trino")
    if seed == suite.RANDOM_SEED and (REWRITES or not suite.kept(suite.RANDOM)):
        suite.keep(suite.RANDOM, {text: answers[text] for text in texts[:KEPT_RANDOM]})
    assert not different, "\n".join(different)
    assert len(refused) <= len(texts) * 0.1


def test_random_calls_answer_alike_or_are_refused(trino: Trino, athena: LocalAthena) -> None:
    # Given calls of every function that Trino has
    count = int(os.environ.get("RANDOM_CALLS", "1000"))
    seed = int(os.environ.get("RANDOM_SEED", str(suite.RANDOM_SEED)))
    functions = [tuple(map(str, row)) for row in trino.ask("SHOW FUNCTIONS").rows]
    calls = Calls(seed, functions)
    cases = [
        Case("calls", text, text) for text in dict.fromkeys(calls.query() for _ in range(count))
    ]

    # When both engines are asked
    answers, different = compared(cases, trino, athena)

    # Then no answer differs, but where Trino fails by a fault of its own
    known = [text for text in answers if answers[text].get("error") != "GENERIC_INTERNAL_ERROR"]
    refused = [text for text in known if answers[text].get("refused")]
    failed = [text for text in known if "error" in answers[text]]
    print(f"{len(known)} calls: {len(refused)} refused, {len(failed)} fail on Trino")
    different = [what for what in different if "GENERIC_INTERNAL_ERROR" not in what]
    assert not different, "\n".join(different)
    assert len(refused) <= len(known) * 0.25
