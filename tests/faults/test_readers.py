"""Guarantee 1: a reader sees all of one build or all of the next, however often it is rebuilt."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.faults.conftest import FULL, land
from tests.integration.live import event

if TYPE_CHECKING:
    from tests.integration.live import Live

DAY = "2004-02-20"
REBUILDS = 20 if FULL else 8


def test_a_reader_never_sees_anything_but_a_whole_build(steady: Live) -> None:
    # Given a published day, and a reader that polls it all the time
    live = steady
    land(live, [DAY])
    live.crawl()
    request = {"days": [DAY], "tables": ["kpi.active_users"]}
    assert live.run(**request)["status"] == "SUCCEEDED"
    seen: list[tuple[str | None, ...]] = []
    stop = threading.Event()

    def read() -> None:
        sql = f"SELECT company_id, active_users FROM kpi.active_users WHERE dt = '{DAY}'"
        while not stop.is_set():
            seen.append(tuple(sorted(str(row["active_users"]) for row in live.query(sql))))

    reader = threading.Thread(target=read)
    reader.start()
    # When rebuilds each find one more person in each of two companies
    whole: set[tuple[str, ...]] = {("6",)}
    try:
        for number in range(REBUILDS):
            people = [f"new{n}" for n in range(number + 1)]
            rows = [event(one, DAY) for one in people]
            others = [event(f"x{one}", DAY, company_id="other") for one in [*people, *range(6)]]
            live.put("events", DAY, [*rows, *others], name="late")
            assert live.run(**request)["status"] == "SUCCEEDED"
            whole.add((str(number + 7), str(number + 7)))
    finally:
        stop.set()
        reader.join()
    # Then each read was of a whole build: both companies, with the same number of people
    normal = {tuple(sorted(one)) for one in whole}
    assert set(seen) <= normal
    assert len(set(seen)) > REBUILDS // 2  # the reader did watch
