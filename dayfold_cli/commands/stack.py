"""`dayfold up`, `down`, `reset` and `doctor`: the local stack."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import click

from dayfold_cli.errors import NoDeploymentError, ProblemsFoundError
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import count_text, say, seconds_text

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from dayfold_cli.target import Target
    from dayfold_local.stack import StackInfo

PARAMETERS = "parameters.json"  # in the state folder
LEVEL_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command("up", cls=TargetCommand)
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen on 127.0.0.1.")
@click.option("--time-zone", metavar="ZONE", help="The business time zone, e.g. Asia/Tokyo.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of template.yaml; may be given again.",
)
@click.option(
    "--engine", type=click.Choice(["duckdb", "trino"]), help="What runs Athena's queries."
)
@click.option("--trino-url", metavar="URL", help="The Trino server, with --engine trino.")
@click.pass_context
def up_command(
    ctx: click.Context,
    port: int | None,
    time_zone: str | None,
    settings: tuple[str, ...],
    engine: str | None,
    trino_url: str | None,
) -> None:
    """Start the local stack and deploy template.yaml on it; again, it brings it up to date.

    Port, time zone and parameters are remembered from one time to the next; the engine is not.
    """
    parameters = read_parameters(settings)
    if engine is not None or trino_url is not None:
        choose_engine(target_of(ctx), engine, trino_url)
    if time_zone is not None:
        from dayfold.domain.days import zone

        parameters["BusinessTimeZone"] = zone(time_zone).key
    started = time.monotonic()
    info = bring_up(target_of(ctx), port, parameters)
    took = seconds_text(time.monotonic() - started)
    say(f"stack {info.stack_name!r} is up at {info.endpoint_url} ({took})")
    say("next: dayfold land TABLE PATH, or dayfold demo")


def choose_engine(target: Target, engine: str | None, trino_url: str | None) -> None:
    """Set the engine of the server that is started next, after a look at the Trino server."""
    from dayfold_local.athena import engines

    if local_stack(target).info(target.state_dir()) is not None:
        raise click.UsageError("the engine is chosen at the start: `dayfold down` first")
    os.environ.update(engines.settings(engine or "trino", trino_url))


def bring_up(target: Target, port: int | None, parameters: dict[str, str]) -> StackInfo:
    """Start and deploy, showing that it goes on; parameters given before hold until given anew."""
    from dayfold_cli.progress import spinner

    local = local_stack(target)
    state = target.state_dir()
    chosen = {**remembered(state), **parameters}
    with spinner("starting the local stack and deploying template.yaml"):
        info: StackInfo = local.up(state, port, chosen, target.project_dir())
    (state / PARAMETERS).write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")
    return info


def remembered(state: Path) -> dict[str, str]:
    """The parameters that the last successful `up` on this state was given."""
    try:
        kept = json.loads((state / PARAMETERS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


@click.command("down", cls=TargetCommand)
@click.pass_context
def down_command(ctx: click.Context) -> None:
    """Stop the local stack; its state stays for the next `dayfold up`."""
    target = target_of(ctx)
    local = local_stack(target)
    state = target.state_dir()
    was_up = local.info(state) is not None
    local.down(state)
    say("the local stack is down; its state stays" if was_up else "the local stack was not up")


@click.command("reset", cls=TargetCommand)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_context
def reset_command(ctx: click.Context, yes: bool) -> None:
    """Stop the local stack and delete its state: extracts, tables, ledger, everything."""
    target = target_of(ctx)
    local = local_stack(target)
    state = target.state_dir()
    if not state.exists():
        say(f"nothing to reset: there is no {state}")
        return
    if not yes:
        import sys

        if not sys.stdin.isatty():
            raise click.UsageError("reset deletes all state: say --yes where nobody can be asked")
        click.confirm(f"delete everything in {state}?", abort=True, err=True)
    local.reset(state)
    say(f"deleted {state}")


@click.command("doctor", cls=TargetCommand)
@click.pass_context
def doctor_command(ctx: click.Context) -> None:
    """Say what is wrong with the local stack, and what to do about it."""
    target = target_of(ctx)
    findings = local_stack(target).doctor(target.state_dir())
    for finding in findings:
        level = click.style(finding.level, fg=LEVEL_COLOURS.get(finding.level))
        say(f"{level}: {finding.message}")
    wrong = [finding for finding in findings if finding.level == "error"]
    if wrong:
        raise ProblemsFoundError(f"{count_text(len(wrong), 'problem')}: {wrong[0].message}")


def read_parameters(settings: tuple[str, ...]) -> dict[str, str]:
    """Read `NAME=VALUE` pairs.

    Raises:
        click.UsageError: a pair has no name or no `=`.
    """
    parameters: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not name or not equals:
            raise click.UsageError(f"--set {setting!r}: give NAME=VALUE, e.g. RecentDays=14")
        parameters[name.strip()] = value
    return parameters


def local_stack(target: Target) -> ModuleType:
    """The module that runs the local stack.

    Raises:
        NoDeploymentError: it is not installed, or the command line names a stack on AWS.
    """
    if not target.is_local:
        raise NoDeploymentError(
            "this command is for the local stack; on AWS: sam build && sam deploy"
        )
    try:
        from dayfold_local import stack
    except ImportError as error:
        raise NoDeploymentError(
            f"the local stack is not installed ({error.name}): pip install 'dayfold[local]'"
        ) from error
    module: ModuleType = stack
    return module
