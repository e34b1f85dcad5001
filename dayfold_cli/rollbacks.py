"""Rolling back through the stack's own function, call after call until all is done."""

from __future__ import annotations

import getpass
import time
import uuid
from typing import TYPE_CHECKING, Any

from dayfold_cli.functions import invoke

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold_cli.deployment import Deployment


def roll_back(deployment: Deployment, asked: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Roll back, however many calls it takes: one ends before its leases do and says so.

    Returns:
        As the function's answer, with `moved` of all calls and the `seconds` they took.
    """
    run_id = f"rollback-{uuid.uuid4().hex[:12]}"
    event = {**asked, "run_id": run_id, "by": _user(), "dry_run": dry_run}
    started = time.monotonic()
    moved: dict[tuple[str, str], Mapping[str, Any]] = {}
    while True:
        answer: dict[str, Any] = invoke(deployment, "roll_back", event)
        partitions = {(one["table"], one["day"]): one for one in answer["partitions"]}
        moved.update({key: one for key, one in partitions.items() if one["action"] == "move"})
        if not answer["cut_off"]:
            break
    # What an earlier call moved is done already for the last one.
    answer["partitions"] = list({**partitions, **moved}.values())
    answer["done"] -= len(moved) - sum(one["action"] == "move" for one in partitions.values())
    answer["moved"] = max(len(moved), answer["moved"])
    return {**answer, "seconds": round(time.monotonic() - started, 3)}


def _user() -> str:
    """Who asks, as the machine at hand knows them; CloudTrail has the account's word for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
