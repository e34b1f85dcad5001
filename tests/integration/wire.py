"""What the functions of a live stack have asked of AWS, by the stack's own log of requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore import xform_name

from dayfold_local.folder import StateFolder
from tests.faults.schedules.wire import OPERATIONS

if TYPE_CHECKING:
    from pathlib import Path

Calls = dict[str, set[tuple[str, str]]]
_SERVICES = {"states": "stepfunctions"}  # signed as; as boto3 calls it


def calls_of_functions(state: Path) -> Calls:
    """By the folder of each function, the operations that it has called: service and name."""
    calls: Calls = {}
    for line in StateFolder(state).calls.read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        stack, _, function = call["client"].partition("-")
        if stack == "dayfold" and "Function-" in function:
            service = _SERVICES.get(call["service"], call["service"])
            name = xform_name(function.partition("Function-")[0])
            calls.setdefault(name, set()).add((service, xform_name(call["operation"])))
    return calls


def unknown_to_the_schedules(calls: Calls) -> set[tuple[str, str]]:
    """Calls in which no fault schedule can go wrong: there are to be none."""
    return set().union(*calls.values()) - OPERATIONS
