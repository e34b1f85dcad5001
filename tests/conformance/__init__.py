"""The local Athena held against a Trino server, statement by statement and cell by cell."""

from __future__ import annotations
