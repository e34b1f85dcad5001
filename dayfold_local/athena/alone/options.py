"""The options of the service, each of which an environment variable can give too."""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlsplit

from dayfold.errors import ConfigurationError
from dayfold_local.athena import engines
from dayfold_local.athena.catalog.endpoints import Endpoints

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT: Final = 8070
DEFAULT_CACHE_MB: Final = 2048


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """How the service is to run."""

    host: str
    port: int  # 0 is any free one
    endpoints: Endpoints
    state: Path | None
    engine: str
    trino_url: str | None
    memory: str
    workers: int
    cache_bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Option:
    flag: str
    variable: str
    default: str | None
    read: Callable[[str], Any]
    says: str
    shown: str


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{message} (--help lists the options)")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"is a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return read


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise ValueError(f"is a URL like http://127.0.0.1:5000, not {text!r}")
    return text


def _engine(text: str) -> str:
    if text not in {"duckdb", "trino"}:
        raise ValueError(f"is duckdb or trino, not {text!r}")
    return text


def _size(text: str) -> str:
    if re.fullmatch(r"\d+(\.\d+)?\s*[KMGT]i?B", text, re.IGNORECASE) is None:
        raise ValueError(f"is a size like 2GB, not {text!r}")
    return text


def _folder(text: str) -> Path:
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise ValueError(f"is a folder, and {text} is a file")
    return path


_OPTIONS: Final = (
    _Option("host", "DAYFOLD_ATHENA_HOST", "127.0.0.1", str, "address to listen on", "ADDRESS"),
    _Option(
        "port", "DAYFOLD_ATHENA_PORT", str(DEFAULT_PORT), _whole(0, 65535),
        "port to listen on; 0 is any free one", "N",
    ),
    _Option(
        "glue-endpoint", "DAYFOLD_ATHENA_GLUE_ENDPOINT", None, _url,
        "where Glue is; else as boto3 finds it", "URL",
    ),
    _Option(
        "s3-endpoint", "DAYFOLD_ATHENA_S3_ENDPOINT", None, _url,
        "where S3 is; else as boto3 finds it", "URL",
    ),
    _Option(
        "state", "DAYFOLD_STATE_DIR", None, _folder,
        "folder that executions, workgroups and named queries are kept in; else they are forgotten",
        "DIR",
    ),
    _Option("engine", engines.ENGINE, "duckdb", _engine, "duckdb or trino", "NAME"),
    _Option("trino-url", engines.TRINO_URL, None, _url, "the Trino server, for that engine", "URL"),
    _Option("memory", engines.MEMORY, "2GB", _size, "of DuckDB; more spills to disk", "SIZE"),
    _Option("workers", "DAYFOLD_ATHENA_WORKERS", "2", _whole(1, 256), "queries at once", "N"),
    _Option(
        "cache-mb", "DAYFOLD_ATHENA_CACHE_MB", str(DEFAULT_CACHE_MB), _whole(0, 1 << 30),
        "of fetched objects kept for the next query", "N",
    ),
)  # fmt: skip


def read(arguments: list[str] | None, environ: Mapping[str, str] = os.environ) -> Options:
    """The options of a command line; one that it leaves out is the environment's, or its default.

    Raises:
        ConfigurationError: If one is unknown or not of its form.
    """
    given = _parser().parse_args(arguments)
    found: dict[str, Any] = {}
    for option in _OPTIONS:
        text, source = getattr(given, option.flag.replace("-", "_")), f"--{option.flag}"
        if text is None and environ.get(option.variable):
            text, source = environ[option.variable], option.variable
        text = option.default if text is None else text
        try:
            found[option.flag] = None if text is None else option.read(text)
        except ValueError as error:
            raise ConfigurationError(f"{source} {error}") from None
    return Options(
        host=found["host"],
        port=found["port"],
        endpoints=Endpoints(found["glue-endpoint"], found["s3-endpoint"]),
        state=found["state"],
        engine=found["engine"],
        trino_url=found["trino-url"],
        memory=found["memory"],
        workers=found["workers"],
        cache_bytes=found["cache-mb"] << 20,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m dayfold_local.athena",
        description="A local Athena over any Glue and S3 (docs/athena-alone.md).",
        epilog="Credentials and Region are boto3's usual ones; limits are environment variables.",
    )
    for option in _OPTIONS:
        default = f" ({option.default})" if option.default else ""
        says = f"{option.says}{default} [{option.variable}]"
        parser.add_argument(f"--{option.flag}", metavar=option.shown, help=says)
    return parser
