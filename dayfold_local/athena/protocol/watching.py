"""Answering a look at running queries when one of them has ended, or a moment later."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dayfold_local.athena.protocol.executions import Execution


class Watch:
    """Who waits for which query; a look that can wait costs one call where polling costs many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}

    def ended(self, query_id: str) -> None:
        """Wakes those who look at a query; called by the thread that has ended it."""
        with self._lock:
            woken = self._waiting.pop(query_id, [])
        for loop, event in woken:
            loop.call_soon_threadsafe(event.set)

    async def first_end(self, executions: Sequence[Execution], seconds: float) -> None:
        """Waits until one of the queries has ended, for `seconds` at most."""
        place = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            for execution in executions:
                self._waiting.setdefault(execution.id, []).append(place)
        try:
            # Asked after the place was taken: an end in between is seen here or wakes it.
            if executions and not any(execution.is_final for execution in executions):
                await asyncio.wait_for(place[1].wait(), seconds)
        except TimeoutError:
            pass
        finally:
            self._leave(executions, place)

    def _leave(
        self,
        executions: Sequence[Execution],
        place: tuple[asyncio.AbstractEventLoop, asyncio.Event],
    ) -> None:
        with self._lock:
            for execution in executions:
                places = self._waiting.get(execution.id)
                if places is not None and place in places:
                    places.remove(place)
                    if not places:
                        del self._waiting[execution.id]
