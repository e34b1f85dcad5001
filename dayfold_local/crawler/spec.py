"""A crawler as it was created: its targets and its policies."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from dayfold_local.crawler.layout import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]


class CrawlError(Exception):
    """Raised when the crawl as a whole cannot go on; one line says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """What to do with changes."""

    update_tables: bool = True  # SchemaChangePolicy.UpdateBehavior
    delete: str = "DEPRECATE_IN_DATABASE"  # SchemaChangePolicy.DeleteBehavior
    new_folders_only: bool = False  # RecrawlPolicy
    inherit: bool = False  # partitions take the table's columns, not those of their own files


@dataclasses.dataclass(frozen=True, slots=True)
class CrawlerSpec:
    """All that a crawl needs to know of its crawler."""

    name: str
    role: str
    database: str
    prefix: str
    targets: tuple[Target, ...]
    policy: Policy


def parse_spec(record: Record) -> CrawlerSpec:
    """Reads a crawler as Glue keeps it.

    Raises:
        CrawlError: it asks for something that this stack does not have.
    """
    targets = record.get("Targets") or {}
    others = sorted(kind for kind, given in targets.items() if given and kind != "S3Targets")
    if others:
        raise CrawlError(f"the local stack crawls S3 targets only, not {', '.join(others)}")
    configuration = _configuration(record)
    level = (configuration.get("Grouping") or {}).get("TableLevelConfiguration")
    return CrawlerSpec(
        name=record["Name"],
        role=record.get("Role") or "",
        database=record.get("DatabaseName") or "",
        prefix=record.get("TablePrefix") or "",
        targets=tuple(
            Target.parse(target["Path"], target.get("Exclusions") or (), level)
            for target in targets.get("S3Targets") or ()
        ),
        policy=_policy(record, configuration),
    )


def _configuration(record: Record) -> dict[str, Any]:
    try:
        configuration = json.loads(record.get("Configuration") or "{}")
    except ValueError:
        configuration = None
    if not isinstance(configuration, dict):
        raise CrawlError(f"the configuration of crawler {record['Name']} is no JSON object")
    return configuration


def _policy(record: Record, configuration: Record) -> Policy:
    changes = record.get("SchemaChangePolicy") or {}
    recrawl = (record.get("RecrawlPolicy") or {}).get("RecrawlBehavior", "CRAWL_EVERYTHING")
    if recrawl == "CRAWL_EVENT_MODE":
        raise CrawlError("the local stack has no CRAWL_EVENT_MODE; use CRAWL_EVERYTHING")
    partitions = (configuration.get("CrawlerOutput") or {}).get("Partitions") or {}
    new_only = recrawl == "CRAWL_NEW_FOLDERS_ONLY"
    return Policy(
        update_tables=changes.get("UpdateBehavior", "UPDATE_IN_DATABASE") != "LOG",
        # With this policy AWS insists on LOG for both.
        delete="LOG" if new_only else changes.get("DeleteBehavior") or "DEPRECATE_IN_DATABASE",
        new_folders_only=new_only,
        inherit=partitions.get("AddOrUpdateBehavior") == "InheritFromTable",
    )
