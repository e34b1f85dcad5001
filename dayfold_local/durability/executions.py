"""Step Functions: an execution goes to the journal when it starts and when it has ended.

One that was running when the server died is found again as failed, so whoever holds its name
(a lease) can see that it is over.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.durability import EmulatorModule
    from dayfold_local.durability.journal import Journal

SERVICE = "stepfunctions"
RUNNING = "RUNNING"
INTERRUPTED = "States.ServiceRestart"


class ExecutionWatch:
    """Follows executions through their changes of status."""

    def __init__(self, module: EmulatorModule, journal: Journal) -> None:
        self._module = module
        self._journal = journal
        self._running: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._emit: Callable[[dict[str, Any]], None] = module._emit_execution_status_event  # noqa: SLF001

    def install(self) -> None:
        """Listens where the emulator announces each change of status."""
        self._module._emit_execution_status_event = self._announced  # noqa: SLF001

    def settle(self) -> None:
        """Writes executions that ended but are not announced yet; call it before an answer."""
        for execution in list(self._running.values()):
            if execution["status"] != RUNNING:
                self._ended(execution)

    def _announced(self, execution: dict[str, Any]) -> None:
        if execution["status"] == RUNNING:
            self._running[execution["executionArn"]] = execution
            self._write(execution)
        else:
            self._ended(execution)
        self._emit(execution)

    def _ended(self, execution: dict[str, Any]) -> None:
        with self._lock:
            if self._running.pop(execution["executionArn"], None) is not None:
                self._write(execution)

    def _write(self, execution: dict[str, Any]) -> None:
        self._journal.append(SERVICE, {"execution": dict(execution)})


def replay(module: EmulatorModule, change: dict[str, Any]) -> None:
    """Puts an execution back as it was written."""
    execution = change["execution"]
    arn = execution["executionArn"]
    _, _, _, region, account, _ = arn.split(":", 5)
    module._executions.set_scoped(account, region, arn, execution)  # noqa: SLF001


def end_interrupted(module: EmulatorModule) -> None:
    """Ends what was running when the server died, in the words of Step Functions."""
    from ministack.core.responses import now_iso

    cause = "the local stack was stopped while this execution ran"
    for execution in module._executions.all_values():  # noqa: SLF001
        # The emulator ends those it restores itself, yet without a last event.
        if execution["status"] != RUNNING and execution.get("error") != INTERRUPTED:
            continue
        if execution["events"][-1]["type"] == "ExecutionFailed":
            continue
        execution.update(status="FAILED", stopDate=now_iso(), error=INTERRUPTED, cause=cause)
        module._add_event(  # noqa: SLF001
            execution,
            "ExecutionFailed",
            {"executionFailedEventDetails": {"error": INTERRUPTED, "cause": cause}},
        )
