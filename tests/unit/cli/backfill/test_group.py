"""The group itself: help at once, and a misspelt command."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dayfold_cli.commands.backfill import COMMANDS
from tests.unit.cli.test_main import HEAVY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Result


def test_every_command_explains_itself_and_imports_nothing_heavy() -> None:
    # Given a fresh interpreter
    code = (
        "import sys\nfrom dayfold_cli.main import main\n"
        f"for name in {list(COMMANDS)!r}:\n    assert main(['backfill', name, '--help']) == 0\n"
        f"print('heavy:', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    # When it prints the helps
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # Then
    assert done.stdout.count("--stack NAME") == len(COMMANDS)
    assert "heavy: []" in done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [("cancle", "did you mean 'cancel'?"), ("explode", "`dayfold backfill --help` lists them")],
)
def test_a_misspelt_command_is_one_line(
    dayfold: Callable[..., Result], name: str, said: str
) -> None:
    # When
    result = dayfold("backfill", name)
    # Then
    assert result.code == 2
    assert said in result.err
    assert result.err.count("\n") == 1
