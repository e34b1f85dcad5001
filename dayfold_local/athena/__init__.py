"""A local Athena: its API, its SQL dialect and its rules, over an embedded engine.

Rooms: `protocol` (the API, executions, results), `catalog` (tables, partitions, objects, rights),
`translation` (Athena SQL to the engine's), `execution` (engine, statements), `limits`.
"""

from __future__ import annotations
