"""Starting runs of the state machine, asking for a plan, and following a run to its end."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from dayfold.domain.partition import RunRecord
from dayfold.errors import BadRequestError
from dayfold_cli.functions import failure_text, invoke

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dayfold_cli.deployment import Deployment

RUNNING = "RUNNING"
CRAWLER_SOURCE = "aws.glue"
WATCH_SECONDS = 1.0  # between two counts of what is done: it asks the ledger once a table
PLAN = "plan"  # the file of a run's plan; the pipeline's own name for it needs boto3 to import


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked for; no days are the recent window, no tables all of them."""

    days: tuple[dt.date, ...] = ()
    span: tuple[dt.date, dt.date] | None = None
    tables: tuple[str, ...] = ()
    policy: str = "stale"

    def as_json(self) -> dict[str, Any]:
        """The request as the state machine and `plan_run` take it."""
        first, last = self.span or (None, None)
        return {
            "days": [str(day) for day in self.days],
            "first": str(first) if first else None,
            "last": str(last) if last else None,
            "tables": list(self.tables),
            "policy": self.policy,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: what it does now, and partitions done of those planned."""

    text: str
    done: int
    total: int


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: Step Functions' status, the ledger's record, and an error if it has one."""

    run_id: str
    status: str
    record: RunRecord | None
    error: str | None
    seconds: float
    days: int | None = None  # that it looked at; like the next, known of a run without work
    up_to_date: int | None = None  # partitions

    @property
    def succeeded(self) -> bool:
        """Whether all that could be built was, without a failure."""
        return self.status == "SUCCEEDED"


def new_run_id(now: dt.datetime) -> str:
    """A readable name, unlike any other: `run-20041001T020304Z-1a2b`."""
    return f"run-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def start_run(deployment: Deployment, request: Request) -> tuple[str, str]:
    """Start the state machine; the run's id and the execution's ARN."""
    run_id = new_run_id(dt.datetime.now(dt.UTC))
    answer = deployment.client("stepfunctions").start_execution(
        stateMachineArn=deployment.output("StateMachineArn"),
        name=run_id,
        input=json.dumps({"request": request.as_json()}),
    )
    return run_id, answer["executionArn"]


def plan(deployment: Deployment, request: Request) -> dict[str, Any]:
    """What a run would do, worked out by the stack itself and not carried out."""
    event = {
        "run_id": f"dry-{secrets.token_hex(4)}",
        "execution_arn": "",
        "event": {"request": {**request.as_json(), "dry_run": True}},
    }
    answer: dict[str, Any] = invoke(deployment, "plan_run", event)
    return answer


def find_run_since(
    deployment: Deployment, since: dt.datetime, patience: float
) -> tuple[str, str] | None:
    """The run that a crawler's event started after `since`; None if patience ends before."""
    deadline = time.monotonic() + patience
    while True:
        answer = deployment.client("stepfunctions").list_executions(
            stateMachineArn=deployment.output("StateMachineArn"), maxResults=10
        )
        started = [run for run in answer["executions"] if run["startDate"] >= since]
        for run in sorted(started, key=lambda run: run["startDate"]):
            if _is_of_crawler(deployment, run["executionArn"]):
                return run["name"], run["executionArn"]
        if time.monotonic() > deadline:
            return None
        time.sleep(deployment.poll_seconds)


def _is_of_crawler(deployment: Deployment, execution_arn: str) -> bool:
    """Whether a run was started by the crawler's event: somebody's own may start meanwhile."""
    client = deployment.client("stepfunctions")
    given = json.loads(client.describe_execution(executionArn=execution_arn).get("input", "{}"))
    return isinstance(given, dict) and given.get("source") == CRAWLER_SOURCE


def follow(
    deployment: Deployment,
    run_id: str,
    execution_arn: str,
    watch: Callable[[Progress], None] | None,
) -> Outcome:
    """Wait for a run to end; `watch`, if there is one, hears how far it is."""
    client = deployment.client("stepfunctions")
    ledger = deployment.ledger  # its client is made while the run goes on, not after its end
    planned: dict[str, Any] | None = None
    execution = client.describe_execution(executionArn=execution_arn)
    watched = 0.0
    while execution["status"] == RUNNING:
        if watch is not None and time.monotonic() - watched >= WATCH_SECONDS:
            planned = planned or _load_plan(deployment, run_id)
            watch(_progress(deployment, run_id, planned))
            watched = time.monotonic()
        time.sleep(deployment.poll_seconds)
        execution = client.describe_execution(executionArn=execution_arn)
    record = ledger.run(run_id)
    ended = execution.get("stopDate", dt.datetime.now(dt.UTC))
    error = None
    if execution["status"] != "SUCCEEDED":
        error = failure_text(execution.get("cause") or execution.get("error") or "no reason given")
    idle = None
    if record is not None and not record.planned:
        idle = planned or _load_plan(deployment, run_id)
    return Outcome(
        run_id=run_id,
        status=execution["status"],
        record=record,
        error=error,
        seconds=(ended - execution["startDate"]).total_seconds(),
        days=len(idle["days"]) if idle else None,
        up_to_date=idle["up_to_date"] if idle else None,
    )


def _load_plan(deployment: Deployment, run_id: str) -> dict[str, Any] | None:
    """The plan that the run saved, or None while it is still being made."""
    from dayfold.adapters.plans import PlanStore

    plans = PlanStore(deployment.client("s3"), deployment.bucket)
    try:
        loaded: dict[str, Any] = plans.load(run_id, PLAN)
    except BadRequestError:
        return None
    return loaded


def _progress(deployment: Deployment, run_id: str, planned: dict[str, Any] | None) -> Progress:
    if planned is None:
        return Progress("planning", 0, 0)
    total, done, current = 0, 0, 0
    for wave in planned["waves"]:
        wave_total, wave_done = _count(deployment, run_id, wave["jobs"])
        total += wave_total
        done += wave_done
        if wave_done < wave_total and not current:
            current = wave["number"]
    text = f"wave {current or len(planned['waves'])} of {len(planned['waves'])}"
    return Progress(text, done, total)


def _count(deployment: Deployment, run_id: str, jobs: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """How many partitions some jobs have, and how many of them this run has ended."""
    total = sum(len(job["reasons"]) for job in jobs)
    done = 0
    for table in {job["table"] for job in jobs}:
        days = {day for job in jobs if job["table"] == table for day in job["reasons"]}
        first, last = dt.date.fromisoformat(min(days)), dt.date.fromisoformat(max(days))
        states = deployment.ledger.partitions(table, first, last)
        done += sum(
            state.run_id == run_id and state.status != "building" and str(day) in days
            for day, state in states.items()
        )
    return total, done
