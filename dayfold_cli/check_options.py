"""Options that change the checks of tables for one backfill: `--checks`, `--ease`, `--tighten`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dayfold.errors import BadRequestError
from dayfold_cli.options import resolve_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


def check_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; read them with `read_check_options`."""
    other = click.option(
        "--checks",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="YAML: by table, checks in the place of its own, for this backfill.",
    )
    ease = click.option(
        "--ease",
        multiple=True,
        metavar="TABLE:CHECK",
        help="This check only warns in this backfill; may be given again.",
    )
    tighten = click.option(
        "--tighten",
        multiple=True,
        metavar="TABLE:CHECK",
        help="This check stops the publish in this backfill; may be given again.",
    )
    return other(ease(tighten(command)))


def read_check_options(known: Collection[str], asked: dict[str, Any]) -> dict[str, Any]:
    """Take the options out of what was asked for; table names may lack their database.

    Raises:
        BadRequestError: the file is no YAML of checks by table, or a name is none of a table.
    """
    path: Path | None = asked.pop("checks")
    ease, tighten = asked.pop("ease"), asked.pop("tighten")
    return {
        "checks": _read(path, known) if path else {},
        "ease": tuple(_named(one, known) for one in ease),
        "tighten": tuple(_named(one, known) for one in tighten),
    }


def _named(said: str, known: Collection[str]) -> str:
    table, separator, check = said.partition(":")
    if not separator or not check:
        raise click.UsageError(f"{said!r}: give TABLE:CHECK, such as kpi.active_users:not_null")
    return f"{resolve_table(table, known)}:{check}"


def _read(path: Path, known: Collection[str]) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadRequestError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or not content:
        raise BadRequestError(f"{path} holds no checks by table: write `TABLE: {{CHECK: ...}}`")
    return {resolve_table(str(table), known): checks for table, checks in content.items()}
