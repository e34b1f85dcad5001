"""The Trino server that the conformance suite is held against."""

from __future__ import annotations
