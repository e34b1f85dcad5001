"""Keyed records that our own services (Athena, the crawler) want to find again after a kill.

A `DurableTable` is a mapping from a string to a JSON value. Inside the server every change goes to
the journal before the caller goes on; elsewhere (a unit test) it is a plain mapping. A value must
be stored again after it was changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dayfold_local.durability.journal import Journal

SERVICE = "table"


class DurableTable(MutableMapping[str, Any]):
    """A mapping whose changes survive the server; its name must be unique in the server."""

    by_name: dict[str, DurableTable] = {}  # noqa: RUF012 - the register of all tables
    journal: Journal | None = None

    def __init__(self, name: str) -> None:
        self.name = name
        self._values: dict[str, Any] = {}
        DurableTable.by_name[name] = self

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        self._values[key] = value
        self._write({"name": self.name, "key": key, "value": value})

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._write({"name": self.name, "key": key})

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def _write(self, change: dict[str, Any]) -> None:
        if DurableTable.journal is not None:
            DurableTable.journal.append(SERVICE, change)


def get_state() -> dict[str, Any]:
    """All tables, for the snapshot."""
    return {name: dict(table.items()) for name, table in DurableTable.by_name.items()}


def load_persisted_state(state: dict[str, Any]) -> None:
    """Fills the tables from a snapshot."""
    for name, values in state.items():
        table = DurableTable.by_name.get(name) or DurableTable(name)
        table._values.update(values)  # noqa: SLF001 - restoring is no change to write down


def replay(change: dict[str, Any]) -> None:
    """Makes one change of the journal again."""
    table = DurableTable.by_name.get(change["name"]) or DurableTable(change["name"])
    if "value" in change:
        table._values[change["key"]] = change["value"]  # noqa: SLF001 - as above
    else:
        table._values.pop(change["key"], None)  # noqa: SLF001 - as above
