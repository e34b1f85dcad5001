"""`dayfold check`: read all queries, offline, and say what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dayfold_cli.errors import ProblemsFoundError
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import query_files
from dayfold_cli.output import count_text, format_option, print_rows, say

if TYPE_CHECKING:
    from pathlib import Path

    from dayfold_cli.output import Format


@click.command("check", cls=TargetCommand)
@format_option
@click.pass_context
def check_command(ctx: click.Context, data_format: Format) -> None:
    """Read all queries, offline, and say what is wrong, as path:line: message."""
    sources = read_sources(target_of(ctx).project_dir())
    from dayfold.domain.query_rules import check_sources

    problems = sorted(check_sources(sources))
    if data_format != "table":
        rows = [(one.path, one.line, one.message) for one in problems]
        print_rows(("path", "line", "message"), rows, data_format)
    else:
        for problem in problems:
            say(str(problem))
    if problems:
        raise ProblemsFoundError(
            f"{count_text(len(problems), 'problem')} in "
            f"{count_text(len(sources), 'query', 'queries')}, the first at "
            f"{problems[0].path}:{problems[0].line}"
        )
    if data_format == "table":
        say(f"{count_text(len(sources), 'query', 'queries')}: nothing wrong")


def read_sources(project: Path) -> dict[str, str]:
    """The text of every query file by its path, as shown to people.

    Raises:
        ProblemsFoundError: there is none, or one is not UTF-8.
    """
    sources: dict[str, str] = {}
    for path in query_files(project).values():
        shown = path.relative_to(project).as_posix()
        try:
            sources[shown] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ProblemsFoundError(f"{shown}:1: is not UTF-8 text: {error.reason}") from error
    if not sources:
        raise ProblemsFoundError(f"{project}/queries has no queries: dayfold new kpi NAME")
    return sources
