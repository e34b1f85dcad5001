"""`dayfold backfill`: bring any stretch of history up to date, in parallel, through SQS."""

from __future__ import annotations

import click

from dayfold_cli.lazy import LazyGroup
from dayfold_cli.target import target_options

START = "dayfold_cli.commands.backfill_start"
SHOW = "dayfold_cli.commands.backfill_show"
STEER = "dayfold_cli.commands.backfill_steer"
COMMANDS = {
    "start": (START, "Plan days and tables and start to build them; or show the plan."),
    "list": (SHOW, "The latest backfills."),
    "show": (SHOW, "How far one is: its waves, cost and failures."),
    "watch": (SHOW, "The same while it runs, to its end."),
    "pause": (STEER, "Start no more of its jobs; those that run end."),
    "resume": (STEER, "Go on with one that is paused."),
    "cancel": (STEER, "Stop it and its queries; what it published stays."),
    "retry": (STEER, "Build what failed, and nothing that is built."),
    "concurrency": (STEER, "How many jobs run at once, of all backfills; say it or change it."),
}


@click.group(
    "backfill",
    cls=LazyGroup,
    lazy_commands=COMMANDS,
    params=target_options(),
    epilog="Start with: dayfold backfill start --from DAY --to DAY --dry-run",
)
def backfill_command() -> None:
    """Bring any stretch of history up to date, in parallel.

    A backfill is cut into jobs of a day or a few, in waves: what reads a table is built after it.
    What it builds is checked and published as in a daily run.
    """
