"""Rolling a range back under a reader's eyes: each day whole at every read, and on record."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import TYPE_CHECKING, Any

from dayfold.domain.publications import as_of
from tests.faults.conftest import FULL, land
from tests.integration.live import event

if TYPE_CHECKING:
    from tests.integration.live import Live

TABLE = "kpi.active_users"
FORTH = ["2004-05-18", "2004-05-19", "2004-05-20"]  # of the first test
STALE = ["2004-08-18", "2004-08-19", "2004-08-20"]  # and of the second
SQL = (
    f"SELECT dt, company_id, active_users FROM {TABLE} "
    f"WHERE dt BETWEEN '{FORTH[0]}' AND '{FORTH[-1]}'"
)
FIRST = ("acme 6",)
SECOND = ("acme 7", "other 7")
TURNS = 12 if FULL else 6


def roll_back(live: Live, number: int, **asked: Any) -> dict[str, Any]:
    """Invoke the function as the command does."""
    request = {"run_id": f"rollback-{number}", "by": "tests", **asked}
    answer = live.client("lambda").invoke(
        FunctionName=live.outputs["RollBackFunction"], Payload=json.dumps(request).encode()
    )
    return dict(json.loads(answer["Payload"].read()))


def build_twice(live: Live, days: list[str]) -> None:
    """The first build has one company of six people a day, the second two of seven."""
    land(live, days)
    live.crawl()
    request = {"days": days, "tables": [TABLE], "days_per_job": 3}
    assert live.run(**request)["status"] == "SUCCEEDED"
    for day in days:
        rows = [event("new", day), *(event(f"x{n}", day, company_id="other") for n in range(7))]
        live.put("events", day, rows, name="late")
    assert live.run(**request)["status"] == "SUCCEEDED"


def test_each_day_is_whole_at_every_read_while_a_range_goes_back_and_forth(
    steady: Live,
) -> None:
    # Given three days built twice, and a reader that polls them all the time
    live = steady
    build_twice(live, FORTH)
    day = dt.date.fromisoformat(FORTH[0])
    builds = [one.build_id for one in live.ledger.builds(TABLE, day)]
    seen: list[dict[str, tuple[str, ...]]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            days: dict[str, list[str]] = {day: [] for day in FORTH}
            for row in live.query(SQL):
                days[str(row["dt"])].append(f"{row['company_id']} {row['active_users']}")
            seen.append({day: tuple(sorted(rows)) for day, rows in days.items()})

    reader = threading.Thread(target=read)
    reader.start()
    # When the range goes back and forth
    try:
        for turn in range(TURNS):
            span = {"first": FORTH[0], "last": FORTH[-1]}
            answer = roll_back(live, turn, table=TABLE, **span, build_id=builds[turn % 2])
            assert answer["moved"] == len(FORTH), answer
    finally:
        stop.set()
        reader.join()
    # Then each read of each day was of a whole build, and both were seen
    states = {rows for one in seen for rows in one.values()}
    assert states == {FIRST, SECOND}
    # And the ledger says what was seen when
    history = live.ledger.publications(TABLE, day, day)[day]
    assert [one.cause for one in history] == ["build", "build", *["rollback"] * TURNS]
    for one in history:
        assert as_of(history, one.moment) == one


def test_what_read_the_undone_build_is_rebuilt_by_the_next_run_and_nothing_else(
    steady: Live,
) -> None:
    # Given a staging table that was built twice, with what reads it
    live = steady
    build_twice(live, STALE)
    day = dt.date.fromisoformat(STALE[1])
    before = {one["sk"]["S"] + one["pk"]["S"] for one in live.ledger_items("BUILD#")}
    # When its second day is rolled back, and a run looks at the days again
    answer = roll_back(live, TURNS, table="staging.posts", first=STALE[1], last=STALE[1])
    assert answer["moved"] == 1
    assert live.run(days=STALE, tables=[TABLE])["status"] == "SUCCEEDED"
    # Then exactly the day of its reader was built again, from the earlier build
    new = [
        one for one in live.ledger_items("BUILD#") if one["sk"]["S"] + one["pk"]["S"] not in before
    ]
    assert [(one["pk"]["S"], one["day"]["S"]) for one in new] == [(f"TABLE#{TABLE}", STALE[1])]
    rows = live.query(f"SELECT active_users FROM {TABLE} WHERE dt = '{STALE[1]}'")
    assert [row["active_users"] for row in rows] == ["6"]
    # And the rolled-back day stays as it is
    state = live.ledger.partitions("staging.posts", day, day)[day]
    assert (state.pinned, state.pinned_by) == (True, "tests")
