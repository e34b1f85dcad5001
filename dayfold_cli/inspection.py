"""Looking at a build that broke its checks: the queries that show its rows, until it is gone."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dayfold_cli.output import say

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from dayfold.domain.partition import BuildRecord
    from dayfold.domain.table import Check, Table
    from dayfold_cli.target import Target


def queries_for(
    target: Target, name: str, day: dt.date, builds: Sequence[BuildRecord]
) -> list[str]:
    """A query for each rule that the latest attempt broke; none if it was published or is gone."""
    build = builds[-1] if builds else None
    if build is None or build.status != "failed" or not build.location or build.collection:
        return []
    from dayfold.domain.checks import all_rows, inspect_statement
    from dayfold.domain.statements import named_build_table

    built = f"build.{named_build_table(name, build.build_id)}"
    table = _table(target, name)
    if table is None:
        return [all_rows(built, day)]
    checks = _checks(table, build)
    broken = [one["check_name"] for one in build.check_results if one.get("severity") == "error"]
    found = (inspect_statement(table, built, day, checks.get(one)) for one in broken)
    return list(dict.fromkeys(found))


def changed_checks(target: Target, name: str, builds: Sequence[BuildRecord]) -> list[str]:
    """How a backfill changed the checks of the latest attempt, a line for each."""
    build = builds[-1] if builds else None
    table = _table(target, name) if build and build.checks else None
    if build is None or table is None:
        return []
    from dayfold.domain.check_changes import describe

    return [f"in {build.run_id} {line}" for line in describe(build.checks, table.checks)]


def print_inspection(
    target: Target, name: str, day: dt.date, builds: Sequence[BuildRecord]
) -> None:
    """Say which checks were changed, and how to look at what broke them."""
    for line in changed_checks(target, name, builds):
        say(f"changed check: {line}")
    for sql in queries_for(target, name, day, builds):
        say(f"look at it: dayfold query {shlex.quote(sql)}")


def _table(target: Target, name: str) -> Table | None:
    """The table as the project's query file declares it; None if that cannot be read."""
    from dayfold.adapters.query_files import QueryFiles
    from dayfold.errors import ConfigurationError

    project = target.find_project()
    if project is None:
        return None
    try:
        return QueryFiles(project / "queries").load().get(name)
    except ConfigurationError:  # `dayfold check` tells of it; what was built can be shown
        return None


def _checks(table: Table, build: BuildRecord) -> dict[str, Check]:
    from dayfold.domain.table import Check

    changed = [Check(**one) for one in build.checks]
    return {check.name: check for check in (changed or table.checks)}
