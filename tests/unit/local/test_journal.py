"""The journal: what was appended is read back, whatever end a kill has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dayfold.errors import ConfigurationError
from dayfold_local.durability.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

CHANGES = st.lists(
    st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=3),
    min_size=1,
    max_size=6,
)


def written(folder: Path, changes: list[dict[str, Any]]) -> Path:
    for old in folder.glob("*"):
        old.unlink()
    journal = Journal(folder)
    journal.start(after=0)
    for change in changes:
        journal.append("service", change)
    journal.close()
    return max(folder.iterdir())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=CHANGES, cut=st.integers(min_value=0, max_value=10_000))
def test_any_torn_end_leaves_a_prefix(
    tmp_path: Path, changes: list[dict[str, Any]], cut: int
) -> None:
    # Given
    segment = written(tmp_path, changes)
    whole = segment.read_bytes()

    # When
    kept = whole[: cut % (len(whole) + 1)]
    segment.write_bytes(kept)
    read = [record.change for record in Journal(tmp_path).read()]

    # Then
    assert read == changes[: kept.count(b"\n")]


def test_damage_before_the_end_is_told(tmp_path: Path) -> None:
    # Given
    segment = written(tmp_path, [{"a": 1}, {"a": 2}])
    segment.write_bytes(segment.read_bytes().replace(b'{"a":1}', b'{"a":7}'))

    # When / Then
    with pytest.raises(ConfigurationError, match=r"\.journal:1: the journal is damaged"):
        list(Journal(tmp_path).read())


def test_numbers_go_on_over_segments_and_dropped_ones_are_gone(tmp_path: Path) -> None:
    # Given
    journal = Journal(tmp_path)
    journal.start(after=41)
    journal.append("service", {"old": True})

    # When
    old = journal.turn_over()
    journal.append("service", {"old": False})
    journal.drop(old)
    journal.close()

    # Then
    read = list(Journal(tmp_path).read())
    assert [(record.number, record.change) for record in read] == [(43, {"old": False})]
