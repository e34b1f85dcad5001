"""Running a command as a whole process, and what it took: seconds, processor and memory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LOOK_SECONDS = 0.2
_LOOKING_SHARE = 0.05  # of a core at most: walking the pages of twenty Lambdas takes its time
_TICK = os.sysconf("SC_CLK_TCK")


class FailedError(Exception):
    """Raised when a measured command fails; holds its last lines."""


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """What a command took."""

    seconds: float
    cpu_seconds: float  # user and system, of the command and of `beside`
    peak_bytes: int  # in memory, of all its processes and of `beside` together


def run(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    beside: int | None = None,
) -> Taken:
    """Run a command to its end.

    Args:
        command: program and arguments.
        folder: where it runs.
        environment: variables to set beside the present ones.
        beside: a process whose whole session is counted too, such as the local stack's server.

    Raises:
        FailedError: it ended with another code than 0.
    """
    before = _cpu(beside) if beside else 0.0
    start = time.perf_counter()
    with (
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process,
        peak([process.pid, *([beside] if beside else [])]) as most,
    ):
        output = process.communicate()[0]
        seconds = time.perf_counter() - start
    if process.returncode:
        last = "\n".join(output.strip().splitlines()[-15:])
        raise FailedError(f"{' '.join(command)} ended with {process.returncode}:\n{last}")
    spent = _children_cpu(process) + (_cpu(beside) - before if beside else 0.0)
    return Taken(seconds, spent, most[0])


_SPENT: list[float] = [0.0]


def _children_cpu(_: subprocess.Popen[str]) -> float:
    """The processor's seconds of the command that has just been waited for."""
    times = os.times()
    total = times.children_user + times.children_system
    spent, _SPENT[0] = total - _SPENT[0], total
    return spent


@contextlib.contextmanager
def peak(sessions: Sequence[int]) -> Iterator[list[int]]:
    """Watches the memory of all processes of some sessions; the list holds the most.

    Private pages of each count, and pages that forks share count once in all.
    """
    most, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.is_set():
            began = time.thread_time()
            most[0] = max(most[0], _held(_members(sessions)))
            stop.wait(max(_LOOK_SECONDS, (time.thread_time() - began) / _LOOKING_SHARE))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        stop.set()
        thread.join()


def by_process(leader: int) -> dict[int, float]:
    """The processor's seconds so far of each process of a session, by its id."""
    return {pid: _seconds(pid) for pid in _members([leader])}


def _cpu(leader: int | None) -> float:
    return sum(by_process(leader).values()) if leader else 0.0


def _members(sessions: Sequence[int]) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields and int(fields[3]) in sessions:
                found.append(int(entry.name))
    return found


def _stat(pid: int) -> list[str]:
    """The fields of a process's `stat` after its name; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _seconds(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICK if fields else 0.0


def _held(pids: Sequence[int]) -> int:
    """What processes hold in memory: the private pages of each, and the shared ones once.

    Once: as many as the process has that shares most. The kernel's own proportional shares (PSS)
    are estimates where a process was forked many times, and far too high.
    """
    seen = [_pages(pid) for pid in pids]
    shared = max((one.get("Shared", 0) for one in seen), default=0)
    return sum(one.get("Private", 0) for one in seen) + shared


def _pages(pid: int) -> dict[str, int]:
    """A process's private and shared bytes, clean and dirty together; nothing when it is gone."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            kind, _, rest = line.partition("_")
            if kind in {"Private", "Shared"} and not rest.startswith("Hugetlb"):
                found[kind] = found.get(kind, 0) + int(rest.split()[1]) * 1024
    return found
