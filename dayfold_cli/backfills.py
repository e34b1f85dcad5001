"""Starting and steering backfills, and reading how far they are."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from dayfold.errors import BadRequestError
from dayfold_cli.functions import invoke

if TYPE_CHECKING:
    from dayfold.adapters.backfills import Backfills
    from dayfold.domain.backfill import BackfillRecord
    from dayfold_cli.deployment import Deployment

Action = Literal["pause", "resume", "cancel", "retry"]
NAMED = 50  # backfills among which a misspelt name is looked for


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What a backfill is asked for; no tables are all of them, no name is one of its own."""

    span: tuple[dt.date, dt.date]
    tables: tuple[str, ...] = ()
    policy: str = "stale"
    order: str = "newest"
    days_per_job: int | None = None
    max_cost_usd: float | None = None
    name: str = ""
    concurrency: int | None = None
    checks: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # table -> other checks
    ease: tuple[str, ...] = ()  # TABLE:CHECK, which shall only warn
    tighten: tuple[str, ...] = ()  # TABLE:CHECK, which shall stop the publish

    def as_json(self) -> dict[str, Any]:
        """The request as `start_backfill` takes it."""
        first, last = self.span
        changes = {
            "checks": dict(self.checks),
            "ease": list(self.ease),
            "tighten": list(self.tighten),
        }
        return {
            "name": self.name,
            "first": str(first),
            "last": str(last),
            "tables": list(self.tables),
            "policy": self.policy,
            "order": self.order,
            "days_per_job": self.days_per_job,
            "max_cost_usd": self.max_cost_usd,
            "concurrency": self.concurrency,
            **{name: value for name, value in changes.items() if value},
        }


def plan(deployment: Deployment, request: Request) -> dict[str, Any]:
    """What a backfill would do, worked out by the stack itself and not carried out."""
    event = {**request.as_json(), "dry_run": True}
    answer: dict[str, Any] = invoke(deployment, "start_backfill", event)
    return answer


def start(deployment: Deployment, request: Request) -> dict[str, Any]:
    """Start a backfill; its plan in short, and its name."""
    event = {**request.as_json(), "dry_run": False}
    answer: dict[str, Any] = invoke(deployment, "start_backfill", event)
    return answer


def steer(
    deployment: Deployment, name: str, action: Action, max_cost_usd: float | None = None
) -> dict[str, Any]:
    """Pause, resume, cancel or retry a backfill; its new status, and the jobs sent for it."""
    event = {"name": name, "action": action, "max_cost_usd": max_cost_usd}
    answer: dict[str, Any] = invoke(deployment, "steer_backfill", event)
    return answer


# --- The ledger --------------------------------------------------------------------------


def store_of(deployment: Deployment) -> Backfills:
    """The backfills of the ledger."""
    from dayfold.adapters.backfills import Backfills

    return Backfills(deployment.client("dynamodb"), deployment.output("LedgerTable"))


def load(store: Backfills, name: str) -> BackfillRecord:
    """A backfill as it stands.

    Raises:
        BadRequestError: there is none of that name.
    """
    record = store.get(name)
    if record is not None:
        return record
    from difflib import get_close_matches

    near = get_close_matches(name, [one.name for one in store.list(NAMED)], n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`dayfold backfill list` shows those there are"
    raise BadRequestError(f"there is no backfill {name!r}: {hint}")


def done(record: BackfillRecord) -> int:
    """How many of its partitions have ended, one way or the other."""
    return record.published + record.failed


def seconds_of(record: BackfillRecord) -> float:
    """How long it has taken; until now if it goes on."""
    started = dt.datetime.fromisoformat(record.created_at)
    ended = dt.datetime.fromisoformat(record.ended_at) if record.ended_at else None
    return max(((ended or dt.datetime.now(dt.UTC)) - started).total_seconds(), 0.0)


# --- Concurrency -------------------------------------------------------------------------


def concurrency(deployment: Deployment) -> int | None:
    """How many jobs of backfills run at once, at most; None without a limit of their own."""
    mapping = deployment.client("lambda").get_event_source_mapping(
        UUID=deployment.output("BackfillMapping")
    )
    return mapping.get("ScalingConfig", {}).get("MaximumConcurrency")


def set_concurrency(deployment: Deployment, jobs: int) -> None:
    """Change how many jobs of backfills run at once; Lambda takes it over within a minute."""
    deployment.client("lambda").update_event_source_mapping(
        UUID=deployment.output("BackfillMapping"), ScalingConfig={"MaximumConcurrency": jobs}
    )
