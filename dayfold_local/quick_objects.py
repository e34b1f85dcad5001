"""Shorter ways to an object's file, same places: S3 asks the disk some 25 times for each it writes.

A rebuild writes an object for each partition, and each has a folder of its own.
"""

# ruff: noqa: PTH101, PTH105, PTH112, PTH114, PTH118, PTH120 - of many paths
from __future__ import annotations

import functools
import os
import stat
import types
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.catalog.ports import FileBytes

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT: Final = 4096


def install() -> None:
    """Puts the shorter ways into the emulator's S3."""
    from ministack.services import s3

    paths = types.SimpleNamespace(**{**vars(os.path), "realpath": real_path})
    s3.os = types.SimpleNamespace(**{**vars(os), "path": paths})
    places = Places(
        s3._key_disk_path,  # noqa: SLF001 - no setting for it
        s3._other_key_disk_path,  # noqa: SLF001
        s3._plain_path_key,  # noqa: SLF001
        s3._ENCODED_KEYS_DIR,  # noqa: SLF001
    )
    s3._key_disk_path = places.place  # noqa: SLF001
    s3._other_key_disk_path = places.other  # noqa: SLF001
    s3._atomic_write = files_kept(s3._atomic_write)  # noqa: SLF001


def real_path(path: str) -> str:
    """`os.path.realpath`, with a folder's own looked up once: S3 asks three times for each object.

    So a folder of the state may be a link, but not become one under a server that runs.
    """
    folder, name = os.path.split(path)
    if name in {"", ".", ".."} or os.path.islink(path):
        return os.path.realpath(path)
    return os.path.join(_real_folder(folder), name)


@functools.lru_cache(_KEPT)
def _real_folder(path: str) -> str:
    return os.path.realpath(path) if path in {"", os.sep} else real_path(path)


class Places:
    """Where keys are kept: told at once for a plain key that nothing else is in the way of.

    All others are the emulator's to think about: a key with a part that no file may be called, one
    below another key, and every key of a bucket that has had such.
    """

    def __init__(
        self,
        place: Callable[[str, str], str | None],
        other: Callable[[str, str, str], str | None],
        is_plain: Callable[[str], bool],
        encoded: str,
    ) -> None:
        self._place = place
        self._other = other
        self._is_plain = is_plain
        self._encoded = encoded

    def place(self, base: str, key: str) -> str | None:
        """The file of a key in the folder `base`."""
        root = _real_folder(base)
        path = os.path.join(root, key)
        folder = os.path.dirname(path)
        if not self._is_plain(key) or self._has_encoded(root) or _real_folder(folder) != folder:
            return self._place(base, key)
        try:
            found = os.lstat(path)
        except FileNotFoundError:  # and nothing above it is a file
            return path
        except NotADirectoryError:
            return self._place(base, key)
        return path if stat.S_ISREG(found.st_mode) else self._place(base, key)

    def other(self, base: str, key: str, path: str) -> str | None:
        """The file in which an earlier object of a key may be, besides `path`."""
        root = _real_folder(base)
        if path == os.path.join(root, key) and not self._has_encoded(root):
            return None
        return self._other(base, key, path)

    def _has_encoded(self, root: str) -> bool:
        return os.path.isdir(os.path.join(root, self._encoded))


def files_kept(write: Callable[..., None]) -> Callable[..., None]:
    """Objects that are files already, and nobody else's: moved, and not written once more."""

    def written(place: str, data: Any, *, text: bool = False) -> None:  # noqa: ANN401
        if not (isinstance(data, FileBytes) and _moved(data.path, place)):
            write(place, data, text=text)

    return written


def _moved(path: str, place: str) -> bool:
    try:
        os.chmod(path, 0o600)
        os.replace(path, place)
    except OSError:  # another disk
        return False
    return True
