"""Where tables, partitions and objects come from, and what a caller may do."""

from __future__ import annotations
