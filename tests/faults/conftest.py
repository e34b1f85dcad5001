"""A stack of its own for each test that breaks something."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dayfold_local import stack
from tests.integration.conftest import PROJECT, free_port
from tests.integration.live import Live, event, user

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DAYS = ["2004-05-18", "2004-05-19", "2004-05-20"]


class Breakable:
    """A live stack that a test may kill and start again."""

    def __init__(self, state: Path, project: Path = PROJECT) -> None:
        self._state = state
        self._project = project
        self._port = free_port()
        self.live = self.up()

    def up(self) -> Live:
        """Start it, or start it again."""
        self.live = Live.of(stack.up(self._state, self._port, {}, self._project))
        return self.live

    def down(self) -> None:
        """Stop it."""
        stack.down(self._state)


@pytest.fixture
def breakable(tmp_path: Path) -> Iterator[Breakable]:
    """A running stack with three days of small extracts, landed and not crawled."""
    one = Breakable(tmp_path / "state")
    land(one.live)
    yield one
    one.down()


def land(live: Live, days: Iterable[str] = DAYS) -> None:
    """On each day, five people who write to u0 and get an answer."""
    for day in days:
        posts = [event(f"u{n}", day, n) for n in range(1, 6)]
        answers = [
            event("u0", day, 30 + n, target_user_id=f"u{n}", event_type="reply")
            for n in range(1, 6)
        ]
        live.put("events", day, [*posts, *answers])
        live.put("users", day, [user(f"u{n}") for n in range(6)])


def workers(server: int) -> list[int]:
    """The processes below the server, grandchildren too, that run a function now."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended while we looked
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, front = [], children.get(server, [])
    while front:
        found += front
        front = [child for pid in front for child in children.get(pid, [])]
    return [pid for pid in found if pid not in children]
