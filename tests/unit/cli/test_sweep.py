"""`dayfold sweep`: what was found and done, in words, rows and JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from dayfold.domain.sweeping import SweepRecord
from tests.unit.cli.conftest import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Result

REPORT = SweepRecord(
    at="2004-05-21T02:00:00.000+00:00",
    first="2004-05-01",
    last="2004-05-21",
    judged=40,
    up_to_date=30,
    waiting=4,
    left_to_others=1,
    given_up=("kpi.b 2004-05-09: it failed 3 times: SYNTAX_ERROR",),
    found={"missing": 2, "stale: raw.events changed": 3},
    partitions=("kpi.a 2004-05-20: missing", "kpi.b 2004-05-11: stale: raw.events changed"),
    started="sweep-20040521T02-0123abcd",
    started_kind="run",
    stopped_queries=("q-1",),
)


def test_a_sweep_is_told_in_words(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given
    asked: list[Any] = []
    functions[OUTPUTS["SweepFunction"]] = _answering(asked)
    # When
    done = dayfold("sweep")
    looked = dayfold("sweep", "--dry-run")
    # Then
    assert asked == [{"dry_run": False}, {"dry_run": True}]
    assert done.code == 0
    for said in (
        "judged 40 partitions, 2004-05-01..2004-05-21: 30 up to date, 4 waiting, 1 left to",
        "to build, stale: raw.events changed: 3 partitions",
        "... and 3 more",
        "stopped query: q-1",
        "started run sweep-20040521T02-0123abcd",
    ):
        assert said in done.out
    assert "given up until its query or an input changes: kpi.b 2004-05-09" in done.err
    assert "query to stop: q-1" in looked.out
    assert "would start run" in looked.out


def test_a_sweep_is_told_in_rows_and_as_json(
    dayfold: Callable[..., Result], functions: dict[str, Callable[[Any], Any]]
) -> None:
    # Given
    functions[OUTPUTS["SweepFunction"]] = _answering([])
    # When
    rows = dayfold("sweep", "--format", "csv").out.splitlines()
    report = json.loads(dayfold("sweep", "--format", "json").out)
    # Then
    assert rows[:2] == ["what,name", "build,kpi.a 2004-05-20: missing"]
    assert rows[-1] == "stopped query,q-1"
    assert report["started_kind"] == "run"


def _answering(asked: list[Any]) -> Callable[[Any], Any]:
    """The function's answer, as JSON gives it back."""

    def answer(event: Any) -> Any:
        asked.append(event)
        report = dataclasses.replace(REPORT, dry_run=event["dry_run"])
        return json.loads(json.dumps(dataclasses.asdict(report)))

    return answer
