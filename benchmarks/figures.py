"""Figures of repeated measurements: least, median and most."""

from __future__ import annotations

import statistics


def show(what: str, seconds: list[float], budget: float | None = None) -> None:
    """Print one line: what was measured, its spread, and the budget it is held against."""
    least, median, most = min(seconds), statistics.median(seconds), max(seconds)
    aim = f"   budget {budget:g} s" if budget is not None else ""
    print(f"{what:<44} {least:7.3f} {median:7.3f} {most:7.3f} s  n={len(seconds)}{aim}")


def heading(title: str) -> None:
    """Print a benchmark's title and the meaning of its columns."""
    print(f"\n{title}\n{'':<44} {'least':>7} {'median':>7} {'most':>7}")
