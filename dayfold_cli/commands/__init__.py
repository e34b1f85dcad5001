"""The commands, one module each (the local stack's four share one); imported on use."""

from __future__ import annotations
