"""Running statements: the engine, table scans, and the kinds of statement."""

from __future__ import annotations
