"""Which stack a command talks to, and where the project is: options, no AWS yet."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import click

from dayfold_cli.errors import NoProjectError

STATE_FOLDER = ".dayfold"
TARGET_OPTIONS = ("stack", "state", "profile", "region", "project", "debug")


@dataclasses.dataclass(slots=True)
class Target:
    """What `--stack`, `--state`, `--profile`, `--region` and `--project` say."""

    stack: str | None = None
    state: Path | None = None
    profile: str | None = None
    region: str | None = None
    project: Path | None = None
    debug: bool = False

    @property
    def is_local(self) -> bool:
        """Whether the stack is the embedded one: nobody named an AWS stack."""
        return self.stack is None

    def project_dir(self) -> Path:
        """The folder with `template.yaml` and `queries/`: `--project`, or the nearest upwards.

        Raises:
            NoProjectError: there is none.
        """
        if self.project is not None:
            if is_project(self.project):
                return self.project
            raise NoProjectError(f"{self.project} has no template.yaml and queries/ in it")
        found = self.find_project()
        if found is None:
            raise NoProjectError(
                f"no template.yaml and queries/ in {Path.cwd()} or above: "
                "go to the project's folder or give it with --project"
            )
        return found

    def find_project(self) -> Path | None:
        """The project's folder, or None where the command can do without."""
        if self.project is not None:
            return self.project_dir()
        here = Path.cwd()
        return next((folder for folder in (here, *here.parents) if is_project(folder)), None)

    def state_dir(self) -> Path:
        """The local stack's folder: `--state`, `DAYFOLD_STATE`, or `.dayfold/` in the project."""
        if self.state is not None:
            return self.state
        if os.environ.get("DAYFOLD_STATE"):
            return Path(os.environ["DAYFOLD_STATE"]).absolute()
        project = self.find_project()
        return (project or Path.cwd()) / STATE_FOLDER


def is_project(folder: Path) -> bool:
    """Whether a folder is the root of a Dayfold project."""
    return (folder / "template.yaml").is_file() and (folder / "queries").is_dir()


def target_options() -> list[click.Option]:
    """The options that every command takes, and `dayfold` itself before the command."""
    folder = click.Path(file_okay=False, path_type=Path, resolve_path=True)
    return [
        _option("--stack", metavar="NAME", help="The stack of that name on AWS."),
        _option("--profile", metavar="NAME", help="The AWS profile to use with --stack."),
        _option("--region", metavar="NAME", help="The AWS region to use with --stack."),
        _option("--state", metavar="DIR", type=folder, help="The local stack's folder."),
        _option("--project", metavar="DIR", type=folder, help="The project's folder."),
        _option("--debug", is_flag=True, help="Show the traceback of an error."),
    ]


def _option(name: str, **attributes: Any) -> click.Option:  # noqa: ANN401 - click's own
    return click.Option([name], expose_value=False, callback=_remember, **attributes)


def _remember(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep an option's value; one given after the command wins over one before it."""
    target = ctx.find_object(Target)
    if target is None:
        target = ctx.obj = Target()
    if value is not None and value is not False and parameter.name is not None:
        setattr(target, parameter.name, value)
