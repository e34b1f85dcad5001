"""The shipped queries and their checks over real extracts: `make test-trino` runs this file.

They are asked where the extracts are at hand (DAYFOLD_REAL_DATA names their folder); no answer is
kept.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance import shipped, suite
from tests.conformance.shipped import Extracts
from tests.real_data import COLLEGE_MSG

if TYPE_CHECKING:
    from tests.conformance.engines import LocalAthena, Trino
    from tests.conformance.shipped_rows import Files
    from tests.conformance.suite import Case
    from tests.local_athena.client import Client

PROJECT = Path(__file__).resolve().parents[2]
FIRST, LAST = dt.date(2004, 4, 15), dt.date(2004, 10, 26)
REAL = Extracts(
    FIRST,
    LAST,
    (
        (FIRST, dt.date(2004, 4, 20)),  # two days without a file
        (FIRST, LAST),
        (dt.date(2004, 10, 26), dt.date(2004, 10, 26)),
        (dt.date(2004, 5, 17), dt.date(2004, 5, 21)),  # the busiest
    ),
)

pytestmark = pytest.mark.skipif(not COLLEGE_MSG.is_dir(), reason="the real extracts are not here")


def extracts() -> Files:
    """The rows by table and date of the file."""
    found: Files = {}
    for path in sorted(COLLEGE_MSG.glob("*/dt=*/*.json.gz")):
        day = dt.date.fromisoformat(path.parent.name.removeprefix("dt="))
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        found.setdefault(path.parts[-3], {}).setdefault(day, []).extend(rows)
    return found


def statements() -> list[Case]:
    """All statements; of a staging table no more than some days' rows are compared."""
    whole = f"from {FIRST} to {LAST}"
    return [
        case
        for case in shipped.cases(REAL)
        if not (case.text.startswith("staging.") and whole in case.text)
    ]


@pytest.fixture(scope="module")
def real(client: Client) -> None:
    """The tables, built from the real extracts in the place of the generated ones."""
    shipped.lay_out(client, extracts(), REAL)


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize("case", statements(), ids=lambda case: case.text)
def test_both_engines_answer_alike_over_real_extracts(
    case: Case, trino: Trino, athena: LocalAthena
) -> None:
    # When both engines are asked
    wanted, found = trino.ask(case.sql), athena.ask(case.sql)

    # Then the answers are equal, and neither fails
    assert wanted.error is None, wanted.message
    assert found.error is None, found.message
    assert suite.difference(case.sql, wanted, found) is None
