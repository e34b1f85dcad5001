"""Report lateness: counts the tables of yesterday that are not published by the day's hour."""

from __future__ import annotations

from typing import Any

from dayfold.adapters.metrics import count_late_tables
from dayfold.handling import logger, tracer
from dayfold.pipeline import connect
from dayfold.runs import report_lateness


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Count and report."""
    late = report_lateness(connect())
    count_late_tables(late)
    return {"late": late}
