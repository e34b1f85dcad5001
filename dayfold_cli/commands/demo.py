"""`dayfold demo`: from nothing to KPIs in one command."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dayfold_cli.commands.crawl import EVENT_PATIENCE
from dayfold_cli.commands.stack import bring_up, local_stack
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import count_text, say, seconds_text, size_text, warn

if TYPE_CHECKING:
    from dayfold_cli.deployment import Deployment
    from dayfold_cli.runs import Outcome

SAMPLE = "sample-ends"  # in the state folder
RAW_TABLES = ("events", "users")
NEXT_STEPS = """\
next:
  dayfold status                            the grid of tables and days
  dayfold show kpi.active_users {day}  how one partition came about
  dayfold query "SELECT * FROM kpi.active_users WHERE dt = '{day}'"
  dayfold land events PATH                  your own extracts; then dayfold crawl
  dayfold new kpi NAME                      your own KPI
  dayfold down                              stops the stack; its state stays"""


@click.command("demo", cls=TargetCommand)
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen on 127.0.0.1.")
@click.pass_context
def demo_command(ctx: click.Context, port: int | None) -> None:
    """Start the stack, land sample extracts, crawl, build, and show the KPIs."""
    started = time.monotonic()
    target = target_of(ctx)
    local_stack(target)  # refuses --stack NAME before anything is said
    say(click.style("Dayfold", bold=True) + ": daily extracts in, daily KPIs out")
    steps = _Steps()
    info = bring_up(target, port, {})
    steps.done("stack", f"{info.stack_name!r} of template.yaml, at {info.endpoint_url}")
    from dayfold_cli.deployment import open_deployment

    deployment = open_deployment(target)
    days, landed = _land_sample(deployment, target.state_dir())
    steps.done("land", landed)
    crawled_from = dt.datetime.now(dt.UTC)
    steps.done("crawl", _crawl(deployment))
    daily = _daily_run(deployment, crawled_from)
    steps.done("daily run", _run_text(daily))
    history = _build(deployment, days[0], days[-1])
    steps.done("history", _run_text(history))
    from dayfold_cli.demo_report import show_results

    show_results(deployment, days, [run for run in (daily, history) if run])
    say(f"all of it in {seconds_text(time.monotonic() - started)}")
    say(NEXT_STEPS.format(day=days[-2] if len(days) > 1 else days[-1]))


class _Steps:
    """Prints each step when it is done, with what it did and how long it took."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def done(self, name: str, text: str) -> None:
        took = seconds_text(time.monotonic() - self._started)
        mark = click.style("✓", fg="green")
        say(f"{mark} {click.style(name.ljust(9), bold=True)} {took.rjust(6)}  {text}")
        self._started = time.monotonic()


def _land_sample(deployment: Deployment, state: Path) -> tuple[list[dt.date], str]:
    from dayfold_cli.commands.land import land
    from dayfold_cli.landing import find_extracts
    from dayfold_local.sample import write_sample

    with tempfile.TemporaryDirectory(prefix="dayfold-sample-") as folder:
        write_sample(Path(folder), sample_end(state, dt.datetime.now(dt.UTC).date()))
        extracts = {name: find_extracts(name, [Path(folder, name)], None) for name in RAW_TABLES}
        for found in extracts.values():
            land(deployment, found)
    days = sorted({extract.day for extract in extracts["events"]})
    files = [extract for found in extracts.values() for extract in found]
    size = size_text(sum(extract.size for extract in files))
    where = " and ".join(f"raw.{name}" for name in RAW_TABLES)
    return days, f"{len(files):,} files, {size} in {where}, {days[0]} to {days[-1]}"


def sample_end(state: Path, today: dt.date) -> dt.date:
    """The last day of the sample: yesterday, or that of the demo before on the same state."""
    note_of_it = state / SAMPLE
    try:
        return dt.date.fromisoformat(note_of_it.read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        yesterday = today - dt.timedelta(days=1)
        note_of_it.write_text(f"{yesterday}\n", encoding="utf-8")
        return yesterday


def _crawl(deployment: Deployment) -> str:
    from dayfold_cli.crawling import changes_text, raise_if_failed, start_crawl, wait_for_crawl
    from dayfold_cli.progress import spinner

    start_crawl(deployment)
    with spinner("the crawler reads the extracts"):
        crawl = wait_for_crawl(deployment)
    raise_if_failed(crawl)
    return changes_text(crawl)


def _daily_run(deployment: Deployment, since: dt.datetime) -> Outcome | None:
    """Follow the run that the crawler's success starts."""
    from dayfold_cli.commands.run import follow_shown
    from dayfold_cli.runs import find_run_since

    found = find_run_since(deployment, since, EVENT_PATIENCE)
    if found is None:
        warn("the crawler's event started no run (EventBridge promises none); going on without it")
        return None
    return follow_shown(deployment, *found)


def _build(deployment: Deployment, first: dt.date, last: dt.date) -> Outcome:
    """Build whatever of a range is not up to date."""
    from dayfold_cli.commands.run import follow_shown
    from dayfold_cli.outcomes import raise_if_failed
    from dayfold_cli.runs import Request, start_run

    run_id, arn = start_run(deployment, Request(span=(first, last)))
    outcome = follow_shown(deployment, run_id, arn)
    raise_if_failed(outcome)
    return outcome


def _run_text(outcome: Outcome | None) -> str:
    if outcome is None or outcome.record is None:
        return "not started"
    record = outcome.record
    built = count_text(record.published, "partition") + " built, checked and published"
    if not record.planned:
        built = "everything was up to date"
    failed = f", {record.failed:,} failed" if record.failed else ""
    waiting = f", {len(record.waiting):,} wait" if record.waiting else ""
    return f"{built}{failed}{waiting}"
