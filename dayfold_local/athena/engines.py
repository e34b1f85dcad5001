"""Which engine runs the queries: DuckDB in this process, or a Trino server.

`DAYFOLD_ATHENA_ENGINE` is `duckdb` (the default) or `trino`; for the latter
`DAYFOLD_ATHENA_TRINO_URL` says where the server is. `dayfold up --engine` sets both.
"""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Final

from dayfold.errors import ConfigurationError
from dayfold_local.athena.execution.engine import DuckDbEngine, Engine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENGINE: Final = "DAYFOLD_ATHENA_ENGINE"
TRINO_URL: Final = "DAYFOLD_ATHENA_TRINO_URL"
MEMORY: Final = "DAYFOLD_ATHENA_MEMORY"
_PATIENCE: Final = 5.0  # seconds for a Trino server to say that it is there


def settings(engine: str, trino_url: str | None) -> dict[str, str]:
    """The environment that chooses an engine.

    Args:
        engine: `duckdb` or `trino`.
        trino_url: Where the Trino server is; only for `trino`.

    Raises:
        ConfigurationError: If the URL is missing or of the wrong form, or no Trino answers there.
    """
    if engine == "duckdb":
        if trino_url is not None:
            raise ConfigurationError("--trino-url goes with --engine trino")
        return {ENGINE: engine}
    try:
        from dayfold_local.athena.trino.engine import TrinoEngine

        TrinoEngine(trino_url or "")
        with urllib.request.urlopen(f"{trino_url}/v1/info", timeout=_PATIENCE) as answer:
            _ = json.loads(answer.read())["nodeVersion"]
    except (OSError, KeyError, TypeError) as error:
        raise ConfigurationError(f"no Trino server answers at {trino_url}: {error}") from None
    except ValueError as error:
        raise ConfigurationError(f"--trino-url: {error}") from None
    return {ENGINE: engine, TRINO_URL: str(trino_url)}


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
