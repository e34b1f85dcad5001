"""A right is asked for once in a request, and again for every other question."""

from __future__ import annotations

import contextvars
from typing import Any

from dayfold_local.rights import _asking_for_each

TABLE = "arn:aws:dynamodb:us-east-1:0:table/ledger"


class Policy:
    """IAM's part: remembers what it was asked, and refuses some actions."""

    def __init__(self, *refused: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self._refused = refused

    def enforce(self, _key: str, action: str, *_: str, resource_arn: str, **__: object) -> Any:
        self.asked.append((action, resource_arn))
        return f"denied {action}" if action in self._refused else None


def test_a_transactions_items_ask_for_the_same_right_once() -> None:
    # Given a transaction of many items, whose checks share its facts
    policy, facts = Policy(), {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}
    enforce = _asking_for_each(policy.enforce)
    # When each is asked for
    for _ in range(100):
        for action in ("dynamodb:UpdateItem", "dynamodb:PutItem"):
            assert enforce("k", action, "d", "r", resource_arn=TABLE, service_context=facts) is None
    # Then each right was asked for once
    assert policy.asked == [("dynamodb:UpdateItem", TABLE), ("dynamodb:PutItem", TABLE)]


def test_other_facts_another_request_or_another_table_are_asked_for_again() -> None:
    # Given a right that was granted
    policy, facts = Policy(), {"dynamodb:Attributes": ["pk"]}
    enforce = _asking_for_each(policy.enforce)

    def ask(table: str, context: object) -> None:
        enforce("k", "dynamodb:PutItem", "d", "r", resource_arn=table, service_context=context)

    ask(TABLE, facts)
    # When it is asked for with equal facts of another moment, of another table, and without any
    ask(TABLE, dict(facts))
    ask(f"{TABLE}2", facts)
    ask(TABLE, None)
    ask(TABLE, None)
    # And by another request, which has a context of its own
    contextvars.Context().run(ask, TABLE, facts)
    # Then each was asked for
    assert len(policy.asked) == 6


def test_a_refusal_is_not_kept() -> None:
    # Given a role that may not delete
    policy, facts = Policy("dynamodb:DeleteItem"), {"a": "b"}
    enforce = _asking_for_each(policy.enforce)
    # When it asks twice
    answers = [
        enforce("k", "dynamodb:DeleteItem", "d", "r", resource_arn=TABLE, service_context=facts)
        for _ in range(2)
    ]
    # Then it is refused twice, by IAM itself
    assert answers == ["denied dynamodb:DeleteItem"] * 2
    assert len(policy.asked) == 2
