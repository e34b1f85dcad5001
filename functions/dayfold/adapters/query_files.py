"""The query files on disk: the layer on Lambda, the working tree on a laptop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from dayfold.domain.query_file import Tables

DATABASES = ("staging", "kpi")


class QueryFiles:
    """The files `<folder>/{staging,kpi}/*.sql`; an edited file is seen at the next load."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._tables: Tables | None = None

    def sources(self) -> dict[str, str]:
        """The text of every query file by its path as people know it.

        Raises:
            ConfigurationError: there are no query files.
        """
        sources = {_shown(path): path.read_text(encoding="utf-8") for path in self._paths()}
        if not sources:
            raise ConfigurationError(f"there are no query files in {self._folder}")
        return sources

    def load(self) -> Tables:
        """All tables, upstream first; files are parsed again only when one has changed.

        Raises:
            ConfigurationError: there are no query files.
            QueryFileError: one of them cannot be read.
        """
        from dayfold.domain.query_file import load_tables

        stamps = ((path, path.stat()) for path in self._paths())
        seen = tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stamps)
        if self._tables is None or seen != self._seen:
            self._tables = load_tables(self.sources())
            self._seen = seen
        return self._tables

    def _paths(self) -> list[Path]:
        return sorted(
            path for database in DATABASES for path in (self._folder / database).glob("*.sql")
        )


def _shown(path: Path) -> str:
    return f"queries/{path.parent.name}/{path.name}"
