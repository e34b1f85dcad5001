"""`dayfold invoke`: call a deployed function with an event from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dayfold.errors import BadRequestError
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import print_json

if TYPE_CHECKING:
    from dayfold_cli.target import Target


@click.command("invoke", cls=TargetCommand)
@click.argument("function")
@click.argument("event")
@click.pass_context
def invoke_command(ctx: click.Context, function: str, event: str) -> None:
    """Invoke FUNCTION (plan_run or PlanRunFunction) with EVENT and print its answer.

    EVENT is a JSON file, or the name of a case in events/FUNCTION/.
    """
    from dayfold_cli.functions import invoke, logical_name

    target = target_of(ctx)
    name = folder_name(function)
    content = read_event(event_path(target, name, event))
    from dayfold_cli.deployment import open_deployment

    deployment = open_deployment(target)
    functions = sorted(key for key in deployment.outputs if key.endswith("Function"))
    if logical_name(name) not in functions:
        there = ", ".join(folder_name(key) for key in functions)
        raise BadRequestError(f"there is no function {function!r}: there are {there}")
    print_json(invoke(deployment, name, content))


def folder_name(function: str) -> str:
    """`plan_run` of `PlanRunFunction`, of `plan-run` and of itself."""
    if function.endswith("Function"):
        stem = function.removesuffix("Function")
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in stem).lstrip("_")
    return function.replace("-", "_")


def event_path(target: Target, function: str, event: str) -> Path:
    """The file that an event's name means.

    Raises:
        BadRequestError: there is neither such a file nor such a case.
    """
    path = Path(event)
    if path.is_file():
        return path
    project = target.find_project()
    cases = project / "events" / function if project else None
    if cases is not None and cases.is_dir():
        case = cases / f"{event.removesuffix('.json')}.json"
        if case.is_file():
            return case
        names = ", ".join(sorted(one.stem for one in cases.glob("*.json")))
        raise BadRequestError(f"{event}: no such file, and events/{function}/ has only {names}")
    raise BadRequestError(f"{event}: no such file")


def read_event(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Read an event.

    Raises:
        BadRequestError: the file is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BadRequestError(f"{path}: cannot be read as JSON: {error}") from error
