"""Objects of a remote store as files on this machine: fetched once, kept while there is room."""

from __future__ import annotations

import collections
import hashlib
import shutil
import threading
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dayfold_local.athena.catalog.ports import StoredObject


class Fetched:
    """A folder of fetched objects, the least recently used of which go when it is full.

    A file's name is made of the object's name and ETag, so that it never changes. Files that a
    query holds stay, also when they alone are more than `most_bytes`.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._most = most_bytes
        self._lock = threading.Lock()
        self._held: collections.Counter[str] = collections.Counter()
        self._sizes: collections.OrderedDict[str, int] = collections.OrderedDict()

    def place(self, bucket: str, key: str, etag: str) -> Path:
        """Where an object is, once it is fetched; its name ends as the key does."""
        digest = hashlib.sha256(f"{bucket}\n{key}\n{etag}".encode()).hexdigest()
        return self._folder / f"{digest}{Path(key).suffix}"

    def hold(self, item: StoredObject, fetch: Callable[[IO[bytes]], None]) -> None:
        """Keeps an object's file until it is released; `fetch` writes it if it is not here."""
        with self._lock:
            self._held[item.path] += 1
            if item.path in self._sizes:
                self._sizes.move_to_end(item.path)
                return
        path = Path(item.path)
        draft = path.with_name(f"{uuid.uuid4().hex}.part")
        try:
            with draft.open("wb") as file:
                fetch(file)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            self.release([item.path])
            raise
        with self._lock:
            self._sizes[item.path] = item.size
        self._make_room()

    def release(self, paths: Iterable[str]) -> None:
        """Lets files go that were held."""
        with self._lock:
            for path in paths:
                self._held[path] -= 1
                if self._held[path] <= 0:
                    del self._held[path]
        self._make_room()

    def _make_room(self) -> None:
        with self._lock:
            over = sum(self._sizes.values()) - self._most
            for path in [path for path in self._sizes if path not in self._held]:
                if over <= 0:
                    return
                over -= self._sizes.pop(path)
                Path(path).unlink(missing_ok=True)

    def close(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
