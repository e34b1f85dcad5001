"""The SQL/JSON path language: what `json_value`, `json_query` and `json_exists` look with."""

from __future__ import annotations
