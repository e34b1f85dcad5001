"""One partition: its builds, inputs, checks and cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dayfold.domain.partition import BuildRecord
from tests.unit.cli.fakes import DAY, PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Result
    from tests.unit.cli.fakes import FakeLedger


def test_show_tells_builds_inputs_and_cost(
    dayfold: Callable[..., Result], ledger: FakeLedger
) -> None:
    # Given
    ledger.states["kpi.active_users"] = {DAY: PUBLISHED}
    ledger.history["kpi.active_users", DAY] = [
        BuildRecord(
            "2004-05-20", 1, "b1", "run-0", "failed", "2004-05-20T01:00:00+00:00", error="bad SQL"
        ),
        BuildRecord(
            "2004-05-20", 2, "b2", "run-1", "published", "2004-05-21T01:00:00+00:00", "q-2", rows=3
        ),
    ]
    # When
    result = dayfold("show", "active_users", "2004-05-20")
    as_json = dayfold("show", "active_users", "2004-05-20", "--format", "json")
    # Then
    assert result.code == 0
    for said in ("published, attempt 2", "1.23 MB", "$0.00005", "staging.posts", "q-2", "bad SQL"):
        assert said in result.out
    assert json.loads(as_json.out)["builds"][0]["error"] == "bad SQL"


def test_show_of_what_was_never_built_says_how_to_build_it(
    dayfold: Callable[..., Result], ledger: FakeLedger
) -> None:
    # When
    result = dayfold("show", "kpi.active_users", "2004-05-20")
    # Then
    assert result.code == 1
    assert "`dayfold run --table kpi.active_users --day 2004-05-20` builds it" in result.err
