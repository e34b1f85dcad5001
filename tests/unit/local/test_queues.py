"""Messages that were in flight when the server died."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from dayfold_local.durability.queues import show_in_flight

if TYPE_CHECKING:
    from dayfold_local.durability import EmulatorModule


def message(visible_at: float, receipt: str | None, receipts: int) -> dict[str, Any]:
    return {"visible_at": visible_at, "receipt_handle": receipt, "receive_count": receipts}


def test_a_message_in_flight_is_visible_again_as_if_it_had_not_been_received() -> None:
    # Given one that a worker had, one that came back earlier, and one that is delayed
    now = time.time()
    in_flight = message(now + 5000, "receipt", 5)
    came_back = message(now - 10, "receipt", 2)
    delayed = message(now + 600, None, 0)
    queues = SimpleNamespace(all_values=lambda: [{"messages": [in_flight, came_back, delayed]}])
    module = cast("EmulatorModule", SimpleNamespace(_queues=queues))
    # When the stack is started again, and once more
    show_in_flight(module)
    show_in_flight(module)
    # Then the stack's death has cost the first one nothing, and the others are as they were
    assert (in_flight["visible_at"] <= time.time(), in_flight["receive_count"]) == (True, 4)
    assert (came_back["visible_at"], came_back["receive_count"]) == (now - 10, 2)
    assert (delayed["visible_at"], delayed["receive_count"]) == (now + 600, 0)
