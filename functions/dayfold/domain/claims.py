"""Claims: may this run build the partition now, given what the ledger says?

```
    taken        lease_until renewed at every look        published / failed
      |---------------|---------------|------ ... -----------|
      ^ attempt n     another run: held, until the lease is over or its run is dead;
                      then attempt n+1, and attempt n can no longer publish
```
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping

    from dayfold.domain.partition import PartitionState


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What a run may do with one partition.

    - take: build it, as the attempt after the one seen.
    - mine: this run has claimed it already, in an earlier delivery of the same call.
    - held: another run is building it now.
    - settled: another run has built it, or failed to, since the plan was made; or it is already
      what this job would make of it.
    """

    action: Literal["take", "mine", "held", "settled"]
    run_id: str = ""  # whose it is, if held


def judge(
    state: PartitionState | None,
    *,
    seen_attempt: int,
    run_id: str,
    now: int,
    dead_runs: Collection[str] = (),
    up_to_date: bool = False,
) -> Verdict:
    """Judge one partition.

    Args:
        state: the ledger's, None if it was never built.
        seen_attempt: the attempt number in the ledger when the plan was made.
        run_id: who asks.
        now: epoch seconds.
        dead_runs: runs known to have ended; their leases count as over.
        up_to_date: it is published, from just what the job would read: an attempt that was under
            way when the plan was made has ended well since.
    """
    if state is None:
        return Verdict("take")
    mine = state.run_id == run_id
    if state.status == "building":
        if mine:
            return Verdict("mine")
        lease_is_over = state.lease_until <= now or state.run_id in dead_runs
        return Verdict("take") if lease_is_over else Verdict("held", state.run_id)
    unchanged_since_plan = state.attempt == seen_attempt and not up_to_date
    my_own_retry = mine and state.status == "failed"
    return Verdict("take") if unchanged_since_plan or my_own_retry else Verdict("settled")


def next_attempts(
    states: Mapping[dt.date, PartitionState], days: Collection[dt.date]
) -> dict[dt.date, int]:
    """The number of the next attempt at each day."""
    return {day: (states[day].attempt if day in states else 0) + 1 for day in days}
