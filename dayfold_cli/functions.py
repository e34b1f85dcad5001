"""Invoking the stack's functions, and reading what a failed one says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dayfold_cli.errors import FunctionFailedError

if TYPE_CHECKING:
    from dayfold_cli.deployment import Deployment


def logical_name(name: str) -> str:
    """The template's name of a function: `PlanRunFunction` of `plan_run` and of itself."""
    if name.endswith("Function") and name[0].isupper():
        return name
    return "".join(part.capitalize() for part in name.split("_")) + "Function"


def invoke(deployment: Deployment, name: str, event: object) -> Any:  # noqa: ANN401 - JSON
    """Invoke a function and return its answer.

    Raises:
        FunctionFailedError: the function raised an error.
    """
    answer = deployment.client("lambda").invoke(
        FunctionName=deployment.output(logical_name(name)), Payload=json.dumps(event).encode()
    )
    text = answer["Payload"].read().decode()
    value = json.loads(text) if text else None
    if answer.get("FunctionError"):
        raise FunctionFailedError(failure_text(value))
    return value


def failure_text(cause: object) -> str:
    """One line from what Lambda says of an error: the text alone when it is Dayfold's own."""
    if isinstance(cause, str):
        try:
            cause = json.loads(cause)
        except ValueError:
            return " ".join(str(cause).split())
    if not isinstance(cause, dict):
        return str(cause)
    kind, text = cause.get("errorType", ""), cause.get("errorMessage", "")
    line = " ".join(str(text).split())
    return line if is_own_error(str(kind)) and line else f"{kind}: {line}"


def is_own_error(kind: str) -> bool:
    """Whether an error's class is one of Dayfold's, whose text is made for people."""
    from dayfold import errors

    found = getattr(errors, kind, None)
    return isinstance(found, type) and issubclass(found, errors.DayfoldError)
