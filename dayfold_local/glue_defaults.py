"""What Glue fills in when a table or partition is entered without it.

The emulator keeps an entry as it was given. Glue answers the fields below in every storage
descriptor, and readers count on them: Trino's Hive connector fails on a table without the number
of its buckets.
"""

from __future__ import annotations

from typing import Any


def completed(entry: dict[str, Any]) -> dict[str, Any]:
    """The same table or partition entry, with the fields that Glue always answers.

    Args:
        entry: A table or partition as the emulator keeps it; it is completed in place.
    """
    storage = entry.get("StorageDescriptor")
    if isinstance(storage, dict):
        storage.setdefault("Compressed", False)
        storage.setdefault("NumberOfBuckets", 0)
        storage.setdefault("SortColumns", [])
        storage.setdefault("StoredAsSubDirectories", False)
    return entry
