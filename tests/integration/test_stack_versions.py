"""A versioned bucket's objects live on disk: all versions can be read, and none stays in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dayfold_local import process, stack
from dayfold_local.folder import StateFolder
from tests.integration.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

MB = 1 << 20
OBJECTS, SIZE = 12, 8 * MB


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, Any]]:
    """A server's process id, and a client of its S3 with a versioned bucket."""
    folder, port = StateFolder(tmp_path / "state"), free_port()
    folder.create()
    pid = process.start(folder, port)
    s3 = stack.root_session(port).client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    yield pid, s3
    process.stop(folder)


def resident(pid: int) -> int:
    """The bytes that a process holds in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def test_every_version_can_be_read_and_none_is_held_in_memory(server: tuple[int, Any]) -> None:
    # Given a versioned bucket, into which an object has gone
    pid, s3 = server
    s3.put_object(Bucket="lake", Key="first", Body=b"0" * SIZE)
    before = resident(pid)
    # When many more do, some of them over one another
    versions = {}
    for number in range(OBJECTS):
        key, body = f"raw/{number % 4}", bytes([65 + number]) * SIZE
        versions[key, number] = s3.put_object(Bucket="lake", Key=key, Body=body)["VersionId"]
    # Then the server has not grown by what they hold
    assert resident(pid) - before < OBJECTS * SIZE / 3
    # And each version is what it was
    for (key, number), version in versions.items():
        found = s3.get_object(Bucket="lake", Key=key, VersionId=version)["Body"].read()
        assert found == bytes([65 + number]) * SIZE
