"""`dayfold query`: run SQL on Athena and print what it answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import (
    Column,
    count_text,
    dollars_text,
    format_option,
    note,
    print_rows,
    seconds_text,
    size_text,
)

if TYPE_CHECKING:
    from dayfold_cli.athena import Answer
    from dayfold_cli.output import Format


@click.command("query", cls=TargetCommand)
@click.argument("sql", required=False)
@click.option(
    "--file", "-f", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Read SQL."
)
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True)
@format_option
@click.pass_context
def query_command(
    ctx: click.Context, sql: str | None, file: Path | None, limit: int, data_format: Format
) -> None:
    """Run SQL on Athena: dayfold query "SELECT * FROM kpi.active_users". `-` reads stdin."""
    if (sql is None) == (file is None):
        raise click.UsageError('give the SQL in quotes ("SELECT ..."), or --file, or - for stdin')
    text = file.read_text(encoding="utf-8") if file else sql or ""
    if text == "-":
        text = sys.stdin.read()
    if not text.strip():
        raise click.UsageError("the SQL is empty")
    from dayfold_cli.athena import run_query
    from dayfold_cli.deployment import open_deployment

    deployment = open_deployment(target_of(ctx))
    answer = run_query(deployment, text, limit)
    if answer.columns:
        columns = [
            Column(name, right=kind in _NUMBERS, wraps=True) for name, kind in answer.columns
        ]
        print_rows(columns, answer.rows, data_format)
    note(summary(answer, limit))


_NUMBERS = {"bigint", "integer", "int", "smallint", "tinyint", "double", "float", "decimal", "real"}


def summary(answer: Answer, limit: int) -> str:
    """How many rows, how long, how many bytes, and what Athena charges."""
    rows = count_text(len(answer.rows), "row")
    if answer.has_more:
        rows = f"first {limit:,} rows (--limit N for more)"
    return (
        f"{rows}, {seconds_text(answer.seconds)}, {size_text(answer.bytes_scanned)} scanned, "
        f"{dollars_text(answer.usd)}, query {answer.query_id}"
    )
