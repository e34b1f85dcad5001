"""Columns that raw extracts have gained, lost or retyped, as the runs have noticed them."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dayfold_cli.deployment import Deployment

RECENT = dt.timedelta(days=7)


def recent_changes(deployment: Deployment) -> list[str]:
    """A line for each change of the tables in which one was noticed lately."""
    from dayfold.adapters.raw_schemas import RawSchemas

    since = (dt.datetime.now(dt.UTC) - RECENT).isoformat()
    schemas = RawSchemas(deployment.client("dynamodb"), deployment.output("LedgerTable"))
    known = [schemas.get(f"raw.{name}") for name in _raw_tables(deployment)]
    return [
        line
        for schema in known
        if schema is not None and schema.noticed_at >= since
        for line in schema.changes
    ]


def changes_noticed_by(deployment: Deployment, run_id: str, patience: float) -> list[str]:
    """The changes that a run has noticed while it planned; none if it takes too long to plan."""
    deadline = time.monotonic() + patience
    while (run := deployment.ledger.run(run_id)) is None:
        if time.monotonic() > deadline:
            return []
        time.sleep(deployment.poll_seconds)
    return [line for line in run.warnings if line.startswith("raw.") and " column " in line]


def _raw_tables(deployment: Deployment) -> list[str]:
    glue = deployment.client("glue")
    try:
        pages = list(glue.get_paginator("get_tables").paginate(DatabaseName="raw"))
    except glue.exceptions.EntityNotFoundException:
        return []
    return sorted(table["Name"] for page in pages for table in page["TableList"])
