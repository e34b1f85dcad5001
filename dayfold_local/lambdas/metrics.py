"""Metrics that functions print in CloudWatch's embedded metric format, as Powertools does.

On AWS CloudWatch Logs makes metrics of such lines; the emulator keeps them as text. Without this
no alarm on a metric of ours would ever hear of it.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

MARK = '"_aws"'


def publish(log: str) -> None:
    """Puts the metrics of a function's output where alarms and dashboards look."""
    found = [metric for line in log.splitlines() if MARK in line for metric in embedded(line)]
    if not found:
        return
    from ministack.services import cloudwatch

    for metric in found:
        cloudwatch.record_metric(**metric)
    cloudwatch._evaluate_all_alarms()  # noqa: SLF001 - as its PutMetricData does


def embedded(line: str) -> Iterator[dict[str, Any]]:
    """The metrics of one line: a datum per value and set of dimensions."""
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(document.get(name, "")) for name in names}
            for metric in directive.get("Metrics", ()):
                values = document.get(metric["Name"])
                for value in values if isinstance(values, list) else [values]:
                    if isinstance(value, int | float):
                        yield {
                            "namespace": directive["Namespace"],
                            "metric_name": metric["Name"],
                            "value": float(value),
                            "unit": metric.get("Unit", "None"),
                            "dimensions": dimensions,
                        }
