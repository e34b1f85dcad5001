"""`dayfold land`: put extracts into raw/TABLE/."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dayfold_cli.errors import ExtractError
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import DAY, QUERY_FOLDERS
from dayfold_cli.output import count_text, say, size_text, warn

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from dayfold_cli.deployment import Deployment
    from dayfold_cli.landing import Extract
    from dayfold_cli.target import Target

SHOWN_PROBLEMS = 10


@click.command("land", cls=TargetCommand)
@click.argument("table")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option("--day", type=DAY, metavar="DAY", help="The day of files in no folder dt=DAY/.")
@click.option("--skip-broken", is_flag=True, help="Land the rest when some files are broken.")
@click.pass_context
def land_command(
    ctx: click.Context, table: str, paths: tuple[Path, ...], day: dt.date | None, skip_broken: bool
) -> None:
    """Put files, or folders holding dt=DAY/, into raw/TABLE/.

    All files are read first; if one is empty or damaged, nothing lands. Files that are there
    already are left alone, so the same command may be given again.
    """
    from dayfold_cli.landing import find_extracts, raw_table_name

    name = raw_table_name(table)
    extracts = judged(find_extracts(name, paths, day), skip_broken=skip_broken)
    target = target_of(ctx)
    _warn_if_unread(target, name)
    from dayfold_cli.deployment import open_deployment

    summary = land(open_deployment(target), extracts)
    say(f"landed raw.{name}: {summary}")
    say("next: dayfold crawl --wait")


def judged(extracts: Sequence[Extract], *, skip_broken: bool) -> list[Extract]:
    """The extracts that can land.

    Raises:
        ExtractError: some are broken, and they are not to be skipped; or all are.
    """
    from dayfold_cli.landing import judge
    from dayfold_cli.progress import bar

    problems: list[str] = []
    good: list[Extract] = []
    total = sum(extract.size for extract in extracts)
    with bar("reading", total, as_bytes=True) as shown, ThreadPoolExecutor() as pool:
        for extract, problem in zip(extracts, pool.map(judge, extracts), strict=True):
            shown.advance(extract.size)
            if problem:
                problems.append(problem)
            else:
                good.append(extract)
    if not problems:
        return good
    if skip_broken and good:
        for problem in problems:
            warn(f"skipped {problem}")
        return good
    if len(problems) == 1:
        raise ExtractError(f"{problems[0]}; nothing landed")
    for problem in problems[:SHOWN_PROBLEMS]:
        click.echo(f"  {problem}", err=True)
    raise ExtractError(
        f"{count_text(len(problems), 'file')} of {len(extracts)} cannot land, the first is "
        f"{problems[0]}; nothing landed (--skip-broken lands the rest)"
    )


def land(deployment: Deployment, extracts: Sequence[Extract]) -> str:
    """Upload extracts and say in a few words what landed."""
    from dayfold_cli.progress import bar
    from dayfold_cli.uploads import upload

    new: list[Extract] = []
    total = sum(extract.size for extract in extracts)
    with bar("landing", total, as_bytes=True) as shown:

        def landed(extract: Extract, uploaded: bool) -> None:
            shown.advance(extract.size)
            if uploaded:
                new.append(extract)

        upload(deployment.client("s3"), deployment.bucket, extracts, landed)
    days = sorted({extract.day for extract in extracts})
    size = size_text(sum(extract.size for extract in new))
    span = f"{days[0]} to {days[-1]}" if len(days) > 1 else f"{days[0]}"
    known = len(extracts) - len(new)
    there = f", {known:,} were there already" if known else ""
    return f"{count_text(len(new), 'file')} ({size}){there}; {count_text(len(days), 'day')}, {span}"


def _warn_if_unread(target: Target, name: str) -> None:
    """An extract that no query mentions is most likely a slip of the keyboard."""
    project = target.find_project()
    if project is None:
        return
    files = [path for one in QUERY_FOLDERS for path in (project / "queries" / one).glob("*.sql")]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in files]
    if texts and not any(f"raw.{name}" in text for text in texts):
        import re

        read = sorted({found for text in texts for found in re.findall(r"\braw\.\w+", text)})
        warn(f"no query reads raw.{name}; they read {', '.join(read) or 'no raw table'}")
