"""Asks IAM for every resource that a Glue or Athena call touches, as AWS does.

The emulator checks one resource per call, and some of those wrongly: a crawler as a table, a table
as its database, a query as anything. And it takes each call for an action of its own name, where a
batch of messages is allowed by the right to the single call. A role must be refused here where AWS
would refuse it, and only there.
"""

from __future__ import annotations

import contextvars
import json
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.requests import action_of

if TYPE_CHECKING:
    from collections.abc import Callable

DATABASE_ACTIONS = frozenset({"GetDatabase", "DeleteDatabase", "UpdateDatabase"})
TABLE_LISTS = frozenset({"GetTables", "BatchDeleteTable"})
CRAWLER_ACTIONS = frozenset(
    {"GetCrawler", "StartCrawler", "StopCrawler", "UpdateCrawler", "DeleteCrawler"},
)


# SQS has no actions for its batch calls: the right for one message is the right for ten.
BATCHES = {
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}


# What the request at hand has been granted, for the facts (by identity) that it was asked with.
_granted: Final[contextvars.ContextVar[tuple[object, set[object]]]] = contextvars.ContextVar(
    "granted"
)


class Resources(str):
    """The ARNs of a request; as text it is the one that messages name."""

    __slots__ = ("all",)
    all: tuple[str, ...]

    @classmethod
    def of(cls, *arns: str) -> Resources:
        """The last is the most specific, so it is the one to name."""
        resources = cls(arns[-1])
        resources.all = arns
        return resources


def install(workgroup_of: Callable[[str], str | None]) -> None:
    """Puts these checks into the emulator's door.

    Args:
        workgroup_of: Tells which workgroup a query execution belongs to.
    """
    from ministack.core import iam_actions, iam_evaluator

    theirs = iam_actions.extract_resource_arn

    def extract(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        parameters: dict[str, list[str]],
        region: str,
        account: str,
    ) -> str:
        if service == "glue":
            found = glue_resources(action_of(headers), _fields(body), region, account)
        elif service == "athena":
            found = athena_resources(_fields(body), region, account, workgroup_of)
        else:
            found = None
        return found or str(
            theirs(service, method, path, headers, body, parameters, region, account),
        )

    iam_actions.extract_resource_arn = extract
    iam_evaluator.enforce = _asking_for_each(iam_evaluator.enforce)


def _asking_for_each(ask: Callable[..., Any]) -> Callable[..., Any]:
    """The emulator's question, put once for each resource and by the name that IAM knows.

    Once: a transaction asks the same for each of its hundred items.
    """

    def enforce(
        key: str,
        action: str,
        *arguments: Any,  # noqa: ANN401 - as the emulator declares it
        resource_arn: str = "*",
        **rest: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        action = BATCHES.get(action, action)
        facts, granted = rest.get("service_context"), _granted_for(rest.get("service_context"))
        for arn in resource_arn.all if isinstance(resource_arn, Resources) else (resource_arn,):
            question = (key, action, *arguments, arn)
            if question in granted:
                continue
            denied = ask(key, action, *arguments, resource_arn=arn, **rest)
            if denied is not None:
                return denied
            if facts is not None:
                granted.add(question)
        return None

    return enforce


def _granted_for(facts: object) -> set[object]:
    """What was granted in this request with these facts, and nothing if they are others."""
    held = _granted.get((None, set()))
    if facts is None or held[0] is not facts:
        held = (facts, set())
        _granted.set(held)
    return held[1]


def glue_resources(
    action: str,
    fields: dict[str, Any],
    region: str,
    account: str,
) -> Resources | None:
    """What a Glue call touches; None where the emulator may say."""
    prefix = f"arn:aws:glue:{region}:{account}"
    crawler = fields.get("CrawlerName") or (fields.get("Name") if action in CRAWLER_ACTIONS else "")
    if crawler:
        return Resources.of(f"{prefix}:crawler/{crawler}")
    if action.endswith(("Crawlers", "CrawlerMetrics", "Crawls")):
        return Resources.of("*")
    database = fields.get("DatabaseName") or (fields.get("DatabaseInput") or {}).get("Name")
    if action in DATABASE_ACTIONS:
        database = fields.get("Name")
    if not database:
        return None
    arns = [f"{prefix}:catalog", f"{prefix}:database/{database}"]
    table = fields.get("TableName") or (fields.get("TableInput") or {}).get("Name")
    if action in TABLE_LISTS:
        table = "*"
    elif action in ("GetTable", "DeleteTable"):
        table = fields.get("Name")
    if table:
        arns.append(f"{prefix}:table/{database}/{table}")
    return Resources.of(*arns)


def athena_resources(
    fields: dict[str, Any],
    region: str,
    account: str,
    workgroup_of: Callable[[str], str | None],
) -> Resources | None:
    """The workgroups that an Athena call touches, also those of the queries it names."""
    queries = [*fields.get("QueryExecutionIds", ()), fields.get("QueryExecutionId")]
    names = {workgroup_of(query) for query in queries if query} - {None}
    if "QueryString" in fields and not fields.get("WorkGroup"):
        names.add("primary")
    if not names:
        return None
    prefix = f"arn:aws:athena:{region}:{account}:workgroup"
    return Resources.of(*(f"{prefix}/{name}" for name in sorted(map(str, names))))


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body or b"{}")
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
