"""The state folder: made once by whoever comes first, also by two at once or after a kill."""

from __future__ import annotations

import itertools
import multiprocessing as mp
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dayfold.errors import ConfigurationError
from dayfold_local.folder import MARKER, StateFolder

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

FOLDERS = 200


class _KilledError(BaseException):
    """Stands for a kill: nothing after it runs."""


@pytest.fixture
def foreign(tmp_path: Path) -> StateFolder:
    """A folder with somebody's letters in it."""
    (tmp_path / "letters.txt").write_text("dear")
    return StateFolder(tmp_path)


def test_folder_with_foreign_files_is_refused_and_left_alone(foreign: StateFolder) -> None:
    # When
    with pytest.raises(ConfigurationError, match="not a Dayfold state folder"):
        foreign.create()

    # Then
    assert [path.name for path in foreign.root.iterdir()] == ["letters.txt"]


@pytest.mark.parametrize("step", range(5))
def test_folder_whose_maker_was_killed_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    # Given
    folder = StateFolder(tmp_path / "state")
    steps = itertools.count()
    with monkeypatch.context() as patched:
        for name in ("mkdir", "replace"):
            patched.setattr(Path, name, _killed_at(step, steps, getattr(Path, name)))
        with pytest.raises(_KilledError):
            folder.create()

    # When
    folder.create()

    # Then
    folder.check()
    assert folder.journal.is_dir()


def _killed_at(step: int, steps: itertools.count[int], real: object) -> object:
    def counted(*arguments: object, **named: object) -> object:
        if next(steps) == step:
            raise _KilledError
        return real(*arguments, **named)  # type: ignore[operator]

    return counted


def test_makers_at_the_same_moment_share_each_folder(tmp_path: Path) -> None:
    # Given
    fork = mp.get_context("forkserver")
    barrier, failures = fork.Barrier(2), fork.SimpleQueue()

    # When
    makers = [fork.Process(target=_make, args=(tmp_path, barrier, failures)) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)

    # Then
    assert failures.empty(), failures.get()
    assert [maker.exitcode for maker in makers] == [0, 0]
    assert len(list(tmp_path.glob(f"*/{MARKER}"))) == FOLDERS


def _make(root: Path, barrier: Barrier, failures: mp.SimpleQueue[str]) -> None:
    for number in range(FOLDERS):
        barrier.wait(60)
        try:
            StateFolder(root / str(number)).create()
        except Exception as error:  # noqa: BLE001 - all of them are said by the test
            failures.put(repr(error))
