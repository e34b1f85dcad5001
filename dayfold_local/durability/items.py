"""DynamoDB: each request's changed items go to the journal as one record.

What is written is the item as it became, not the request, so a replay cannot come out differently
(conditions, time to live). A transaction is one record: it survives whole or not at all.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from dayfold_local.durability import EmulatorModule
    from dayfold_local.durability.journal import Journal

from contextlib import contextmanager

SERVICE = "dynamodb"

Change = tuple[str, Any, Any, dict[str, Any] | None]


class ItemWatch:
    """Notices items stored and removed, wherever in the emulator that happens."""

    def __init__(self, module: EmulatorModule, journal: Journal) -> None:
        self._module = module
        self._journal = journal
        self._request = threading.local()

    def install(self) -> None:
        """Puts this watch on the two functions through which every item passes."""
        self._module._set_item = self._watched(self._module._set_item)  # noqa: SLF001
        self._module._remove_item = self._watched(self._module._remove_item)  # noqa: SLF001

    def request(self) -> AbstractContextManager[None]:
        """Gathers what one request changes and writes it as one record."""
        return self._gather()

    @contextmanager
    def _gather(self) -> Iterator[None]:
        changes: list[Change] = []
        self._request.changes = changes
        try:
            yield
        finally:
            self._request.changes = None
            self._write(changes)

    def _watched(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def watched(table: dict[str, Any], pk: Any, sk: Any, *item: Any) -> Any:  # noqa: ANN401
            old = change(table, pk, sk, *item)
            entry: Change = (table["TableArn"], pk, sk, item[0] if item else None)
            changes = getattr(self._request, "changes", None)
            if changes is None:
                self._write([entry])
            else:
                changes.append(entry)
            return old

        return watched

    def _write(self, changes: list[Change]) -> None:
        if changes:
            self._journal.append(SERVICE, {"items": changes})


def replay(module: EmulatorModule, change: dict[str, Any]) -> None:
    """Makes the changes of one record again."""
    for arn, pk, sk, item in change["items"]:
        _, _, _, region, account, resource = arn.split(":", 5)
        table = module._tables.get_scoped(account, region, resource.partition("/")[2])  # noqa: SLF001
        if table is None:
            continue
        if item is None:
            module._remove_item(table, pk, sk)  # noqa: SLF001
        else:
            module._set_item(table, pk, sk, item)  # noqa: SLF001
