"""`dayfold collect`: delete what nobody can need any more, or say what that would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import (
    Column,
    count_text,
    format_option,
    note,
    print_json,
    print_rows,
    size_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold_cli.output import Format

COLUMNS = (
    Column("what"),
    Column("name"),
    Column("why"),
    Column("files", right=True),
    Column("bytes", right=True),
)


@click.command("collect", cls=TargetCommand)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@format_option
@click.pass_context
def collect_command(ctx: click.Context, dry_run: bool, data_format: Format) -> None:
    """Delete dead builds, temporary tables, plans and results, as happens every night."""
    from dayfold_cli.deployment import open_deployment
    from dayfold_cli.functions import invoke

    deployment = open_deployment(target_of(ctx))
    done: dict[str, Any] = invoke(deployment, "collect_garbage", {"dry_run": dry_run})
    if data_format == "json":
        print_json(done)
    else:
        as_text = data_format == "table"
        rows = [
            (
                one["what"],
                one["name"],
                one["reason"],
                one["files"],
                size_text(one["bytes"]) if as_text else one["bytes"],
            )
            for one in done["items"]
        ]
        if rows or not as_text:
            print_rows(COLUMNS if as_text else [c.name for c in COLUMNS], rows, data_format)
    note(summary(done))


def summary(done: Mapping[str, Any]) -> str:
    """What a collection came to, in a line."""
    did = "would delete" if done["dry_run"] else "deleted"
    parts = [
        count_text(done["files"], "file"),
        f"{size_text(done['bytes'])}: {count_text(done['builds'], 'build')}",
        count_text(done["build_tables"], "temporary table"),
        count_text(done["plans"], "plan"),
        count_text(done["results"], "result"),
    ]
    line = f"{did} {', '.join(parts)}"
    if done["spared"]:
        line += f"; {count_text(done['spared'], 'day')} spared, somebody came to need them"
    return line + ("; time ran out, the next collection goes on" if done["cut_off"] else "")
