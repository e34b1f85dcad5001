"""Result reuse: a query that ran a while ago, with the same text, answers again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.errors import AccessDeniedError, RequestError

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import World
    from dayfold_local.athena.protocol.executions import Execution, Executions

_LONGEST: Final = 10_080  # minutes: a week
_DEFAULT: Final = 60


def minutes(data: dict[str, Any]) -> int | None:
    """The age in minutes that a request accepts, or None when it asks for no reuse."""
    given = (data.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
    if not given.get("Enabled"):
        return None
    age = given.get("MaxAgeInMinutes")
    age = _DEFAULT if age is None else int(age)
    if not 0 <= age <= _LONGEST:
        raise RequestError.invalid(f"MaxAgeInMinutes must be between 0 and {_LONGEST}")
    return age


def reused(execution: Execution, executions: Executions, world: World) -> bool:
    """Ends a new execution with an earlier one's result, if there is one to be had."""
    if execution.reuse_minutes is None:
        return False
    now = time.time()
    earliest = now - execution.reuse_minutes * 60
    for found in executions.alike(execution):
        if (found.completed or 0) < earliest or not _readable(found, world):
            continue
        execution.state = "SUCCEEDED"
        execution.started = execution.completed = now
        execution.output_file = found.output_file
        execution.columns, execution.rows = found.columns, found.rows
        execution.substatement = found.substatement
        execution.reused = True
        return True
    return False


def _readable(found: Execution, world: World) -> bool:
    """Whether the earlier result is still there and this caller may read it."""
    try:
        world.store.read(str(found.output_file))
    except (AccessDeniedError, FileNotFoundError):
        return False
    return True
