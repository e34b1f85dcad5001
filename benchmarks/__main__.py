"""Runs the benchmarks, or those named: `python -m benchmarks event_to_published cold_imports`."""

from __future__ import annotations

import importlib
import sys

NAMES = ("cold_imports", "planning", "staleness", "event_to_published", "quick_rebuild")


def main(names: list[str]) -> int:
    """Run benchmarks by name, all of them if none is named."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}: there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in names or NAMES:
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
