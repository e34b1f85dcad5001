"""IAM of the emulator in this process, asked for a request's caller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ministack import app
from ministack.core import iam_evaluator

from dayfold_local.athena.errors import AccessDeniedError

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.callers import Caller

_ANSWERS: Final = 10_000
_ANSWER_SECONDS: Final = 1.0


class EmulatorRights:
    """IAM as the emulator evaluates it. A yes is kept for the query's time, and for a second.

    The next query of the same caller asks for the same database and folders; on AWS a right that
    was taken away lasts for some seconds too.
    """

    _lately: ClassVar[dict[tuple[str, ...], float]] = {}  # what was allowed, and until when

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._allowed: set[tuple[str, str, str]] = set()

    def check(self, action: str, resource: str, context: dict[str, Any] | None = None) -> None:
        """Raises AccessDeniedError unless the caller may do `action` on `resource`."""
        known = (action, resource, str(context))
        if not app.AUTH or known in self._allowed:
            return
        lately = (self._caller.account, self._caller.access_key, *known)
        if self._lately.get(lately, 0.0) > time.monotonic():
            self._allowed.add(known)
            return
        denied = iam_evaluator.enforce(
            self._caller.access_key,
            action,
            action.partition(":")[0],
            self._caller.region,
            resource_arn=resource,
            service_context=context,
        )
        if denied is not None:
            principal = getattr(denied, "principal_arn", "") or self._caller.access_key
            explicit = getattr(denied, "decision", "") == "Deny"
            raise AccessDeniedError(principal, action, resource, explicit=explicit)
        self._allowed.add(known)
        if len(self._lately) > _ANSWERS:
            self._lately.clear()
        self._lately[lately] = time.monotonic() + _ANSWER_SECONDS
