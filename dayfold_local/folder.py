"""The state folder: one place on disk for everything that the local stack remembers."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dayfold.errors import ConfigurationError

# Raised whenever the files under the folder change their meaning. A folder of another format is
# refused, never half understood.
STATE_FORMAT = 1
MARKER = "dayfold-state.json"


@dataclass(frozen=True)
class StateFolder:
    """Names every file of a state folder; makes none until asked."""

    root: Path

    @property
    def marker(self) -> Path:
        """The file that says "this is a Dayfold state folder" and in which format."""
        return self.root / MARKER

    @property
    def server_file(self) -> Path:
        """Pid and port of the server that runs, or ran, on this folder."""
        return self.root / "server.json"

    @property
    def server_lock(self) -> Path:
        """Held by the server as long as it lives; the kernel lets go when it dies."""
        return self.root / "server.lock"

    @property
    def up_lock(self) -> Path:
        """Held while somebody starts, deploys or stops the stack."""
        return self.root / "up.lock"

    @property
    def log(self) -> Path:
        """What the server and its functions print."""
        return self.root / "server.log"

    @property
    def calls(self) -> Path:
        """The calls that clients have made, each kind once a client: a line of JSON each."""
        return self.root / "calls.jsonl"

    @property
    def objects(self) -> Path:
        """S3: every object is the plain file `<account>/<bucket>/<key>` in here."""
        return self.root / "s3"

    @property
    def services(self) -> Path:
        """One snapshot per service."""
        return self.root / "services"

    @property
    def journal(self) -> Path:
        """What was answered since the snapshots."""
        return self.root / "journal"

    @property
    def temporary(self) -> Path:
        """Scratch space, emptied at every start."""
        return self.root / "tmp"

    @property
    def deployment(self) -> Path:
        """What is deployed: hashes of template, functions, queries and parameters."""
        return self.root / "deployment.json"

    def exists(self) -> bool:
        """Whether this is a state folder (of whatever format)."""
        return self.marker.is_file()

    def create(self) -> None:
        """Makes the folder, or checks that the one that is there can be used.

        Raises:
            ConfigurationError: If the folder is of another format or holds foreign files.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        # Another `up` may be making it: its marker comes first, so what was seen before the marker
        # was looked for is either its own, with the marker there by now, or foreign.
        foreign = any(not path.name.startswith(MARKER) for path in self.root.iterdir())
        if self.exists():
            self.check()
        elif foreign:
            raise ConfigurationError(
                f"{self.root}: not a Dayfold state folder and not empty; name another with --state",
            )
        else:
            write_json(self.marker, {"format": STATE_FORMAT})
        for folder in (self.objects, self.services, self.journal):
            folder.mkdir(exist_ok=True)

    def check(self) -> None:
        """Refuses a folder that this version does not understand.

        Raises:
            ConfigurationError: If the format differs or the marker cannot be read.
        """
        found = self.format()
        if found != STATE_FORMAT:
            raise ConfigurationError(
                f"{self.root}: state folder of format {found}, this version needs "
                f"{STATE_FORMAT}; `dayfold reset` starts afresh",
            )

    def format(self) -> int | None:
        """The format written in the marker; None if it cannot be read."""
        value = read_json(self.marker).get("format")
        return value if isinstance(value, int) else None

    def clear_temporary(self) -> None:
        """Empties the scratch space that a killed server left behind."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir(parents=True)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replaces a file in one step, so that a reader sees the old text or the new one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")  # two writers have one each
    draft.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if the file is absent or broken."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
