"""SQS: messages that came to a queue or left it go to the journal.

After each request the queues are compared with what is known of them, so moves to a dead-letter
queue and the deletes of Lambda's own poller are seen as well. A message in flight when the server
died is visible again at once: its worker died too. That receipt does not count: on AWS queues and
functions do not die together, and five deaths of a laptop's stack make no message a poison.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.durability import EmulatorModule
    from dayfold_local.durability.journal import Journal

SERVICE = "sqs"


class QueueWatch:
    """Knows which messages the journal knows."""

    def __init__(self, module: EmulatorModule, journal: Journal) -> None:
        self._module = module
        self._journal = journal
        self._known: dict[tuple[str, str, str], set[str]] = {}

    def install(self) -> None:
        """Listens to Lambda's poller too, which uses the queues without a request."""
        for name in ("_receive_messages_for_esm", "_delete_messages_for_esm"):
            setattr(self._module, name, self._watched(getattr(self._module, name)))
        for key, queue in self._queues():
            self._known[key] = {message["id"] for message in queue["messages"]}

    def settle(self) -> None:
        """Writes down what came and went since the last time."""
        for key, queue in self._queues():
            messages = {message["id"]: message for message in list(queue["messages"])}
            known = self._known.get(key, set())
            if messages.keys() == known:
                continue
            self._known[key] = set(messages)
            self._journal.append(
                SERVICE,
                {
                    "queue": key,
                    "came": [messages[name] for name in messages.keys() - known],
                    "went": sorted(known - messages.keys()),
                },
            )

    def _queues(self) -> list[tuple[tuple[str, str, str], dict[str, Any]]]:
        return list(self._module._queues.all_items())  # noqa: SLF001

    def _watched(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:  # noqa: ANN401 - as the emulator's function
            result = change(*arguments)
            self.settle()
            return result

        return watched


def replay(module: EmulatorModule, change: dict[str, Any]) -> None:
    """Puts messages back in their queue and takes out those that left."""
    account, region, url = change["queue"]
    queue = module._queues.get_scoped(account, region, url)  # noqa: SLF001
    if queue is None:
        return
    came = {message["id"] for message in change["came"]}
    stay = [m for m in queue["messages"] if m["id"] not in came and m["id"] not in change["went"]]
    queue["messages"] = sorted([*stay, *change["came"]], key=lambda message: message["sent_at"])


def show_in_flight(module: EmulatorModule) -> None:
    """Makes messages visible that a worker had received before the server died."""
    now = time.time()
    for queue in module._queues.all_values():  # noqa: SLF001
        for message in queue["messages"]:
            if message["receipt_handle"] is not None and message["visible_at"] > now:
                message["visible_at"] = now
                message["receive_count"] = max(message["receive_count"] - 1, 0)
                message["receipt_handle"] = None
