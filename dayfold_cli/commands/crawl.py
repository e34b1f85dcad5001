"""`dayfold crawl`: start the crawler, whose success starts the daily run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import say, seconds_text, warn

if TYPE_CHECKING:
    from dayfold_cli.crawling import Crawl
    from dayfold_cli.deployment import Deployment

SHOWN_WARNINGS = 20
PLAN_PATIENCE = 15.0  # seconds for that run to plan, and to see how the extracts have changed
EVENT_PATIENCE = 15.0  # seconds for the crawler's event to start the daily run


@click.command("crawl", cls=TargetCommand)
@click.option("--wait", is_flag=True, help="Wait until it is done; exit 1 if it failed.")
@click.pass_context
def crawl_command(ctx: click.Context, wait: bool) -> None:
    """Start the crawler; its success starts the daily run.

    A crawler that runs already is joined.
    """
    from dayfold_cli.crawling import start_crawl, wait_for_crawl
    from dayfold_cli.deployment import open_deployment
    from dayfold_cli.progress import spinner

    deployment = open_deployment(target_of(ctx))
    started = start_crawl(deployment)
    name = deployment.output("CrawlerName")
    if not started:
        warn(f"crawler {name} was running already: files that landed meanwhile may need another")
    if not wait:
        say(f"crawler {name} {'started' if started else 'runs'}; its success starts the daily run")
        say("next: dayfold status")
        return
    with spinner(f"crawler {name} runs"):
        crawl = wait_for_crawl(deployment)
    report(crawl)
    say_run(deployment, crawl)


def report(crawl: Crawl) -> None:
    """Print what a crawl has changed, and on stderr what it found wrong.

    Raises:
        CrawlFailedError: it failed or was cancelled.
    """
    from dayfold_cli.crawling import changes_text, raise_if_failed

    for text in crawl.warnings[:SHOWN_WARNINGS]:
        warn(text)
    if len(crawl.warnings) > SHOWN_WARNINGS:
        more = len(crawl.warnings) - SHOWN_WARNINGS
        warn(f"and {more:,} more, all of them in CloudWatch Logs, group /aws-glue/crawlers")
    raise_if_failed(crawl)
    took = f" in {seconds_text(crawl.seconds)}" if crawl.seconds else ""
    say(f"crawled{took}: {changes_text(crawl)}")
    if crawl.error:
        warn(crawl.error)


def say_run(deployment: Deployment, crawl: Crawl) -> None:
    """Name the run that the crawl's success has started."""
    from dayfold_cli.progress import spinner
    from dayfold_cli.raw_changes import changes_noticed_by
    from dayfold_cli.runs import find_run_since

    found = None
    if crawl.started_at is not None:
        with spinner("the crawler's event starts the daily run"):
            found = find_run_since(deployment, crawl.started_at, EVENT_PATIENCE)
    if found is None:
        warn("no run has started yet (EventBridge promises none): `dayfold run` finds the days")
        return
    say(f"the daily run has started: {found[0]}")
    with spinner("the run plans"):
        changes = changes_noticed_by(deployment, found[0], PLAN_PATIENCE)
    for line in changes:
        warn(line)
    say("next: dayfold status")
