"""Messages delivered twice, on request."""

from __future__ import annotations

from typing import Any

from dayfold_local.deliveries import with_copies


def test_a_message_that_is_received_comes_once_more_and_its_copy_does_not() -> None:
    # Given a queue of two messages
    queue: list[dict[str, Any]] = [
        {"id": name, "body": name, "receive_count": 0, "visible_at": 0.0} for name in ("a", "b")
    ]

    def receive(_: str, at_most: int) -> list[dict[str, Any]]:
        found = [one for one in queue if one["receive_count"] == 0][:at_most]
        for one in found:
            one["receive_count"] += 1
            one["receipt_handle"] = f"receipt of {one['id']}"
        return found

    receiving = with_copies(receive, lambda _: queue)
    # When all that comes is taken, whether or not it is hidden for a moment
    taken = [one for _ in range(6) for one in receiving("url", 1)]
    # Then each body came twice, under an id and a receipt of its own
    assert sorted(one["body"] for one in taken) == ["a", "a", "b", "b"]
    assert len({one["id"] for one in taken}) == len({one["receipt_handle"] for one in taken}) == 4
    assert receiving("url", 1) == []
