"""Whole-service snapshots: one JSON file per service, replaced in one step.

A snapshot names the journal record it includes, so that a replay after it starts at the next one.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from dayfold.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from dayfold_local.durability import EmulatorModule
    from dayfold_local.durability.journal import Journal

logger = logging.getLogger(__name__)

# Other threads may change a service while it is copied; the copy is then made again.
ATTEMPTS = 20


class Snapshots:
    """Saves and loads the services' states in one folder."""

    def __init__(self, folder: Path, journal: Journal, modules: dict[str, EmulatorModule]) -> None:
        from ministack.core.persistence import _json_default, _json_object_hook

        self._folder = folder
        self._journal = journal
        self._modules = modules
        self._encode: Callable[[Any], Any] = _json_default
        self._decode: Callable[[dict[str, Any]], Any] = _json_object_hook
        self._written: dict[str, int] = {}

    def save(self, *keys: str) -> None:
        """Writes the named services' states."""
        for key in keys:
            # The number first: a change made meanwhile is then made again, which is harmless.
            number = self._journal.number
            text = json.dumps(
                {"number": number, "state": self._stable_state(key)},
                default=self._encode,
            )
            content = hash(text.partition(",")[2])
            if self._written.get(key) != content:
                self._write(key, text)
                self._written[key] = content

    def save_all(self) -> None:
        """Writes every service's state, after which the journal may be forgotten."""
        self._written.clear()
        self.save(*self._modules)

    def load(self) -> dict[str, int]:
        """Restores every service that was saved; the journal number that each includes."""
        numbers: dict[str, int] = {}
        for key, module in self._modules.items():
            path = self._folder / f"{key}.json"
            if not path.exists():
                continue
            try:
                document = json.loads(path.read_text("utf-8"), object_hook=self._decode)
            except ValueError:
                raise ConfigurationError(
                    f"{path}: the snapshot is damaged; `dayfold reset` starts afresh",
                ) from None
            numbers[key] = document["number"]
            module.load_persisted_state(document["state"])
        return numbers

    def _stable_state(self, key: str) -> Any:  # noqa: ANN401 - whatever the service keeps
        for attempt in range(ATTEMPTS):
            try:
                return self._modules[key].get_state()
            except RuntimeError:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(0.005)
        raise AssertionError

    def _write(self, key: str, text: str) -> None:
        draft = self._folder / f"{key}.json.new"
        draft.write_text(text, encoding="utf-8")
        draft.replace(self._folder / f"{key}.json")


def modules_of(services: Iterable[str]) -> dict[str, EmulatorModule]:
    """The emulator's modules that keep state for these services, by snapshot name."""
    from ministack import app as emulator

    found: dict[str, EmulatorModule] = {}
    for service in services:
        entry = emulator.SERVICE_REGISTRY[service]
        module = emulator._get_module(entry["module"])  # noqa: SLF001 - its only way in
        if hasattr(module, "get_state"):
            found[entry.get("state_key", entry["module"])] = module
    return found
