"""Metrics by CloudWatch's embedded format: one log line, no call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dayfold.domain.partition import BuildRecord
    from dayfold.domain.sweeping import SweepRecord


def count_builds(table: str, records: Sequence[BuildRecord]) -> None:
    """Count what a job has published or failed, by table."""
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics()
    metrics.add_dimension(name="table", value=table)
    published = [record for record in records if record.status == "published"]
    metrics.add_metric("PartitionsPublished", MetricUnit.Count, len(published))
    metrics.add_metric("PartitionsFailed", MetricUnit.Count, len(records) - len(published))
    if published:
        rows = sum(record.rows or 0 for record in published)
        scanned = sum(record.bytes_scanned or 0 for record in published)
        metrics.add_metric("RowsBuilt", MetricUnit.Count, rows)
        metrics.add_metric("BytesScanned", MetricUnit.Bytes, scanned)
        seconds = max(record.seconds or 0 for record in published)
        metrics.add_metric("BuildSeconds", MetricUnit.Seconds, seconds)
        usd = sum(record.cost_usd or 0 for record in published)
        metrics.add_metric("CostUsd", MetricUnit.NoUnit, usd)
    metrics.flush_metrics()


def count_late_tables(late: int) -> None:
    """Say how many tables of the day that should be there by now are not published."""
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics()
    metrics.add_metric("DayLate", MetricUnit.Count, late)
    metrics.flush_metrics()


def count_sweep(record: SweepRecord) -> None:
    """Say that a sweep has ended, and what it found that nobody else had."""
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics()
    metrics.add_metric("SweepsEnded", MetricUnit.Count, 1)
    metrics.add_metric("SweepFoundPartitions", MetricUnit.Count, record.building)
    metrics.add_metric("SweepGaveUpPartitions", MetricUnit.Count, len(record.given_up))
    dead = (record.ended_runs, record.ended_leases, record.stopped_queries)
    metrics.add_metric("SweepEndedAbandoned", MetricUnit.Count, sum(map(len, dead)))
    metrics.add_metric("SweepResumedBackfills", MetricUnit.Count, len(record.resumed_backfills))
    metrics.flush_metrics()


def count_collected(done: Mapping[str, Any]) -> None:
    """Count what a collection has deleted; a dry run has deleted nothing."""
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    if done["dry_run"]:
        return
    metrics = EphemeralMetrics()
    metrics.add_metric("BuildsCollected", MetricUnit.Count, done["builds"])
    metrics.add_metric("FilesCollected", MetricUnit.Count, done["files"])
    metrics.add_metric("BytesCollected", MetricUnit.Bytes, done["bytes"])
    metrics.flush_metrics()
