"""Brings the services back at start, and keeps what they answer from then on."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from dayfold_local.durability import catalog, executions, items, queues
from dayfold_local.durability.catalog import CatalogWatch
from dayfold_local.durability.executions import ExecutionWatch
from dayfold_local.durability.items import ItemWatch
from dayfold_local.durability.journal import Journal
from dayfold_local.durability.queues import QueueWatch
from dayfold_local.durability.snapshots import Snapshots, modules_of
from dayfold_local.requests import changes_configuration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dayfold_local.durability import EmulatorModule
    from dayfold_local.durability.journal import Record
    from dayfold_local.folder import StateFolder

logger = logging.getLogger(__name__)

# Services whose state changes without a request that names it: log lines, metrics, alarms.
BACKGROUND = ("cloudwatch_logs", "cloudwatch", "scheduler", "sqs")
BACKGROUND_SECONDS = 5.0
# Saving in the background may take this share of the time, however much there is to save.
BACKGROUND_SHARE = 0.02


class Keeper:
    """Owns the journal and the snapshots of one state folder."""

    def __init__(self, folder: StateFolder, services: tuple[str, ...]) -> None:
        self._services = services
        self._modules: dict[str, EmulatorModule] = modules_of(services)
        self.journal = Journal(folder.journal)
        self.snapshots = Snapshots(folder.services, self.journal, self._modules)
        self._items = ItemWatch(self._modules[items.SERVICE], self.journal)
        self._catalog = CatalogWatch(self._modules[catalog.SERVICE], self.journal)
        self._executions = ExecutionWatch(self._modules[executions.SERVICE], self.journal)
        self._queues = QueueWatch(self._modules[queues.SERVICE], self.journal)
        self._stacks: object = None
        self._after_deployment: Callable[[], None] = lambda: None
        self._task: asyncio.Task[None] | None = None

    def restore(self) -> None:
        """Loads the snapshots, replays the journal, and starts both afresh from there."""
        numbers = self.snapshots.load()
        replayed = 0
        for record in self.journal.read():
            if record.number > numbers.get(record.service, 0):
                self._replay(record)
                replayed += 1
        executions.end_interrupted(self._modules[executions.SERVICE])
        queues.show_in_flight(self._modules[queues.SERVICE])
        self.journal.start(after=max(numbers.values(), default=0))
        if replayed:
            logger.info("%d records of the journal replayed", replayed)
            self.compact()

    def _replay(self, record: Record) -> None:
        if record.service == items.SERVICE:
            items.replay(self._modules[items.SERVICE], record.change)
        elif record.service == executions.SERVICE:
            executions.replay(self._modules[executions.SERVICE], record.change)
        elif record.service == queues.SERVICE:
            queues.replay(self._modules[queues.SERVICE], record.change)
        else:
            self._catalog.replay(record.change)

    def watch(self, after_deployment: Callable[[], None]) -> None:
        """From here on, what is answered is kept."""
        self._after_deployment = after_deployment
        self._items.install()
        self._catalog.install()
        self._executions.install()
        self._queues.install()
        for service in self._services:
            self._wrap(service)
        self._stacks = self._stack_states()
        self._task = asyncio.get_running_loop().create_task(self._save_in_background())

    def compact(self) -> None:
        """Replaces the journal by snapshots of everything."""
        with self._catalog.lock:
            # Records that other threads append meanwhile are in the new segment, which stays.
            old = self.journal.turn_over()
            self.snapshots.save_all()
            self.journal.drop(old)

    def close(self) -> None:
        """Saves everything at a clean stop."""
        if self._task is not None:
            self._task.cancel()
        self.compact()
        self.journal.close()

    def _wrap(self, service: str) -> None:
        from ministack import app as emulator

        entry = emulator.SERVICE_REGISTRY[service]
        key = entry.get("state_key", entry["module"])
        module = self._modules.get(key)
        if module is None:
            return
        answer: Callable[..., Awaitable[Any]] = module.handle_request

        async def kept(
            method: str,
            path: str,
            headers: dict[str, str],
            body: bytes,
            query_params: dict[str, Any],
        ) -> Any:  # noqa: ANN401 - as the emulator's handler
            request = (method, path, headers, body, query_params)
            if key == items.SERVICE:
                # DynamoDB never waits, so nothing else changes items in between.
                with self._items.request():
                    result = await answer(*request)
            else:
                result = await answer(*request)
            self._keep(service, key, request)
            return result

        module.handle_request = kept

    def _keep(self, service: str, key: str, request: tuple[Any, ...]) -> None:
        """Saves, before the answer leaves, what the request has changed."""
        if service == "cloudformation":
            self._keep_deployment()
            return
        if key == queues.SERVICE:
            self._queues.settle()
        elif key == executions.SERVICE:
            self._executions.settle()
        # Glue's changes are all in its journal.
        if key != catalog.SERVICE and changes_configuration(service, *request):
            self.snapshots.save(key)
        if self.journal.is_long:
            self.compact()

    def _keep_deployment(self) -> None:
        """A deployment is kept as a whole once it has ended, before anybody hears of its end.

        One that is killed half way leaves the stack as it was, to be deployed again.
        """
        states = self._stack_states()
        if states != self._stacks and not self._is_deploying():
            self.compact()
            self._stacks = states
            self._after_deployment()

    def _stack_states(self) -> list[tuple[Any, ...]]:
        module = self._modules["cloudformation"]
        return [
            (
                stack["StackId"],
                stack["StackStatus"],
                len(module._stack_events.get_scoped(*key[:2], stack["StackId"], ())),  # noqa: SLF001
            )
            for key, stack in module._stacks.all_items()  # noqa: SLF001
        ]

    def _is_deploying(self) -> bool:
        return any(str(state[1]).endswith("_IN_PROGRESS") for state in self._stack_states())

    async def _save_in_background(self) -> None:
        pause = BACKGROUND_SECONDS
        while True:
            await asyncio.sleep(pause)
            if self._is_deploying():
                continue
            started = time.perf_counter()
            self.snapshots.save(*(key for key in BACKGROUND if key in self._modules))
            spent = time.perf_counter() - started
            pause = max(BACKGROUND_SECONDS, spent / BACKGROUND_SHARE)
