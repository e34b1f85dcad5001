"""The other engine: a Trino server, which gets Athena's SQL as it is."""

from __future__ import annotations
