"""The same rebuild of N days and six KPIs by the pipeline, by DuckDB alone and by other tools."""

from __future__ import annotations
