"""What clients see: the API, executions and their journal, workgroups, results."""

from __future__ import annotations
