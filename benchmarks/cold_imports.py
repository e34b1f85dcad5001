"""How long a fresh process takes to import each handler, as a cold start does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.figures import heading, show

FUNCTIONS = Path(__file__).resolve().parents[1] / "functions"
ROUNDS = 5
BUDGET_SECONDS = 1.0


def main() -> None:
    """Measure every function."""
    heading("Cold import of each handler, whole process")
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS)}
    for app in sorted(FUNCTIONS.glob("*/app.py")):
        module = f"{app.parent.name}.app"
        seconds = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {module}"], env=environment, check=True)
            seconds.append(time.perf_counter() - start)
        show(app.parent.name, seconds, BUDGET_SECONDS)


if __name__ == "__main__":
    main()
