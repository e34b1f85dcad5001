"""The adapters' tests run in the pipeline's world."""

from __future__ import annotations

from tests.unit.pipeline.conftest import world

__all__ = ["world"]
