"""The shorter ways through the emulator give the emulator's own answers."""

from __future__ import annotations

import asyncio
import copy
import types
from typing import TYPE_CHECKING, Any

import pytest
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import parse_policy_document
from ministack.services import dynamodb

from dayfold_local import quick_paths

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

VALUES = {
    ":pk": {"S": "TABLE#kpi.a"},
    ":first": {"S": "DAY#2025-01-02"},
    ":last": {"S": "DAY#2025-01-03"},
    ":prefix": {"S": "DAY#"},
    ":number": {"N": "3"},
}
BETWEEN = "pk = :pk AND sk BETWEEN :first AND :last"
BEGINS = "pk = :pk AND begins_with(sk, :prefix)"


def item(sk: str, pk: str = "TABLE#kpi.a") -> dict[str, Any]:
    """An item of the ledger, its keys only."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


@pytest.mark.parametrize("expression", [BETWEEN, BEGINS, BETWEEN.replace("sk", "#sk")])
@pytest.mark.parametrize(
    "one",
    [
        item("DAY#2025-01-01"),
        item("DAY#2025-01-02"),
        item("DAY#2025-01-03"),
        item("DAY#2025-01-04"),
        item("BUILD#2025-01-02#000001"),
        item("DAY#2025-01-02", pk="TABLE#kpi.b"),
    ],
)
def test_a_range_of_keys_holds_what_the_emulator_says(expression: str, one: dict[str, Any]) -> None:
    # Given the emulator's evaluation of a query's key condition
    theirs = dynamodb._evaluate_condition
    names = {"#sk": "sk"}
    # When the shorter way judges the same item
    quick = quick_paths._ranges_first(theirs)
    verdict = quick(expression, one, VALUES, names, slot="KeyConditionExpression")
    # Then both say the same
    expected = theirs(expression, one, VALUES, names, slot="KeyConditionExpression")
    assert verdict == expected


def test_other_conditions_are_left_to_the_emulator() -> None:
    # Given an emulator that notes what it is asked
    asked: list[str] = []

    def theirs(expression: str, *_: object, **__: object) -> bool:
        asked.append(expression)
        return True

    quick = quick_paths._ranges_first(theirs)
    # When a write's condition, a key of numbers and another comparison are judged
    numbered = {"pk": {"S": "TABLE#kpi.a"}, "sk": {"N": "3"}}
    for expression, slot in (
        (BETWEEN, "ConditionExpression"),
        (BETWEEN, "KeyConditionExpression"),
        ("pk = :pk AND sk > :first", "KeyConditionExpression"),
    ):
        quick(expression, numbered, VALUES, {}, slot=slot)
    # Then all three went to it
    assert len(asked) == 3


@pytest.mark.parametrize("others", [[], ["s3:Put*"]])
@pytest.mark.parametrize("actions", [[], ["s3:Get*"], ["glue:GetTable", "S3:GETOBJECT"], ["*"]])
@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject"])
def test_a_statement_is_about_the_actions_that_the_emulator_says(
    action: str, actions: list[str], others: list[str]
) -> None:
    # Given the emulator's comparison of an action with a statement's
    theirs = iam_evaluator._action_matches
    # When the shorter way is asked twice
    quick = quick_paths._matched_once(theirs)
    said = [quick(action, actions, others) for _ in range(2)]
    # Then both answers are the emulator's
    assert said == [theirs(action, actions, others)] * 2


def test_a_copy_shares_nothing_with_its_original() -> None:
    # Given an item with everything that DynamoDB holds
    original = {
        "M": {"M": {"a": {"L": [{"S": "x"}, {"NULL": True}]}}},
        "N": {"N": "1.5"},
        "B": {"B": b"bytes"},
        "set": {"a"},
    }
    # When it is copied and the original is changed
    made = quick_paths.copied(original)
    before = copy.deepcopy(original)
    original["M"]["M"]["a"]["L"].append({"S": "y"})  # type: ignore[index]
    original["set"].add("b")  # type: ignore[attr-defined]
    # Then the copy is as it was
    assert made == before


def test_a_changed_policy_is_read_anew() -> None:
    # Given a policy that was read once
    parse = quick_paths._parsed_once(parse_policy_document)
    policy = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    assert parse(policy)[0].actions == ["s3:GetObject"]
    # When the same document is changed in place
    policy["Statement"][0]["Action"] = "s3:PutObject"
    # Then its reading is another
    assert parse(policy)[0].actions == ["s3:PutObject"]


def test_who_a_key_belongs_to_is_asked_again_after_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a role whose policies change, a key that nobody knows, and a clock
    asked: list[str] = []
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)

    def theirs(key: str, account: str, credential: object = None) -> object:
        del credential
        asked.append(f"{key} {account}")
        return types.SimpleNamespace(policies=len(asked)) if key == "known" else object()

    async def attach_role_policy() -> str:
        return "attached"

    principals = quick_paths.Principals(theirs)
    quick, attach = principals.resolve, principals.forgetting(attach_role_policy)
    # When
    first, again, elsewhere = quick("known", "1"), quick("known", "1"), quick("known", "2")
    quick("unknown", "1")
    quick("unknown", "1")
    now += quick_paths._MOMENT + 0.01
    later = quick("known", "1")
    answered = asyncio.run(_answer_of(attach))
    changed = quick("known", "1")
    # Then a moment's answers are one, each account has its own, and a refusal is not kept
    assert again is first
    assert elsewhere is not first
    assert later is not first
    # And a call of IAM is seen at once
    assert answered == "attached"
    assert changed is not later
    assert asked == ["known 1", "known 2", "unknown 1", "unknown 1", "known 1", "known 1"]


async def _answer_of(call: Callable[[], Awaitable[Any]]) -> Any:
    return await call()
