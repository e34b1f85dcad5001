"""Which engine runs the queries: DuckDB in this process, or a Trino server.

`DAYFOLD_ATHENA_ENGINE` is `duckdb` (the default) or `trino`; for the latter
`DAYFOLD_ATHENA_TRINO_URL` says where the server is. `dayfold up --engine` sets both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dayfold_local.athena.execution.engine import DuckDbEngine, Engine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENGINE: Final = "DAYFOLD_ATHENA_ENGINE"
TRINO_URL: Final = "DAYFOLD_ATHENA_TRINO_URL"
MEMORY: Final = "DAYFOLD_ATHENA_MEMORY"


def chosen(environ: Mapping[str, str], scratch: Path) -> Engine:
    """The engine that the environment names.

    Args:
        environ: Where the settings are.
        scratch: A folder for what DuckDB spills.

    Raises:
        ValueError: If the engine is unknown, or Trino's URL is missing or wrong.
    """
    name = environ.get(ENGINE) or "duckdb"
    if name == "duckdb":
        return DuckDbEngine(scratch, environ.get(MEMORY, "2GB"))
    if name == "trino":
        from dayfold_local.athena.trino.engine import TrinoEngine

        return TrinoEngine(environ.get(TRINO_URL, ""))
    raise ValueError(f"{ENGINE} is duckdb or trino, not {name!r}")
