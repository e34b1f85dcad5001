"""A backfill on a terminal: a bar a wave, the figures below them, failures above."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from dayfold_cli.backfill_facts import wave_state
from dayfold_cli.output import console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.progress import TaskID

    from dayfold.domain.backfill import BackfillRecord, WaveRecord


class Bars:
    """Draws waves as bars of their jobs."""

    def __init__(self, name: str, live: Live) -> None:
        self._name = name
        self._live = live
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("jobs, {task.fields[partitions]:,} partitions  [dim]{task.fields[state]}"),
        )
        self._tasks: dict[int, TaskID] = {}

    def show(self, record: BackfillRecord, waves: Sequence[WaveRecord], text: str) -> None:
        """Draw how far it is."""
        for wave in waves:
            if wave.number not in self._tasks:
                self._tasks[wave.number] = self._bars.add_task(
                    f"wave {wave.number}", total=wave.jobs, partitions=wave.partitions, state=""
                )
            self._bars.update(
                self._tasks[wave.number],
                completed=wave.jobs - wave.left,
                state=wave_state(wave, record),
            )
        self._live.update(Group(self._bars, Text(f"{self._name}: {text}")))

    def fail(self, line: str) -> None:
        """Print what failed; it stays above the bars, and on the screen after them."""
        self._live.console.print(f"[red]failed:[/red] {escape(line)}", soft_wrap=True)


@contextlib.contextmanager
def open_bars(name: str, terminal: Console | None = None) -> Iterator[Bars]:
    """Draw on stderr while the block runs, and clear the bars after it."""
    with Live(console=terminal or console(stderr=True), transient=True) as live:
        yield Bars(name, live)
