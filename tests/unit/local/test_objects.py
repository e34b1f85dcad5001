"""S3 objects on disk: what a kill between two writes leaves is put right."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from dayfold_local.durability import objects

if TYPE_CHECKING:
    from pathlib import Path


def stored(folder: Path, name: str, body: bytes, age: int = 0) -> Path:
    path = folder / "000000000000" / "bucket" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    etag = f'"{hashlib.md5(body).hexdigest()}"'
    facts = path.with_name(f"{name}.meta.json")
    facts.write_text(json.dumps({"size": len(body), "etag": etag, "metadata": {"a": "b"}}))
    for file in (path, facts):
        moment = file.stat().st_mtime - age
        os.utime(file, (moment, moment))
    return path


def test_whole_objects_are_left_alone(tmp_path: Path) -> None:
    # Given
    path = stored(tmp_path, "whole", b"body")
    facts = path.with_name("whole.meta.json").read_text()

    # When
    repaired = objects.repair(tmp_path)

    # Then
    assert repaired == 0
    assert path.with_name("whole.meta.json").read_text() == facts


def test_a_body_newer_than_its_facts_gets_facts_of_its_own(tmp_path: Path) -> None:
    # Given
    path = stored(tmp_path, "torn", b"old", age=10)
    path.write_bytes(b"new body")

    # When
    repaired = objects.repair(tmp_path)

    # Then
    facts = json.loads(path.with_name("torn.meta.json").read_text())
    assert repaired == 1
    assert facts["size"] == 8
    assert facts["etag"] == f'"{hashlib.md5(b"new body").hexdigest()}"'
    assert facts["metadata"] == {"a": "b"}


def test_drafts_and_facts_without_a_body_are_removed_but_delete_markers_stay(
    tmp_path: Path,
) -> None:
    # Given
    path = stored(tmp_path, "gone", b"body")
    path.unlink()
    (path.parent / "half.tmp").write_bytes(b"half a bo")
    marker = path.parent / "deleted.meta.json"
    marker.write_text(json.dumps({"is_delete_marker": True}))

    # When
    objects.repair(tmp_path)

    # Then
    assert [file.name for file in path.parent.iterdir()] == [marker.name]
