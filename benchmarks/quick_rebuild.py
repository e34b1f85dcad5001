"""The quick part of `benchmarks.rebuild`: ten small days, the pipeline beside DuckDB alone."""

from __future__ import annotations

from benchmarks.rebuild.__main__ import main as rebuild


def main() -> None:
    """Measure; the rest is `python -m benchmarks.rebuild --help`."""
    rebuild(["--days", "10", "--events", "20000", "--tools", "duckdb,dayfold"])


if __name__ == "__main__":
    main()
