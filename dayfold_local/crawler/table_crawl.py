"""Crawls one table: finds what is new in its folder, reads it, and has it catalogued."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold_local.crawler import descriptors, reading, schema
from dayfold_local.crawler.table_writer import TableWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dayfold_local.crawler.catalog import Catalog
    from dayfold_local.crawler.layout import Partition, TableFolder
    from dayfold_local.crawler.outcome import Outcome
    from dayfold_local.crawler.reading import Reader, Reading
    from dayfold_local.crawler.spec import CrawlerSpec
    from dayfold_local.crawler.table_writer import Records


class TableCrawl:
    """One table of one crawl."""

    def __init__(
        self,
        spec: CrawlerSpec,
        catalog: Catalog,
        folder: TableFolder,
        bucket: str,
        outcome: Outcome,
    ) -> None:
        self._policy = spec.policy
        self._catalog = catalog
        self._folder = folder
        self._location = f"s3://{bucket}/{folder.prefix}"
        self._outcome = outcome
        self._name = f"{spec.database}.{folder.name}"
        self._writer = TableWriter(spec, catalog, folder, bucket, outcome)

    def run(
        self,
        table: dict[str, Any] | None,
        read: Reader,
        check_stop: Callable[[], None],
    ) -> None:
        """Crawls.

        Args:
            table: the table as the catalog has it; None if it is new.
            read: reads a range of an object.
            check_stop: raises when the crawl is to stop.
        """
        if table is not None and (clash := self._clash(table)):
            self._outcome.warn(f"{self._name}: {clash}; left alone")
            return
        known = self._known(table)
        readings = []
        for partition in self._folder.partitions.values():
            before = known.get(partition.values)
            if before is not None and self._is_current(partition, before):
                self._repeat_problems(before)
                continue
            check_stop()
            readings.append(reading.read_partition(partition, read))
        if readings:
            self._catalogue(table, known, readings)
        self._writer.forget(known)

    def _clash(self, table: Mapping[str, Any]) -> str | None:
        location = str((table.get("StorageDescriptor") or {}).get("Location") or "")
        if location.rstrip("/") != self._location.rstrip("/"):
            return f"a table of that name is at {location or 'no location'}"
        keys = tuple(key["Name"] for key in table.get("PartitionKeys") or [])
        if keys != self._folder.keys:
            return f"its partition keys are {list(keys)}, the folders say {list(self._folder.keys)}"
        return None

    def _known(self, table: dict[str, Any] | None) -> Records:
        if table is None:
            return {}
        # A table without partitions is its own only one.
        return self._catalog.partitions(self._folder.name) if self._folder.keys else {(): table}

    def _is_current(self, partition: Partition, before: Mapping[str, Any]) -> bool:
        parameters = before.get("Parameters") or {}
        same = parameters.get(descriptors.FINGERPRINT) == partition.fingerprint
        return self._policy.new_folders_only or same

    def _repeat_problems(self, before: Mapping[str, Any]) -> None:
        """What was wrong with files that have not changed since is still wrong."""
        text = (before.get("Parameters") or {}).get(descriptors.PROBLEMS, "")
        for problem in text.splitlines():
            self._outcome.warn(problem)

    def _catalogue(
        self,
        table: dict[str, Any] | None,
        known: Records,
        readings: Sequence[Reading],
    ) -> None:
        layout = descriptors.layout_of(table) if table else None
        layout = layout or reading.layout_of_new(readings)
        before = descriptors.columns_of(table["StorageDescriptor"]) if table else None
        reading.judge(self._folder, readings, layout, before)
        for problem in (problem for item in readings for problem in item.problems):
            self._outcome.warn(problem)
        found = [item for item in readings if item.schema is not None]
        if layout is None or not found:
            return
        evolution = schema.evolve(
            before,
            [item.schema for item in found if item.schema is not None],
            text=layout.format != "parquet",
        )
        columns = evolution.columns
        for warning in evolution.warnings:
            self._outcome.warn(f"{self._name}: {warning}")
        for note in evolution.notes:
            self._outcome.say(f"{self._name}: {note}")
        if before is not None and columns != before and not self._policy.update_tables:
            self._outcome.warn(f"{self._name}: changed columns ignored (UpdateBehavior LOG)")
            columns = before
        self._writer.write(table, known, found, layout, columns)
