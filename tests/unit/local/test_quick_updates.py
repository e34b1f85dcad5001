"""The shorter way through updates of items gives the emulator's own items and errors."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import dynamodb

from dayfold_local import quick_updates

VALUES = {":a": {"S": "new"}, ":b": {"N": "7"}, ":c": {"M": {"inner": {"S": "x"}}}}
NAMES = {"#a": "a", "#b": "b", "#c": "c", "#again": "a"}
theirs = dynamodb._apply_update_expression
quick = quick_updates._plain_first(theirs)

pairs = st.lists(st.sampled_from(["#a = :a", "#b = :b", "#c = :c", "#d = :a", "#a = :d"]))
names = st.lists(st.sampled_from(["#a", "#b", "#c", "#again", "#d"]))
others = st.sampled_from(["", " ADD #b :b", " SET b = :b", ", #b.inner = :a", " DELETE #c :c", "("])
items = st.fixed_dictionaries(
    {"pk": st.just({"S": "k"})},
    optional={
        "a": st.just({"S": "old"}),
        "b": st.just({"N": "1"}),
        "c": st.just({"M": {"inner": {"N": "5"}, "more": {"BOOL": True}}}),
    },
)


def said(apply: Any, item: dict[str, Any], expression: str) -> object:
    """What an update makes of an item, or its error."""
    try:
        changed, touched = apply(item, expression, VALUES, NAMES)
    except ValueError as error:
        return str(error)
    return changed, {tuple(path) for path in touched}


@given(items, pairs, names, others)
def test_an_update_does_what_the_emulator_does(
    item: dict[str, Any], sets: list[str], removes: list[str], other: str
) -> None:
    # Given an item and an update, which may name what is not there, or one attribute twice
    clauses = [f"SET {', '.join(sets)}"] if sets else []
    clauses += [f"REMOVE {', '.join(removes)}"] if removes else []
    expression = " ".join(clauses) + other
    before = copy.deepcopy(item)
    # When both apply it
    mine, expected = said(quick, item, expression), said(theirs, item, expression)
    # Then they make the same of it, and the item given is as it was
    assert mine == expected
    assert item == before


def test_plain_updates_do_not_reach_the_emulator() -> None:
    # Given an emulator that must not be asked
    def refuse(*_: object) -> None:
        raise AssertionError

    apply = quick_updates._plain_first(refuse)
    # When a lease is renewed, and when an attempt ends
    for expression in ("SET #a = :a, #b = :b", "SET #a = :a REMOVE #c", "REMOVE #c"):
        changed, _ = apply({"pk": {"S": "k"}, "c": {"S": "gone"}}, expression, VALUES, NAMES)
        # Then the update is made without it
        assert changed.get("a") == (VALUES[":a"] if "SET" in expression else None)


def test_attributes_named_so_far_are_kept_with_the_new_ones() -> None:
    # Given a caller that gathers what was touched
    gathered = {("z",)}
    # When an update is applied
    _, touched = quick({"pk": {"S": "k"}}, "SET #a = :a", VALUES, NAMES, gathered)
    # Then its own set has the new name too, as the emulator does it
    assert touched is gathered
    assert gathered == {("z",), ("a",)}


@pytest.mark.parametrize("number", ["1", "-0.5", "1e400", "x", "", "9" * 40, 1, None, [2], True])
def test_a_number_is_judged_as_by_the_emulator(number: object) -> None:
    # Given numbers good and bad, and what is none
    for judge in (dynamodb._number_error, dynamodb._number_size_bytes):
        # When it is judged twice
        once = quick_updates._once_a_text(judge)
        # Then the answer is the emulator's both times
        assert [once(number), once(number)] == [judge(number)] * 2


slots = st.sampled_from([("ConditionExpression", "UpdateExpression"), ("ConditionExpression",)])
texts = st.sampled_from(["SET #a = :a", "#a = :a AND #b > :b", "#a = :none", "", None, 3])
given_values = st.sets(st.sampled_from([":a", ":b", ":c"])).map(lambda ks: dict.fromkeys(ks, "v"))
given_names = st.sets(st.sampled_from(["#a", "#b"])).map(lambda ks: dict.fromkeys(ks, "x"))
requests = st.fixed_dictionaries(
    {},
    optional={
        "ConditionExpression": texts,
        "UpdateExpression": texts,
        "ExpressionAttributeValues": given_values | st.just([1]),
        "ExpressionAttributeNames": given_names | st.none(),
    },
)


def refusal(check: Any, request: dict[str, Any], of: tuple[str, ...]) -> object:
    """What is said of a request's expressions."""
    try:
        return check(request, of)
    except (AttributeError, TypeError) as error:
        return type(error)


@given(st.lists(st.tuples(requests, slots), min_size=1, max_size=20))
def test_expressions_are_judged_as_the_emulator_does(
    asked: list[tuple[dict[str, Any], tuple[str, ...]]],
) -> None:
    # Given a check that remembers what was fine
    check = dynamodb._validate_expression_attrs
    quick = quick_updates._fine_once(check)
    # When requests come one after the other, each twice
    for request, of in [*asked, *asked]:
        # Then each is told what the emulator says
        assert refusal(quick, request, of) == refusal(check, request, of)
