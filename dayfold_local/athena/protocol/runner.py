"""Taking queries in, running them on a few threads, stopping them."""

from __future__ import annotations

import concurrent.futures
import functools
import itertools
import logging
import queue
import threading
import time
import uuid
from typing import TYPE_CHECKING, Final

import duckdb

from dayfold_local.athena.errors import AccessDeniedError, QueryFailure
from dayfold_local.athena.execution import failures, statements
from dayfold_local.athena.execution.engine import InterruptedQueryError
from dayfold_local.athena.execution.job import CutoffError, Job, Outcome, Prepared
from dayfold_local.athena.protocol.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dayfold_local.athena.catalog.callers import Caller
    from dayfold_local.athena.catalog.ports import World
    from dayfold_local.athena.execution.engine import Engine, Session
    from dayfold_local.athena.limits import Limits
    from dayfold_local.athena.protocol.executions import Execution, Executions

logger = logging.getLogger(__name__)
_READERS_FIRST: Final = 30.0  # seconds that a statement which writes waits for those that do not
_CUTOFF_REASON: Final = "Query cancelled! : Bytes scanned limit was exceeded"


class Runner:
    """The threads that run queries."""

    def __init__(
        self,
        engine: Engine,
        executions: Executions,
        limits: Limits,
        scratch: Path,
        workers: int,
        notify: Callable[[Execution, str | None, Caller], None],
    ) -> None:
        self._notify = notify  # of each change of a query's state, and the state before
        self._engine = engine
        self._executions = executions
        self._limits = limits
        self._scratch = scratch
        self._pool = concurrent.futures.ThreadPoolExecutor(workers, "athena")
        self._waiting: queue.PriorityQueue[tuple[float, int, Callable[[], None]]]
        self._waiting = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._sessions: dict[str, Session] = {}
        self._callers: dict[str, Caller] = {}
        self._stopped: dict[str, threading.Event] = {}
        self._changed = threading.Condition()
        self.watch = Watch()

    def submit(self, execution: Execution, caller: Caller, world: World, rules: Rules) -> None:
        """Queues an accepted query, to run at its turn.

        It runs in the context of the caller's request: rights, account, region.
        """
        self._stopped[execution.id] = threading.Event()
        self._callers[execution.id] = caller
        self._notify(execution, None, caller)
        context = caller.context.copy()
        run = functools.partial(context.run, self._run, execution, world, rules)
        self._waiting.put((turn(rules.sql, time.monotonic()), next(self._numbers), run))
        self._pool.submit(self._run_next)

    def _run_next(self) -> None:
        _, _, run = self._waiting.get_nowait()
        run()

    def stop(self, execution: Execution) -> None:
        """Ends a query that is queued or running."""
        event = self._stopped.get(execution.id)
        if event is None or execution.is_final:
            return
        event.set()
        session = self._sessions.get(execution.id)
        if session is not None:
            session.interrupt()
        if execution.state == "QUEUED":
            self._end(execution, "CANCELLED", "Query cancelled by user")

    def wait(self, execution: Execution, seconds: float) -> None:
        """Waits until a query has ended, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: execution.is_final, seconds)

    def close(self) -> None:
        """Stops everything."""
        for query_id, event in list(self._stopped.items()):
            event.set()
            session = self._sessions.get(query_id)
            if session is not None:
                session.interrupt()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._engine.close()

    def _run(self, execution: Execution, world: World, rules: Rules) -> None:
        stopped = self._stopped[execution.id]
        if stopped.is_set():
            return
        session = self._engine.session()
        self._sessions[execution.id] = session
        execution.state, execution.started = "RUNNING", time.time()
        self._notify(execution, "QUEUED", self._callers[execution.id])
        try:
            outcome = statements.run(self._job(execution, world, session, rules, stopped))
            if stopped.is_set():
                raise InterruptedQueryError
            self._succeed(execution, outcome)
        except (duckdb.InterruptException, InterruptedQueryError):
            self._end(execution, "CANCELLED", "Query cancelled by user")
        except CutoffError:
            execution.scanned = rules.cutoff or 0
            self._end(execution, "CANCELLED", _CUTOFF_REASON)
        except QueryFailure as failure:
            self._fail(execution, failure)
        except AccessDeniedError as error:
            self._fail(execution, failures.denied(error))
        except Exception as error:  # a fault of ours must end the query, not hang it
            logger.exception("query %s", execution.id)
            self._fail(
                execution,
                QueryFailure("GENERIC_INTERNAL_ERROR", f"{type(error).__name__}: {error}"),
            )
        finally:
            self._sessions.pop(execution.id, None)
            self._stopped.pop(execution.id, None)
            session.close()

    def _job(
        self,
        execution: Execution,
        world: World,
        session: Session,
        rules: Rules,
        stopped: threading.Event,
    ) -> Job:
        return Job(
            query_id=execution.id,
            sql=rules.sql,
            database=execution.database,
            output=execution.output,
            world=world,
            session=session,
            scratch=self._scratch,
            enforced=rules.enforced,
            cutoff=rules.cutoff,
            prepared=rules.prepared,
            hold=functools.partial(self._hold, execution.started or 0.0, stopped),
        )

    def _hold(self, started: float, stopped: threading.Event) -> None:
        """Keeps a query from ending sooner than asked for; one that is stopped leaves nothing."""
        left = started + self._limits.latency_seconds - time.time()
        if left > 0 and stopped.wait(left):
            raise InterruptedQueryError

    def _succeed(self, execution: Execution, outcome: Outcome) -> None:
        execution.scanned = outcome.scanned
        execution.rows = outcome.rows
        execution.updated = outcome.update_count or 0
        execution.output_bytes = outcome.output_bytes
        execution.output_file = outcome.output or None
        execution.manifest = outcome.manifest
        execution.statement = outcome.statement
        execution.substatement = outcome.substatement
        execution.columns = [(name, str(kind)) for name, kind in outcome.columns]
        self._end(execution, "SUCCEEDED", None)

    def _fail(self, execution: Execution, failure: QueryFailure) -> None:
        execution.error = {
            "ErrorCategory": failure.category,
            "ErrorType": failure.error_type,
            "Retryable": failure.retryable,
            "ErrorMessage": failure.reason,
        }
        self._end(execution, "FAILED", failure.reason)

    def _end(self, execution: Execution, state: str, reason: str | None) -> None:
        execution.completed = time.time()
        execution.reason = reason
        if state == "SUCCEEDED":
            execution.error = None
        previous, execution.state = execution.state, state
        self._executions.write(execution)
        caller = self._callers.pop(execution.id, None)
        if caller is not None:
            self._notify(execution, previous, caller)
        self.watch.ended(execution.id)
        with self._changed:
            self._changed.notify_all()


class Rules:
    """What the workgroup decides about one query, and its text with the parameters in place."""

    def __init__(
        self, sql: str, *, enforced: bool, cutoff: int | None, prepared: Prepared | None = None
    ) -> None:
        self.sql = sql
        self.prepared = prepared
        self.enforced = enforced
        self.cutoff = cutoff


def turn(sql: str, now: float) -> float:
    """When a statement's turn comes, among those that wait: the smallest is next.

    What only reads goes before what writes and has not waited for half a minute: a person's look
    does not wait for a backfill, nor a build's checks for the builds behind it.
    """
    return now + (_READERS_FIRST if statements.writes(sql) else 0.0)


def new_id() -> str:
    """A query id."""
    return str(uuid.uuid4())
