"""From the crawler's success to the last KPI published: a small day on a warm local stack."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from pathlib import Path

from benchmarks.figures import heading, show
from dayfold_local import stack
from dayfold_local.sample import write_sample
from tests.integration.conftest import PROJECT, free_port
from tests.integration.live import Live

ROUNDS = 7
BUDGET_SECONDS = 3.0
LAST_DAY = dt.date(2026, 3, 31)


def main() -> None:
    """Land one more day at a time; the crawler's success builds it."""
    with tempfile.TemporaryDirectory() as folder:
        state, extracts = Path(folder) / "state", Path(folder) / "extracts"
        write_sample(extracts, LAST_DAY)
        live = Live.of(stack.up(state, free_port(), {}, PROJECT))
        try:
            waited, published = _measure(live, extracts)
        finally:
            stack.down(state)
    heading("Event to last KPI published, one more small day, local stack warm")
    show("crawler's success to the last KPI published", published, BUDGET_SECONDS)
    show("crawler's success to the run's end", waited)


def _measure(live: Live, extracts: Path) -> tuple[list[float], list[float]]:
    days = sorted({path.name for path in extracts.glob("*/dt=*")})
    history, new = days[: -ROUNDS - 1], days[-ROUNDS - 1 :]
    _land(live, extracts, history)
    live.crawl()
    _wait_for_new_run(live, 0)
    waited, published = [], []
    for day in new:
        known = len(live.executions())
        _land(live, extracts, [day])
        live.crawl()
        event = time.time()
        run = _wait_for_new_run(live, known)
        waited.append(time.time() - event)
        published.append(_last_published(live, run) - event)
    return waited[1:], published[1:]  # the first one warmed the functions up


def _land(live: Live, extracts: Path, days: list[str]) -> None:
    bucket, s3 = live.outputs["Bucket"], live.client("s3")
    for day in days:
        for path in sorted(extracts.glob(f"*/{day}/*")):
            key = f"raw/{path.relative_to(extracts).as_posix()}"
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


def _wait_for_new_run(live: Live, known: int) -> str:
    while len(live.executions()) <= known:
        time.sleep(0.01)
    newest = max(live.executions(), key=lambda one: one["startDate"])
    ended = live.wait(newest["executionArn"])
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    return str(newest["name"])


def _last_published(live: Live, run_id: str) -> float:
    """When the run published its last partition, in epoch seconds."""
    moments = [
        dt.datetime.fromisoformat(item["ended_at"]["S"]).timestamp()
        for item in live.ledger_items("BUILD#")
        if item["run_id"]["S"] == run_id
    ]
    return max(moments)


if __name__ == "__main__":
    main()
