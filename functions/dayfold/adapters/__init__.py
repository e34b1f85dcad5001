"""AWS behind small classes: one module per service."""

from __future__ import annotations
