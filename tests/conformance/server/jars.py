"""Fetches the server's jars with Maven and verifies every one of them.

Maven looks where the user's settings.xml says; Maven Central is its default. MAVEN names another
executable, and MAVEN_ARGUMENTS more arguments (`--settings FILE`).
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Final

VERSION: Final = "435"
HERE: Final = Path(__file__).parent
CHECKSUMS: Final = HERE / "jars.sha256"
HOME: Final = HERE.parents[2] / ".tools" / f"trino-{VERSION}"


class ServerError(Exception):
    """The Trino server cannot be had: what is missing, and what to do about it."""


def fetched(home: Path = HOME) -> Path:
    """The folder with the server, fetched and verified unless it was before.

    Raises:
        ServerError: If Maven is missing or fails, or a jar is not the one that was recorded.
    """
    done = home / ".verified"
    if done.exists() and done.read_text(encoding="utf-8") == _recorded():
        return home
    shutil.rmtree(home, ignore_errors=True)
    copied = home / "lib"
    _maven(copied)
    _verify(copied)
    _unpack(copied / f"trino-hive-{VERSION}.zip", home / "plugin" / "hive")
    done.write_text(_recorded(), encoding="utf-8")
    return home


def _recorded() -> str:
    return CHECKSUMS.read_text(encoding="utf-8")


def _maven(into: Path) -> None:
    maven = os.environ.get("MAVEN", "mvn")
    if shutil.which(maven) is None:
        raise ServerError("Maven is needed to fetch Trino: install `mvn`, or name it in MAVEN")
    command = [
        *(maven, "--quiet", "--batch-mode", "--strict-checksums"),
        *shlex.split(os.environ.get("MAVEN_ARGUMENTS", "")),
        *("--file", str(HERE / "pom.xml"), "dependency:copy-dependencies"),
        *(f"-DoutputDirectory={into}", "-DincludeScope=runtime"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if "ERROR" in line]
        raise ServerError(f"Maven could not fetch Trino {VERSION}: {(lines or ['no output'])[0]}")


def checksums(folder: Path) -> str:
    """What jars.sha256 holds: a line per file, as sha256sum writes it."""
    lines = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)


def _verify(folder: Path) -> None:
    found, wanted = set(checksums(folder).splitlines()), set(_recorded().splitlines())
    for line in sorted(found ^ wanted):
        raise ServerError(f"{folder}: {line.split()[-1]} is not the file that jars.sha256 records")


def _unpack(archive: Path, into: Path) -> None:
    """The zip holds one folder with the plugin's jars; it is not on the server's own path."""
    into.mkdir(parents=True)
    with zipfile.ZipFile(archive) as opened:
        for item in opened.infolist():
            name = Path(item.filename).name
            if not item.is_dir():
                (into / name).write_bytes(opened.read(item))
    archive.unlink()
