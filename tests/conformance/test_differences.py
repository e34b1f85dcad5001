"""The lists of what is refused and of what differs, in docs/, held against the kept answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance import suite
from tests.conformance.suite import Answer

if TYPE_CHECKING:
    from tests.conformance.engines import LocalAthena

DOCS = Path(__file__).resolve().parents[2] / "docs"


def listed(page: str, heading: str) -> list[str]:
    """The statements in backticks under a heading of a page of docs/."""
    text = (DOCS / page).read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"`([^`\n]+)`", section)


def test_every_refused_statement_is_on_the_page_and_nothing_else() -> None:
    # Given the statements of the suite that Trino answers and the DuckDB engine refuses
    families = {case.family for case in suite.cases()}
    refused = {
        text
        for family in families
        for text, answer in suite.kept(family).items()
        if answer.get("refused")
    }

    # When the page is read
    found = listed("refused.md", "The statements")

    # Then it has them all, once each
    assert len(found) == len(set(found))
    assert set(found) == refused


def test_every_known_difference_is_on_the_page_and_still_one(athena: LocalAthena) -> None:
    # Given the statements that are known to differ, and what Trino answered to each
    cases = [case for case in suite.cases() if case.family == suite.DIFFERENCES]
    kept = suite.kept(suite.DIFFERENCES)

    # When the DuckDB engine is asked
    differing = {
        case.text
        for case in cases
        if suite.difference(case.sql, Answer.of(kept[case.text]), athena.ask(case.sql))
    }

    # Then all of them differ, and the page lists them and no other
    assert differing == {case.text for case in cases}
    assert set(listed("trino.md", "Differences that remain")) == differing
