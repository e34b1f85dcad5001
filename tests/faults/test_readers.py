"""Guarantee 1: a reader sees all of one build or all of the next, however often it is rebuilt."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.integration.live import event

if TYPE_CHECKING:
    from tests.faults.conftest import Breakable

REBUILDS = 20


def test_a_reader_never_sees_anything_but_a_whole_build(breakable: Breakable) -> None:
    # Given a published day, and a reader that polls it all the time
    live = breakable.live
    live.deliver_events(enabled=False)
    live.crawl()
    request = {"days": ["2004-05-20"], "tables": ["kpi.active_users"]}
    assert live.run(**request)["status"] == "SUCCEEDED"
    seen: list[tuple[str | None, ...]] = []
    stop = threading.Event()

    def read() -> None:
        sql = "SELECT company_id, active_users FROM kpi.active_users WHERE dt = '2004-05-20'"
        while not stop.is_set():
            seen.append(tuple(sorted(str(row["active_users"]) for row in live.query(sql))))

    reader = threading.Thread(target=read)
    reader.start()
    # When twenty rebuilds each find one more person in each of two companies
    whole: set[tuple[str, ...]] = {("6",)}
    try:
        for number in range(REBUILDS):
            people = [f"new{n}" for n in range(number + 1)]
            rows = [event(one, "2004-05-20") for one in people]
            others = [
                event(f"x{one}", "2004-05-20", company_id="other") for one in [*people, *range(6)]
            ]
            live.put("events", "2004-05-20", [*rows, *others], name="late")
            assert live.run(**request)["status"] == "SUCCEEDED"
            whole.add((str(number + 7), str(number + 7)))
    finally:
        stop.set()
        reader.join()
    # Then each read was of a whole build: both companies, with the same number of people
    normal = {tuple(sorted(one)) for one in whole}
    assert set(seen) <= normal
    assert len(set(seen)) > REBUILDS // 2  # the reader did watch
