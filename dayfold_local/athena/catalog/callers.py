"""Who asked: read from a request, and kept for the time that its query runs."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
from typing import Any

from ministack.core import responses, router


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is, and the loop and context in which it is answered."""

    access_key: str
    account: str
    region: str
    loop: asyncio.AbstractEventLoop
    context: contextvars.Context

    @classmethod
    def of_request(cls, headers: dict[str, str], query_params: dict[str, Any]) -> Caller:
        """The caller of the request being handled."""
        return cls(
            access_key=router.extract_access_key_id(headers, query_params) or "",
            account=responses.get_account_id(),
            region=responses.get_region(),
            loop=asyncio.get_running_loop(),
            context=contextvars.copy_context(),
        )
