"""Writes one table and its partitions into the catalog, and only what has changed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dayfold_local.crawler import descriptors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dayfold_local.crawler.catalog import Catalog
    from dayfold_local.crawler.layout import TableFolder
    from dayfold_local.crawler.outcome import Outcome
    from dayfold_local.crawler.reading import Reading
    from dayfold_local.crawler.schema import Columns, Layout
    from dayfold_local.crawler.spec import CrawlerSpec

    Values = tuple[str, ...]
    Records = dict[Values, dict[str, Any]]

DEPRECATED = "DEPRECATED_BY_CRAWLER"


class TableWriter:
    """The catalog's side of one table in one crawl."""

    def __init__(
        self,
        spec: CrawlerSpec,
        catalog: Catalog,
        folder: TableFolder,
        bucket: str,
        outcome: Outcome,
    ) -> None:
        self._spec = spec
        self._catalog = catalog
        self._folder = folder
        self._root = f"s3://{bucket}/"
        self._outcome = outcome
        self._name = f"{spec.database}.{folder.name}"

    def write(
        self,
        table: dict[str, Any] | None,
        known: Records,
        found: Sequence[Reading],
        layout: Layout,
        columns: Columns,
    ) -> None:
        """Writes what was found.

        Args:
            table: the table as the catalog has it; None if it is new.
            known: its partitions as the catalog has them, by values.
            found: the partitions that were read and are to be catalogued.
            layout: how the table's files are written.
            columns: the table's columns from now on.
        """
        inputs: Records = {
            reading.partition.values: self._partition_input(reading, layout, columns)
            for reading in found
        }
        # The table first: a crawl that is cut short after it reads the same partitions again.
        self._write_table(table, known | inputs, layout, columns)
        if not self._folder.keys:
            return
        created = [item for values, item in inputs.items() if values not in known]
        updated = [item for values, item in inputs.items() if values in known]
        self._catalog.create_partitions(self._folder.name, created)
        inherited = self._inherited(known, inputs, columns)
        self._catalog.update_partitions(self._folder.name, [*updated, *inherited])
        self._outcome.partitions_created += len(created)
        self._outcome.partitions_updated += len(updated)
        if created:
            self._outcome.say(f"Created {len(created)} partitions of table {self._name}")
        if updated:
            self._outcome.say(f"Updated {len(updated)} partitions of table {self._name}")

    def _partition_input(
        self, reading: Reading, layout: Layout, columns: Columns
    ) -> dict[str, Any]:
        partition, found = reading.partition, reading.schema
        assert found is not None
        parameters = descriptors.parameters_of(
            self._spec.name,
            layout,
            found.compression,
            {
                "objectCount": len(partition.objects),
                "sizeKey": partition.bytes,
                "recordCount": found.rows,
            },
        )
        storage = descriptors.storage_descriptor(
            layout,
            columns if self._spec.policy.inherit else found.columns,
            self._root + partition.prefix,
            parameters,
        )
        return descriptors.partition_input(partition, storage, reading.problems)

    def _inherited(self, known: Records, inputs: Records, columns: Columns) -> list[dict[str, Any]]:
        """Partitions that were not read but are to have the table's new columns."""
        if not self._spec.policy.inherit:
            return []
        records = descriptors.column_records(columns)
        return [
            {
                "Values": list(values),
                "StorageDescriptor": {**item["StorageDescriptor"], "Columns": records},
                "Parameters": item.get("Parameters") or {},
            }
            for values, item in known.items()
            if values not in inputs and item["StorageDescriptor"].get("Columns") != records
        ]

    def _write_table(
        self,
        table: dict[str, Any] | None,
        partitions: Records,
        layout: Layout,
        columns: Columns,
    ) -> None:
        newest = list(partitions.values())[-1]["StorageDescriptor"]["Parameters"]
        parameters = descriptors.parameters_of(
            self._spec.name,
            layout,
            newest.get("compressionType", "none"),
            descriptors.totals(partitions.values()),
        )
        if not self._folder.keys:
            parameters |= partitions[()]["Parameters"]
        storage = descriptors.storage_descriptor(
            layout, columns, self._root + self._folder.prefix, parameters
        )
        if table is None:
            self._catalog.create_table(
                descriptors.new_table(self._folder.name, self._folder.keys, storage, parameters)
            )
            self._outcome.tables_created += 1
            self._outcome.say(f"Created table {self._name}")
            return
        updated, changed = descriptors.updated_table(table, storage, parameters)
        updated["Parameters"].pop(DEPRECATED, None)
        self._catalog.update_table(updated)
        if changed:
            self._outcome.tables_updated += 1
            self._outcome.say(f"Updated table {self._name}")

    def forget(self, known: Records) -> None:
        """Deals with partitions whose folders have vanished, as the crawler's policy says."""
        gone = sorted(known.keys() - self._folder.partitions.keys())
        if not gone or not self._folder.keys:
            return
        pairs = zip(self._folder.keys, gone[0], strict=True)
        first = "/".join(f"{key}={value}" for key, value in pairs)
        more = f" and {len(gone) - 1} more" if gone[1:] else ""
        delete = self._spec.policy.delete == "DELETE_FROM_DATABASE"
        what = "deleted from" if delete else "still in"
        self._outcome.warn(f"{self._name}: no files any more in {first}{more}; {what} the catalog")
        if delete:
            self._catalog.delete_partitions(self._folder.name, gone)
            self._outcome.partitions_deleted += len(gone)


def forget_tables(
    spec: CrawlerSpec,
    catalog: Catalog,
    tables: dict[str, dict[str, Any]],
    found: set[str],
    outcome: Outcome,
) -> None:
    """Deals with this crawler's tables whose folders have vanished."""
    for name, table in sorted(tables.items()):
        parameters = table.get("Parameters") or {}
        if name in found or parameters.get("UPDATED_BY_CRAWLER") != spec.name:
            continue
        where = f"{spec.database}.{name}: no files any more"
        if spec.policy.delete == "DELETE_FROM_DATABASE":
            catalog.delete_table(name)
            outcome.tables_deleted += 1
            outcome.warn(f"{where}; deleted from the catalog")
            continue
        outcome.warn(f"{where}; still in the catalog")
        if spec.policy.delete == "DEPRECATE_IN_DATABASE" and DEPRECATED not in parameters:
            now = str(int(dt.datetime.now(dt.UTC).timestamp() * 1000))
            catalog.update_table({**table, "Parameters": {**parameters, DEPRECATED: now}})
            outcome.tables_updated += 1
