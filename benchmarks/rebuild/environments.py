"""Environments of their own for the tools that are compared, from `benchmarks/requirements`."""

from __future__ import annotations

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
UV = REPOSITORY / ".tools" / "bin" / "uv"


def environment(tool: str) -> Path:
    """The folder of programs of a tool's environment, which is made when it is not there yet."""
    root = REPOSITORY / ".tools" / f"bench-{tool}"
    ready = root / ".ready"
    wanted = REPOSITORY / "benchmarks" / "requirements" / f"{tool}.txt"
    if not ready.exists() or ready.read_text() != wanted.read_text():
        python = REPOSITORY / ".venv" / "bin" / "python"
        _uv("venv", "--quiet", "--allow-existing", "--python", str(python), str(root))
        program = str(root / "bin" / "python")
        _uv("pip", "install", "--quiet", "--python", program, "--requirement", str(wanted))
        ready.write_text(wanted.read_text())
    return root / "bin"


def _uv(*arguments: str) -> None:
    subprocess.run([str(UV), *arguments], check=True)
