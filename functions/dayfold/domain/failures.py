"""Failures in a person's words: what, where, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dayfold.domain.partition import BuildRecord
    from dayfold.domain.table import Table

STEP_FAILED = "a step of the run failed"
ABANDONED = "its writer died"
# The first word of Athena's reason tells whose mistake it is.
_IN_THE_DATA = ("HIVE_BAD_DATA", "HIVE_CURSOR_ERROR", "HIVE_CANNOT_OPEN_SPLIT", "INVALID_CAST")
_IN_THE_RIGHTS = ("PERMISSION_DENIED", "Access Denied", "Insufficient permissions")


def query_failure(table: Table, reason: str, build_id: str, query_id: str | None) -> str:
    """One line for a query that Athena ended as failed."""
    query = f" (build {build_id}, query {query_id})" if query_id else f" (build {build_id})"
    return f"{reason.rstrip('.')}{query}. Next: {_next_step(table, reason)}"


def _next_step(table: Table, reason: str) -> str:
    again = "run again"
    if reason.startswith(STEP_FAILED) or "INTERNAL_ERROR" in reason:
        return again
    if any(word in reason for word in _IN_THE_DATA):
        return f"mend or remove the extract named, land it again, then {again}"
    if any(word in reason for word in _IN_THE_RIGHTS):
        return f"give the function's role the right named, then {again}"
    return f"mend {table.path} (`dayfold check` finds most), then {again}"


def check_failure(
    table: Table,
    broken: Sequence[Mapping[str, str | None]],
    build_id: str,
    *,
    has_former: bool,
) -> str:
    """One line for a build that broke its checks: the rules, how many rows, and samples."""
    rules = "; ".join(
        f"{one['check_name']} broken by {one['broken']} row{'' if one['broken'] == '1' else 's'},"
        f" e.g. {one['sample']}"
        for one in broken
    )
    former = ", the former build stays" if has_former else ""
    return (
        f"not published{former}: {rules} (build {build_id} of {table.name}). "
        f"Next: mend the data or {table.path}, then run again"
    )


def failures_in_a_row(builds: Sequence[BuildRecord]) -> int:
    """How often the latest attempts failed on their own account, since one was published.

    A writer that died says nothing about the partition, and the days of a wide job that failed as a
    whole have not been tried by themselves.

    Args:
        builds: all attempts, oldest first.
    """
    failures = 0
    for build in reversed(builds):
        if build.status == "published":
            break
        died = (build.error or "").startswith((ABANDONED, STEP_FAILED))
        failures += not died and not build.retry_apart
    return failures
