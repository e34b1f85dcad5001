"""Rolling a range back under a reader's eyes: each day whole at every read, and on record."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import TYPE_CHECKING, Any

from dayfold.domain.publications import as_of
from tests.faults.conftest import DAYS
from tests.integration.live import event

if TYPE_CHECKING:
    from tests.faults.conftest import Breakable
    from tests.integration.live import Live

TABLE = "kpi.active_users"
SQL = (
    f"SELECT dt, company_id, active_users FROM {TABLE} "
    f"WHERE dt BETWEEN '{DAYS[0]}' AND '{DAYS[-1]}'"
)
FIRST = ("acme 6",)
SECOND = ("acme 7", "other 7")
TURNS = 12


def roll_back(live: Live, number: int, **asked: Any) -> dict[str, Any]:
    """Invoke the function as the command does."""
    request = {"run_id": f"rollback-{number}", "by": "tests", **asked}
    answer = live.client("lambda").invoke(
        FunctionName=live.outputs["RollBackFunction"], Payload=json.dumps(request).encode()
    )
    return dict(json.loads(answer["Payload"].read()))


def build_twice(live: Live) -> None:
    """The first build has one company of six people a day, the second two of seven."""
    request = {"days": DAYS, "tables": [TABLE], "days_per_job": 3}
    assert live.run(**request)["status"] == "SUCCEEDED"
    for day in DAYS:
        rows = [event("new", day), *(event(f"x{n}", day, company_id="other") for n in range(7))]
        live.put("events", day, rows, name="late")
    assert live.run(**request)["status"] == "SUCCEEDED"


def test_each_day_is_whole_at_every_read_while_a_range_goes_back_and_forth(
    breakable: Breakable,
) -> None:
    # Given three days built twice, and a reader that polls them all the time
    live = breakable.live
    live.deliver_events(enabled=False)
    live.crawl()
    build_twice(live)
    day = dt.date.fromisoformat(DAYS[0])
    builds = [one.build_id for one in live.ledger.builds(TABLE, day)]
    seen: list[dict[str, tuple[str, ...]]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            days: dict[str, list[str]] = {day: [] for day in DAYS}
            for row in live.query(SQL):
                days[str(row["dt"])].append(f"{row['company_id']} {row['active_users']}")
            seen.append({day: tuple(sorted(rows)) for day, rows in days.items()})

    reader = threading.Thread(target=read)
    reader.start()
    # When the range goes back and forth
    try:
        for turn in range(TURNS):
            span = {"first": DAYS[0], "last": DAYS[-1]}
            answer = roll_back(live, turn, table=TABLE, **span, build_id=builds[turn % 2])
            assert answer["moved"] == len(DAYS), answer
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
    breakable: Breakable,
) -> None:
    # Given a staging table that was built twice, with what reads it
    live = breakable.live
    live.deliver_events(enabled=False)
    live.crawl()
    build_twice(live)
    day = dt.date.fromisoformat(DAYS[1])
    before = {one["sk"]["S"] + one["pk"]["S"] for one in live.ledger_items("BUILD#")}
    # When its second day is rolled back, and a run looks at the days again
    answer = roll_back(live, 1, table="staging.posts", first=DAYS[1], last=DAYS[1])
    assert answer["moved"] == 1
    assert live.run(days=DAYS, tables=[TABLE])["status"] == "SUCCEEDED"
    # Then exactly the day of its reader was built again, from the earlier build
    new = [
        one for one in live.ledger_items("BUILD#") if one["sk"]["S"] + one["pk"]["S"] not in before
    ]
    assert [(one["pk"]["S"], one["day"]["S"]) for one in new] == [(f"TABLE#{TABLE}", DAYS[1])]
    rows = live.query(f"SELECT active_users FROM {TABLE} WHERE dt = '{DAYS[1]}'")
    assert [row["active_users"] for row in rows] == ["6"]
    # And the rolled-back day stays as it is
    state = live.ledger.partitions("staging.posts", day, day)[day]
    assert (state.pinned, state.pinned_by) == (True, "tests")
