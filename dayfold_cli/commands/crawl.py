"""`dayfold crawl`: start the crawler, whose success starts the daily run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import say, seconds_text, warn

if TYPE_CHECKING:
    from dayfold_cli.crawling import Crawl


@click.command("crawl", cls=TargetCommand)
@click.option("--wait", is_flag=True, help="Wait until it is done; exit 1 if it failed.")
@click.pass_context
def crawl_command(ctx: click.Context, wait: bool) -> None:
    """Start the crawler; its success starts the daily run.

    A crawler that runs already is joined.
    """
    from dayfold_cli.crawling import raise_if_failed, start_crawl, wait_for_crawl
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
    raise_if_failed(crawl)
    report(crawl)
    say("next: the daily run starts by itself; dayfold status shows it")


def report(crawl: Crawl) -> None:
    """Print what a crawl that succeeded has changed."""
    from dayfold_cli.crawling import changes_text

    took = f" in {seconds_text(crawl.seconds)}" if crawl.seconds else ""
    say(f"crawled{took}: {changes_text(crawl)}")
    if crawl.error:
        warn(crawl.error)
