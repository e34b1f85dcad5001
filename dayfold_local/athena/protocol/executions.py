"""Query executions: their record, and the journal that outlives the process."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FINAL: Final = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_KEPT: Final = 20_000  # executions remembered; Athena keeps 45 days
_MB: Final = 1 << 20


@dataclasses.dataclass(slots=True)
class Execution:
    """One accepted query."""

    id: str
    sql: str
    account: str
    region: str
    workgroup: str
    database: str
    output: str  # prefix of its results
    statement: str
    token: str | None = None
    parameters: list[str] = dataclasses.field(default_factory=list)
    state: str = "QUEUED"
    reason: str | None = None
    error: dict[str, Any] | None = None
    submitted: float = 0.0
    started: float | None = None
    completed: float | None = None
    scanned: int = 0
    rows: int = 0
    updated: int = 0  # rows that the statement wrote
    output_bytes: int = 0
    reuse_minutes: int | None = None
    reused: bool = False
    planning_ms: int = 0
    output_file: str | None = None
    manifest: str | None = None
    substatement: str = ""
    columns: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.state in _FINAL

    def answers(self, other: Execution) -> bool:
        """Whether this one's result may stand for another's."""
        return (
            self.state == "SUCCEEDED"
            and self.substatement == "SELECT"
            and not self.reused
            and _text_of(self) == _text_of(other)
        )

    def api(self) -> dict[str, Any]:
        """The QueryExecution of the API."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.error is not None:
            status["AthenaError"] = self.error
        shown: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.sql,
            "StatementType": self.statement,
            "ResultConfiguration": {"OutputLocation": self.output_file or self._expected_file()},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": self._reuse()},
            "QueryExecutionContext": {"Database": self.database, "Catalog": "awsdatacatalog"},
            "Status": status,
            "Statistics": self.statistics(),
            "WorkGroup": self.workgroup,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        if self.substatement:
            shown["SubstatementType"] = self.substatement
        if self.parameters:
            shown["ExecutionParameters"] = self.parameters
        return shown

    def _reuse(self) -> dict[str, Any]:
        if self.reuse_minutes is None:
            return {"Enabled": False}
        return {"Enabled": True, "MaxAgeInMinutes": self.reuse_minutes}

    def _expected_file(self) -> str:
        return f"{self.output}{self.id}{'.csv' if self.statement == 'DML' else '.txt'}"

    def statistics(self) -> dict[str, Any]:
        """Times and bytes; a query that runs is timed up to now."""
        end = self.completed if self.completed is not None else time.time()
        begun = self.started if self.started is not None else end
        total = max(int((end - self.submitted) * 1000), 0)
        engine = max(int((end - begun) * 1000), 0)
        numbers: dict[str, Any] = {
            "EngineExecutionTimeInMillis": engine,
            "DataScannedInBytes": self.scanned,
            "TotalExecutionTimeInMillis": total,
            "QueryQueueTimeInMillis": max(total - engine, 0),
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": self.planning_ms,
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": self.reused},
        }
        if self.manifest is not None:
            numbers["DataManifestLocation"] = self.manifest
        return numbers


class Executions:
    """All executions, by id and by token.

    With a folder, every accepted and every ended one is appended to a journal there before anybody
    is told.
    """

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.RLock()
        self._by_id: dict[str, Execution] = {}
        self._by_token: dict[tuple[str, str, str], str] = {}
        self._active: set[str] = set()  # queued or running
        self._journal: Path | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._journal = folder / "journal.jsonl"
            self._recover()

    def _recover(self) -> None:
        assert self._journal is not None
        if self._journal.exists():
            for record in _records(self._journal):
                self._remember(record)
        now = time.time()
        for execution in self._by_id.values():
            if not execution.is_final:
                execution.state = "FAILED"
                execution.completed = now
                execution.reason = (
                    "INTERNAL_ERROR_QUERY_ENGINE: the local Athena was stopped while this query "
                    "ran. "
                    "Submit it again."
                )
                execution.error = {
                    "ErrorCategory": 1,
                    "ErrorType": 200,
                    "Retryable": True,
                    "ErrorMessage": execution.reason,
                }
        whole = "".join(_line(execution) for execution in self._by_id.values())
        fresh = self._journal.with_suffix(".new")
        fresh.write_text(whole, encoding="utf-8")
        fresh.replace(self._journal)

    def _remember(self, execution: Execution) -> None:
        self._by_id[execution.id] = execution
        if execution.token is not None:
            self._by_token[execution.account, execution.region, execution.token] = execution.id
        while len(self._by_id) > _KEPT:
            oldest = self._by_id.pop(next(iter(self._by_id)))
            if oldest.token is not None:
                self._by_token.pop((oldest.account, oldest.region, oldest.token), None)

    def write(self, execution: Execution) -> None:
        """Keeps an execution as it is now."""
        with self._lock:
            self._remember(execution)
            (self._active.discard if execution.is_final else self._active.add)(execution.id)
            if self._journal is not None:
                with self._journal.open("a", encoding="utf-8") as file:
                    file.write(_line(execution))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nothing else is accepted meanwhile."""
        with self._lock:
            yield

    def by_token(self, account: str, region: str, token: str) -> Execution | None:
        """The execution that was accepted with a token."""
        found = self._by_token.get((account, region, token))
        return self._by_id.get(found) if found is not None else None

    def get(self, account: str, region: str, query_id: str) -> Execution | None:
        """One execution, if it belongs there."""
        found = self._by_id.get(query_id)
        return (
            found
            if found is not None and (found.account, found.region) == (account, region)
            else None
        )

    def workgroup_of(self, query_id: str) -> str | None:
        """The workgroup of an execution of any account."""
        found = self._by_id.get(query_id)
        return found.workgroup if found is not None else None

    def listed(self, account: str, region: str, workgroup: str) -> list[str]:
        """Ids, newest first."""
        with self._lock:
            return [
                e.id
                for e in reversed(self._by_id.values())
                if (e.account, e.region, e.workgroup) == (account, region, workgroup)
            ]

    def alike(self, execution: Execution) -> list[Execution]:
        """Earlier SELECTs of the same text, place and workgroup that answered, newest first."""
        with self._lock:
            return [e for e in reversed(self._by_id.values()) if e.answers(execution)]

    def active(self) -> int:
        """How many are queued or running."""
        with self._lock:
            return len(self._active)


def _text_of(execution: Execution) -> tuple[object, ...]:
    e = execution
    return (e.account, e.region, e.workgroup, e.database, e.output, e.sql, tuple(e.parameters))


def _line(execution: Execution) -> str:
    return json.dumps(dataclasses.asdict(execution), separators=(",", ":")) + "\n"


def _records(path: Path) -> Iterator[Execution]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            # The last line may be torn: its query was never answered for.
            with contextlib.suppress(ValueError, TypeError):
                record = json.loads(line)
                record["columns"] = [tuple(item) for item in record.get("columns") or []]
                yield Execution(**record)
