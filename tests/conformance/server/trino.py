"""A Trino server on this machine, its Hive connector on a local stack's Glue and S3."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Final

from tests.conformance.server.jars import HERE, VERSION, ServerError, fetched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS: Final = 180.0
CATALOG: Final = "awsdatacatalog"
_HEAP: Final = "2G"  # of the server; the emulator and the tests live beside it on two cores

_SERVER: Final = """\
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://127.0.0.1:{port}
node.environment=dayfold
node.id=dayfold
node.bind-ip=127.0.0.1
node.internal-address=127.0.0.1
plugin.dir={home}/plugin
catalog.config-dir={folder}/catalog
http-server.log.enabled=false
query.max-memory=1GB
query.max-memory-per-node=1GB
task.concurrency=2
"""
# What docs/trino.md tells a user to give a server of their own.
_CATALOG: Final = """\
connector.name=hive
hive.metastore=glue
hive.metastore.glue.region=us-east-1
hive.metastore.glue.endpoint-url={endpoint}
hive.metastore.glue.aws-access-key={key}
hive.metastore.glue.aws-secret-key={secret}
hive.non-managed-table-writes-enabled=true
hive.allow-drop-table=true
hive.collect-column-statistics-on-write=false
fs.hadoop.enabled=false
fs.native-s3.enabled=true
s3.endpoint={endpoint}
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key={key}
s3.aws-secret-key={secret}
"""


@contextlib.contextmanager
def running(folder: Path, port: int, endpoint: str, key: str, secret: str) -> Iterator[str]:
    """Starts a server, gives its URL once it answers queries, and stops it.

    Args:
        folder: Where its settings, log and data go.
        port: Where it listens, on 127.0.0.1 alone.
        endpoint: URL of the Glue and S3 it reads and writes.
        key: Access key for both.
        secret: Secret key for both.

    Raises:
        ServerError: If Java is missing, or the server does not start in time.
    """
    home = fetched()
    java = shutil.which("java")
    if java is None:
        raise ServerError("Java 17 is needed to run Trino: install a JDK, with `java` on PATH")
    settings = _settings(folder, port, home, endpoint, key, secret)
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(java, f"-Xmx{_HEAP}", "-XX:+UseParallelGC", "-XX:+ExitOnOutOfMemoryError"),
                # Hundreds of statements, each planned once: what the second compiler would save
                # later is less than what it costs.
                *("-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=512M"),
                *(
                    "-Djdk.attach.allowAttachSelf=true",
                    "--add-opens=java.base/java.nio=ALL-UNNAMED",
                ),
                *(f"-Dtrino.version={VERSION}", f"-Dnode.data-dir={folder}/data"),
                *(f"-Dconfig={settings}", f"-Dlog.levels-file={folder}/log.properties"),
                *("-cp", f"{home}/lib/*", str(HERE / "Launcher.java")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(process, url, folder / "server.log")
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _settings(folder: Path, port: int, home: Path, endpoint: str, key: str, secret: str) -> Path:
    (folder / "catalog").mkdir(parents=True, exist_ok=True)
    settings = folder / "config.properties"
    settings.write_text(_SERVER.format(port=port, home=home, folder=folder), encoding="utf-8")
    catalog = _CATALOG.format(endpoint=endpoint, key=key, secret=secret)
    (folder / "catalog" / f"{CATALOG}.properties").write_text(catalog, encoding="utf-8")
    (folder / "log.properties").write_text("io.trino=WARN\n", encoding="utf-8")
    return settings


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/v1/info", timeout=5) as r:
            if not json.loads(r.read())["starting"]:
                return
        time.sleep(0.2)
    raise ServerError(f"Trino did not start; its log is {log}")
