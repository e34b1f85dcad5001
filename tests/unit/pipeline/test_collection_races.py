"""A collection beside rollbacks: whoever comes first, the other finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold.domain.collection import build_prefix
from tests.unit.pipeline.collecting import POSTS, builds, collect, keys, later, rebuilt
from tests.unit.pipeline.rolling import DAY, back
from tests.unit.pipeline.world import BUCKET

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import pytest

    from tests.unit.pipeline.world import World

__all__ = ["rebuilt"]


def test_a_rollback_between_judging_and_marking_wins(
    rebuilt: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a rollback to the first build, just before it is marked
    first, second, *_ = builds(rebuilt)
    later(rebuilt)
    marker = rebuilt.pipeline.collection_marks
    real = type(marker).open

    def after_a_rollback(
        self: Any,
        table: str,
        build_id: str,
        attempts: Mapping[dt.date, int],
        seen: Mapping[dt.date, int],
    ) -> set[dt.date]:
        if build_id == first:
            back(rebuilt, table=POSTS, first=DAY, build_id=first)
        return real(self, table, build_id, attempts, seen)

    monkeypatch.setattr(type(marker), "open", after_a_rollback)
    # When
    done = collect(rebuilt)
    # Then what readers now see is all there, and the day's other builds are judged anew next time
    assert rebuilt.location(POSTS, str(DAY)) == f"s3://{BUCKET}/builds/{POSTS}/{first}/dt={DAY}/"
    assert keys(build_prefix(POSTS, first))
    assert (done["builds"], done["spared"]) == (0, 2)
    monkeypatch.undo()
    assert collect(rebuilt)["builds"] == 1
    assert not keys(build_prefix(POSTS, second))


def test_a_build_that_readers_have_seen_since_it_was_judged_is_spared(
    rebuilt: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a collection that stands still while somebody goes back to a dead build, and forward
    first, second, _, newest = builds(rebuilt)
    later(rebuilt)
    marker = rebuilt.pipeline.collection_marks
    real = type(marker).open

    def after_going_back_and_forward(self: Any, table: str, build_id: str, *given: Any) -> Any:
        if build_id == first:
            for shown in (first, newest):
                back(rebuilt, table=POSTS, first=DAY, build_id=shown)
        return real(self, table, build_id, *given)

    monkeypatch.setattr(type(marker), "open", after_going_back_and_forward)
    # When
    done = collect(rebuilt)
    # Then a query that began in between has all its files
    assert done["builds"] == 0
    assert keys(build_prefix(POSTS, first))
    assert keys(build_prefix(POSTS, second))


def test_a_mark_between_choosing_and_the_lease_of_a_rollback_wins(
    rebuilt: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a collection that marks the build just before the rollback takes its lease
    first, *_ = builds(rebuilt)
    writes = rebuilt.pipeline.ledger.writes
    real = type(writes).claim

    def after_a_mark(self: Any, *args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(type(writes), "claim", real)
        later(rebuilt)
        collect(rebuilt)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(type(writes), "claim", after_a_mark)
    before = rebuilt.location(POSTS, str(DAY))
    # When
    answer = back(rebuilt, table=POSTS, first=DAY, build_id=first)
    # Then readers go on seeing what is there
    assert answer["moved"] == 0
    assert rebuilt.location(POSTS, str(DAY)) == before
    assert not keys(build_prefix(POSTS, first))
