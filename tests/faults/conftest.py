"""A stack of its own for each test that breaks something, and one for those that break nothing."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dayfold_local import stack
from tests.integration.conftest import PROJECT, free_port
from tests.integration.live import Live, event, user

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KILLS = int(os.environ.get("DAYFOLD_KILLS", "2"))
FULL = os.environ.get("DAYFOLD_FULL_SIZE", "0") not in {"", "0"}
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


@contextlib.contextmanager
def quiet_stack(folder: Path) -> Iterator[Live]:
    """A running stack that hears of no crawl."""
    state = folder / "state"
    try:
        live = Live.of(stack.up(state, free_port(), {}, PROJECT))
        live.deliver_events(enabled=False)
        yield live
    finally:
        stack.down(state)


@pytest.fixture(scope="session")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A stack that tests share: each lands days of its own, and asks for no others.

    They are months apart, so that no table's window reaches from those of one test to another's.
    """
    with quiet_stack(tmp_path_factory.mktemp("steady")) as live:
        yield live


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


def kill_workers(server: int) -> None:
    """Kill what runs a function now; one may have ended by itself meanwhile."""
    for pid in workers(server):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


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
