"""S3 keeps every object as a file and its facts in a file beside it, each replaced in one step.

A kill between the two steps, of a request that was never answered, leaves them at odds: a body
whose facts are those of the body before, or facts without a body. This puts them right before the
emulator reads them.

The emulator also keeps the body of every version of an object in memory, though it is on disk by
then: on a versioned bucket the server would grow by all that is ever written.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any

from dayfold_local.folder import read_json

logger = logging.getLogger(__name__)

FACTS = ".meta.json"
DRAFT = ".tmp"


def install() -> None:
    """Leaves the bodies of versions to the disk, where the emulator reads them after a restart.

    Until an object is on disk its own record has the body; a version that is displaced has been
    copied there before.
    """
    from ministack.services import s3

    made = s3._version_entry_from_record  # noqa: SLF001 - the emulator has no setting

    def without_body(record: dict[str, Any], version_id: str, _: object) -> dict[str, Any]:
        entry: dict[str, Any] = made(record, version_id, None)
        return entry

    s3._version_entry_from_record = without_body  # noqa: SLF001


def repair(folder: Path) -> int:
    """Makes bodies and facts agree; returns how many files had to be touched."""
    repaired = 0
    for root, _, names in os.walk(folder):
        present = set(names)
        for name in names:
            path = Path(root, name)
            if name.endswith(DRAFT):
                path.unlink()
            elif name.endswith(FACTS):
                body = name.removesuffix(FACTS)
                if body in present:
                    repaired += _agree(path.with_name(body), path)
                elif not read_json(path).get("is_delete_marker"):
                    path.unlink()
                    repaired += 1
    if repaired:
        logger.warning("%d objects were being written when the server died", repaired)
    return repaired


def _agree(body: Path, facts: Path) -> bool:
    """Rewrites facts that are older than their body; they are normally written after it."""
    if body.stat().st_mtime_ns <= facts.stat().st_mtime_ns:
        return False
    known = read_json(facts)
    content = body.read_bytes()
    known["size"] = len(content)
    known["etag"] = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    known.pop("checksums", None)
    draft = facts.with_name(f"{facts.name}{DRAFT}")
    draft.write_text(json.dumps(known), encoding="utf-8")
    draft.replace(facts)
    return True
