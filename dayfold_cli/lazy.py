"""Commands that are imported when they are used, so that `dayfold` answers at once."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

from dayfold_cli.target import TARGET_OPTIONS, Target, target_options

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND_COLUMN = 10  # characters that a command's name takes in the help, gap included


class TargetCommand(click.Command):
    """A command that also takes `--stack`, `--state` and the like, after its own options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature
        super().__init__(*args, **kwargs)
        self.params.extend(target_options())

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the command's own options first and those of every command apart."""
        own: list[tuple[str, str]] = []
        where: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                (where if parameter.name in TARGET_OPTIONS else own).append(record)
        for title, records in (("Options", own), ("Which stack (default: the local one)", where)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run or explain it.

    Args:
        commands: name -> (module, one-line help); the module has the command under `command`,
            or under the name with `_command` appended if it has several.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click's own signature
        lazy_commands: Mapping[str, tuple[str, str]],
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy_commands = dict(lazy_commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which a newcomer needs them."""
        del ctx
        return list(self.lazy_commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name, or None if there is none."""
        del ctx
        if cmd_name not in self.lazy_commands:
            return None
        module = importlib.import_module(self.lazy_commands[cmd_name][0])
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a misspelt one is answered with the nearest name."""
        name = args[0]
        if name not in self.lazy_commands and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, self.lazy_commands, n=1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"`{ctx.command_path} --help` lists them"
            )
            raise click.UsageError(f"there is no command {name!r}: {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the short helps at hand, importing nothing."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name.ljust(COMMAND_COLUMN), text)
                    for name, (_, text) in self.lazy_commands.items()
                ]
            )


def target_of(ctx: click.Context) -> Target:
    """The stack that the command line names."""
    return ctx.ensure_object(Target)
