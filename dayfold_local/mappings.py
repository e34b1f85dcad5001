"""Event source mappings: their numbers as numbers, as Lambda's own API takes them.

A parameter of the template is text until the property it fills in says otherwise. The emulator's
API insists on whole numbers here, its CloudFormation passes the text on, and then its poller can
compare it with nothing: no message of any queue would ever be handed out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

RESOURCE = "AWS::Lambda::EventSourceMapping"


def install() -> None:
    """Gives CloudFormation's mapping resource whole numbers, when made and when changed."""
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS[RESOURCE]  # noqa: SLF001
    for name in ("create", "update"):
        handlers[name] = with_numbers(handlers[name])


def with_numbers(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a handler, whose arguments hold a resource's properties where they are mappings."""

    def handling(*arguments: Any) -> Any:  # noqa: ANN401 - as the emulator's function
        return handle(*(_numbers(one) if isinstance(one, dict) else one for one in arguments))

    return handling


def _numbers(value: Any) -> Any:  # noqa: ANN401 - any property of a resource
    if isinstance(value, dict):
        return {key: _numbers(one) for key, one in value.items()}
    return int(value) if isinstance(value, str) and value.isdigit() else value
