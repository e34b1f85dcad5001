"""What the service keeps besides its queries: workgroups, named queries, prepared statements, tags.

They are in the emulator's Athena module; here they are one file, replaced in one step.
"""

from __future__ import annotations

import fcntl
import json
import threading
from typing import IO, TYPE_CHECKING, Any, Self

from ministack.core.persistence import _json_default, _json_object_hook
from ministack.services import athena as emulated

from dayfold.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


class Settings:
    """The file `workgroups.json` of a state folder; without a folder nothing is kept.

    As a context it has the folder for itself, and begins with what was kept there.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._path = folder / "workgroups.json" if folder is not None else None
        self._lock = threading.Lock()
        self._taken: IO[str] | None = None

    def __enter__(self) -> Self:
        if self._folder is not None:
            self._taken = _taken(self._folder)
        try:
            self._load()
        except ConfigurationError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._taken is not None:
            self._taken.close()

    def _load(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            kept: Any = json.loads(self._path.read_text("utf-8"), object_hook=_json_object_hook)
            emulated.load_persisted_state(kept)
        except (ValueError, TypeError, AttributeError):
            raise ConfigurationError(
                f"{self._path} is damaged: remove it, and make your workgroups again"
            ) from None

    def save(self) -> None:
        """Keeps everything as it is now."""
        if self._path is None:
            return
        with self._lock:
            state = emulated.get_state() | {"_executions": {}}  # they have a journal
            draft = self._path.with_suffix(".new")
            draft.write_text(json.dumps(state, default=_json_default), encoding="utf-8")
            draft.replace(self._path)


def _taken(folder: Path) -> IO[str]:
    """The folder's lock; the kernel gives it back however the process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{folder}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise ConfigurationError(f"{folder}: another service already runs on it") from None
    return lock
