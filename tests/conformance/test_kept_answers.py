"""The DuckDB engine against the answers that a Trino server gave and that are kept here.

`make test-trino` asks Trino again and rewrites them where they are missing.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from dayfold_local import process
from dayfold_local.folder import StateFolder
from tests.conformance import data, shipped, suite
from tests.conformance.engines import LocalAthena
from tests.conformance.suite import Answer, Case
from tests.local_athena.client import Client
from tests.local_athena.conftest import free_port
from tests.queries.oracle import KPIS

if TYPE_CHECKING:
    from pathlib import Path

CASES = [*suite.cases(), *shipped.cases()]
FAMILIES = sorted({case.family for case in CASES} - {suite.DIFFERENCES})
SHIPPED = {
    *("staging.events", "staging.posts", "staging.users", "kpi.every_check"),
    *(f"kpi.{name}" for name in KPIS),
}

CHANGED = (
    "If the statement itself has changed, as a shipped query may: REWRITE_ANSWERS=1 make test-trino"
    " asks Trino again"
)


def differences(athena: LocalAthena, cases: list[Case]) -> tuple[list[str], set[str]]:
    """What the engine answers otherwise than Trino did, and which statements it refuses."""
    found, refused = [], set()
    for case in cases:
        kept = suite.kept(case.family)[case.text]
        wanted, answer = Answer.of(kept), athena.ask(case.sql)
        different = suite.difference(case.sql, wanted, answer)
        if different is not None:
            found.append(f"{case}\n    {different}")
        if answer.is_refusal and wanted.error is None:
            refused.add(case.text)
    return found, refused


def is_of_a_new_table(case: Case) -> bool:
    """Whether a statement is of a query that does not ship."""
    name = case.text.partition(" ")[0]
    return case.family in {shipped.QUERIES, shipped.CHECKS} and name not in SHIPPED


@pytest.mark.parametrize("family", FAMILIES)
def test_statements_answer_as_on_trino_or_are_refused(athena: LocalAthena, family: str) -> None:
    # Given the statements of a file, and what Trino answered to each; a table that is new here,
    # as a user's own, has no answers before `make test-trino`
    kept = suite.kept(family)
    cases = [case for case in CASES if case.family == family]
    assert {case.text for case in cases if not is_of_a_new_table(case)} <= kept.keys()
    cases = [case for case in cases if case.text in kept]
    known = {text for text, answer in kept.items() if answer.get("refused")}

    # When the DuckDB engine is asked
    found, refused = differences(athena, cases)

    # Then nothing differs, and only what is recorded so is refused
    assert not found, "\n".join([*found, CHANGED])
    assert not refused - known, "refused now, and not before: make test-trino records it"


def test_random_queries_answer_as_on_trino_or_are_refused(athena: LocalAthena) -> None:
    # Given queries of the generator, and what Trino answered to each
    answers = suite.kept(suite.RANDOM)
    assert len(answers) >= 300

    # When the DuckDB engine is asked
    found, refused = differences(athena, [Case(suite.RANDOM, text, text) for text in answers])

    # Then nothing differs, and few are refused
    assert not found, "\n".join(found)
    assert len(refused) <= len(answers) * 0.1


WRONG_TRANSLATIONS = """
from dayfold_local.athena.translation import expressions, operators, selects

right = operators.arithmetic
def divides_as_doubles(name, left, right_side, node):
    made = right(name, left, right_side, node)
    return type(made)(made.sql.replace('//', '/'), made.type) if name == 'div' else made
operators.arithmetic = divides_as_doubles

from sqlglot import exp
like = expressions.HANDLERS[exp.Like]
def forgets_not(node, *rest):
    node.set('negate', None)
    return like(node, *rest)

ordered = selects.order_item
selects.order_item = lambda *given: ordered(*given).replace('NULLS LAST', 'NULLS FIRST')

from dayfold_local import server
from dayfold_local.athena.translation import conditions
expressions.HANDLERS[exp.Like] = forgets_not
raise SystemExit(server.main())
"""


def test_a_wrong_translation_is_caught(tmp_path: Path) -> None:
    # Given a server whose translation divides integers as doubles, reads NOT LIKE as LIKE, and
    # sorts NULLs first
    folder, port = StateFolder(tmp_path / "state"), free_port()
    folder.create()
    with folder.log.open("wb") as log:
        started = subprocess.Popen(
            [
                *(sys.executable, "-c", WRONG_TRANSLATIONS),
                *("--state", str(folder.root), "--port", str(port)),
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + process.START_SECONDS
        while not process.answers(port):
            assert time.monotonic() < until, folder.log.read_text()
            time.sleep(0.1)
        client = Client.root(port)
        data.lay_out(client)
        wanted = ("i / 2", "s NOT LIKE '%a%'", "SELECT k FROM typed ORDER BY d, k")
        cases = [case for case in suite.cases() if case.text in wanted]
        assert len(cases) == len(wanted)

        # When the suite's statements run on it
        found, _ = differences(LocalAthena(client), cases)

        # Then each of the three is reported
        assert len(found) == len(wanted)
    finally:
        process.stop(folder)
        started.wait()
