"""`dayfold backfill pause`, `resume`, `cancel`, `retry` and `concurrency`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dayfold_cli.commands.backfill_start import CONCURRENCY, max_cost_option
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import count_text, note, say

if TYPE_CHECKING:
    from dayfold_cli.backfills import Action

wait_option = click.option("--wait", is_flag=True, help="Watch it to its end; exit 1 if it failed.")


@click.command("pause", cls=TargetCommand)
@click.argument("name")
@click.pass_context
def pause_command(ctx: click.Context, name: str) -> None:
    """Start no more jobs of NAME; those that run go on to their end."""
    _steer(ctx, name, "pause", f"{name} is paused; jobs that run already end")
    note(f"next: dayfold backfill resume {name}")


@click.command("resume", cls=TargetCommand)
@click.argument("name")
@max_cost_option
@wait_option
@click.pass_context
def resume_command(ctx: click.Context, name: str, max_cost: float | None, wait: bool) -> None:
    """Go on with NAME, which is paused; at its cost limit, give a higher one."""
    _steer(ctx, name, "resume", f"{name} goes on", max_cost, wait=wait)


@click.command("cancel", cls=TargetCommand)
@click.argument("name")
@click.pass_context
def cancel_command(ctx: click.Context, name: str) -> None:
    """Stop NAME and the queries it runs; what it has published stays, and `retry` goes on."""
    _steer(ctx, name, "cancel", f"{name} is cancelled; what it has published stays")


@click.command("retry", cls=TargetCommand)
@click.argument("name")
@max_cost_option
@wait_option
@click.pass_context
def retry_command(ctx: click.Context, name: str, max_cost: float | None, wait: bool) -> None:
    """Build what failed in NAME, or never ran in one that was cancelled, and nothing else."""
    _steer(ctx, name, "retry", f"{name} builds what is not built", max_cost, wait=wait)


@click.command("concurrency", cls=TargetCommand)
@click.argument("jobs", type=CONCURRENCY, required=False)
@click.pass_context
def concurrency_command(ctx: click.Context, jobs: int | None) -> None:
    """Let JOBS jobs run at once, of all backfills together; without JOBS, say how many do."""
    from dayfold_cli.backfills import concurrency, set_concurrency
    from dayfold_cli.deployment import open_deployment

    deployment = open_deployment(target_of(ctx))
    if jobs is None:
        now = concurrency(deployment)
        say("no limit of their own" if now is None else f"{count_text(now, 'job')} at once")
        return
    set_concurrency(deployment, jobs)
    say(f"{count_text(jobs, 'job')} at once from now on (on AWS within a minute)")


def _steer(
    ctx: click.Context,
    name: str,
    action: Action,
    said: str,
    max_cost: float | None = None,
    *,
    wait: bool = False,
) -> None:
    """Ask for it, and say what is so now."""
    from dayfold_cli.backfills import steer
    from dayfold_cli.deployment import open_deployment

    deployment = open_deployment(target_of(ctx))
    answer = steer(deployment, name, action, max_cost)
    sent = answer.get("jobs_sent") or 0
    if wait:
        from dayfold_cli.backfill_view import watch

        note(f"{said}: {count_text(sent, 'job')} sent")
        watch(deployment, name, "table")
        return
    say(f"{said}: {count_text(sent, 'job')} sent" if sent else said)
    if answer.get("status") == "running":
        note(f"next: dayfold backfill watch {name}")
