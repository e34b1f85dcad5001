"""What a person sees while something takes long: a bar on a terminal, a few lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING

from dayfold_cli.output import note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID


class Bar:
    """A progress bar with an estimate; silent where nobody watches. Safe to share by threads."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress = progress
        self._task = task
        self._lock = threading.Lock()

    @property
    def is_seen(self) -> bool:
        """Whether anybody watches; if not, working out how far things are is a waste."""
        return self._progress is not None

    def advance(self, amount: int = 1) -> None:
        """So much more is done."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, amount)

    def show(self, text: str, done: int, total: int) -> None:
        """Say what is going on and how far it is."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=text, completed=done, total=total or None)


@contextlib.contextmanager
def bar(text: str, total: int | None = None, *, as_bytes: bool = False) -> Iterator[Bar]:
    """Show a bar on stderr while the block runs; one plain line where stderr is no terminal."""
    if not sys.stderr.isatty():
        note(f"{text} ...")
        yield Bar(None, None)
        return
    from rich import progress as parts

    from dayfold_cli.output import console

    amount = parts.DownloadColumn() if as_bytes else parts.MofNCompleteColumn()
    columns = (
        parts.SpinnerColumn(),
        parts.TextColumn("{task.description}"),
        parts.BarColumn(bar_width=24),
        amount,
        parts.TimeElapsedColumn(),
        parts.TimeRemainingColumn(),
    )
    with parts.Progress(*columns, console=console(stderr=True), transient=True) as progress:
        yield Bar(progress, progress.add_task(text, total=total))


@contextlib.contextmanager
def spinner(text: str) -> Iterator[None]:
    """Show that something of unknown length goes on; one plain line where nobody watches."""
    if not sys.stderr.isatty():
        note(f"{text} ...")
        yield
        return
    from dayfold_cli.output import console

    with console(stderr=True).status(text):
        yield
