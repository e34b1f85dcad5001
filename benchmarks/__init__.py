"""Measurements of what the design promises in numbers; `python -m benchmarks` runs them all."""

from __future__ import annotations
