"""One crawl: lists the targets, crawls each table under them, reports what has vanished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold_local.crawler.catalog import Catalog
from dayfold_local.crawler.layout import arrange
from dayfold_local.crawler.role import Extracts
from dayfold_local.crawler.table_crawl import TableCrawl
from dayfold_local.crawler.table_writer import forget_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.crawler.layout import Target
    from dayfold_local.crawler.outcome import Outcome
    from dayfold_local.crawler.role import CrawlerRole
    from dayfold_local.crawler.spec import CrawlerSpec


def crawl(
    spec: CrawlerSpec,
    role: CrawlerRole,
    outcome: Outcome,
    check_stop: Callable[[], None],
) -> None:
    """Crawls all targets.

    Args:
        spec: the crawler.
        role: with whose rights.
        outcome: collects what is done and found.
        check_stop: called between objects; raises when the crawl is to stop.
    """
    catalog = Catalog(role.client("glue"), spec.database)
    tables = catalog.tables()
    found: set[str] = set()
    for target in spec.targets:
        check_stop()
        _crawl_target(spec, target, role, catalog, tables, found, outcome, check_stop)
    forget_tables(spec, catalog, tables, found, outcome)


def _crawl_target(
    spec: CrawlerSpec,
    target: Target,
    role: CrawlerRole,
    catalog: Catalog,
    tables: dict[str, Any],
    found: set[str],
    outcome: Outcome,
    check_stop: Callable[[], None],
) -> None:
    extracts = Extracts(role, target.bucket)
    folders, strays = arrange(target, extracts.list(target), spec.prefix)
    for stray in strays:
        outcome.warn(stray)
    if not folders:
        outcome.warn(f"s3://{target.bucket}/{target.prefix}: no extracts here")
    for folder in folders:
        if folder.name in found:
            outcome.warn(f"{folder.prefix}: another folder is table {folder.name} already")
            continue
        found.add(folder.name)
        table_crawl = TableCrawl(spec, catalog, folder, target.bucket, outcome)
        table_crawl.run(tables.get(folder.name), extracts.read, check_stop)
