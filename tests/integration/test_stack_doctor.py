"""`dayfold doctor`: one line per thing looked at, with what to do."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from dayfold_local import stack
from dayfold_local.folder import StateFolder, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import SmallStack


def told(state: Path, level: str) -> list[str]:
    return [finding.message for finding in stack.doctor(state) if finding.level == level]


def test_all_is_well_after_up_and_an_edit_is_noticed(
    small_stack: SmallStack,
) -> None:
    # When / Then
    state = small_stack.state
    assert told(state, "error") == []
    assert "what is deployed is what the project says" in told(state, "ok")

    # And when
    source = small_stack.project / "functions" / "wording.py"
    before = source.read_text()
    source.write_text("class Refused(ValueError):\n    pass\n")
    warnings = told(state, "warning")
    source.write_text(before)

    # Then
    assert warnings[-1].startswith("template or functions changed")


def test_says_what_is_missing_or_in_the_way(state: Path) -> None:
    # Given
    folder = StateFolder(state)
    folder.create()
    write_json(folder.marker, {"format": 0})
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        write_json(folder.server_file, {"pid": 1, "port": port})

        # When
        errors = told(state, "error")

    # Then
    assert any("format 0" in line and "dayfold reset" in line for line in errors)
    assert any(line.startswith(f"port {port} is in use by process") for line in errors)
    assert "the local stack does not run; `dayfold up` starts it" in told(state, "warning")
