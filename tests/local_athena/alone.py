"""The local Athena as a process of its own, and moto's server as its Glue and S3."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.local_athena.client import Client

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 60.0
KEYS = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "any"}


def environment(**more: str) -> dict[str, str]:
    """The variables of a shell without settings for AWS, with the keys that any emulator takes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", **KEYS, **more}


@dataclass
class Process:
    """A server of these tests: its process and its port."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """Ends it; returns its exit code."""
        self.process.terminate()
        code = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def moto(port: int) -> Process:
    """A moto server that answers."""
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    quiet = subprocess.DEVNULL
    made = Process(
        subprocess.Popen(command, env=environment(), stdout=quiet, stderr=quiet, text=True), port
    )
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{made.url}/moto-api/", timeout=5):
                return made
        except OSError:
            assert made.process.poll() is None, "moto's server has ended"
            assert time.monotonic() < until, "moto's server does not answer"
            time.sleep(0.1)


def athena(endpoint: str, state: Path, *, trino_url: str | None = None, **more: str) -> Process:
    """The service, on a port that it chooses and says; on a Trino server if there is one."""
    engine = "duckdb" if trino_url is None else "trino"
    command = [
        *(sys.executable, "-m", "dayfold_local.athena", "--port", "0", "--state", str(state)),
        *("--glue-endpoint", endpoint, "--s3-endpoint", endpoint, "--engine", engine),
        *(("--trino-url", trino_url) if trino_url is not None else ()),
    ]
    started = subprocess.Popen(
        command,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert started.stdout is not None
    said = started.stdout.readline()
    found = re.fullmatch(rf"athena listens on http://127\.0\.0\.1:(\d+) \({engine}\)\n", said)
    assert found is not None, said + started.stdout.read()
    return Process(started, int(found.group(1)))


def client_of(service: Process, lake: Process) -> Client:
    """A client whose Athena is the service, and whose Glue and S3 are elsewhere."""
    made = Client(lake.port, KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"])
    made.athena = made.session.client("athena", endpoint_url=service.url)
    return made
