"""Fault schedules: whatever goes wrong, the tables end up as if nothing had, and no reader saw it.

A failure prints its seed and the whole schedule; `DAYFOLD_SEED=n make test
TESTS=tests/faults/schedules` has it again. `make soak` runs thousands.
"""

from __future__ import annotations

import functools
import os

import pytest

from tests.faults.schedules.scenario import PROFILES
from tests.faults.schedules.schedule import Result, run_schedule

BATCHES, EACH = 8, 18  # two schedules of each profile in each batch
SEED = os.environ.get("DAYFOLD_SEED")
SEEDS = (
    [[int(SEED)]]
    if SEED
    else [list(range(first, first + EACH)) for first in range(0, BATCHES * EACH, EACH)]
)


@functools.cache
def result_of(seed: int) -> Result:
    """What a schedule did: the same seed is run once for all tests."""
    return run_schedule(seed)


@pytest.mark.parametrize("seeds", SEEDS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_no_schedule_breaks_a_guarantee(seeds: list[int]) -> None:
    # When
    results = [result_of(seed) for seed in seeds]
    # Then
    broken = [result.told() for result in results if result.failure is not None]
    assert not broken, "\n\n".join(broken)


def test_the_same_seed_gives_the_same_schedule() -> None:
    # When
    first, second = result_of(7), run_schedule(7)
    # Then
    assert first.faults == second.faults
    assert (first.calls, first.reads) == (second.calls, second.reads)


def test_the_schedules_do_go_wrong_and_the_reader_does_look() -> None:
    # When
    results = [result_of(seed) for seed in range(3 * len(PROFILES))]
    # Then every kind of fault is met, and each schedule is read hundreds of times
    met = {fault.kind for result in results for fault in result.faults}
    assert met == {kind for profile in PROFILES for kind in profile.kinds}
    assert min(result.reads for result in results) > 100
