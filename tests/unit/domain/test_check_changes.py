"""Checks that one backfill eases, tightens or replaces; and what is refused, in one line."""

from __future__ import annotations

from typing import Any

import pytest

from dayfold.domain.check_changes import describe, read_changes
from dayfold.domain.query_file import load_tables
from dayfold.errors import BadRequestError
from tests.unit.pipeline.world import POSTS, WEEKLY

TABLES = load_tables({"queries/staging/posts.sql": POSTS, "queries/kpi/weekly.sql": WEEKLY})


def read(**event: Any) -> dict[str, list[tuple[str, str]]]:
    changed = read_changes(event, TABLES)
    return {name: [(one.name, one.severity) for one in checks] for name, checks in changed.items()}


def test_nothing_asked_changes_nothing() -> None:
    assert read(first="2004-05-01", ease=[], checks=None) == {}


@pytest.mark.parametrize("check", ["not_null", "not_null(users)"])
def test_a_check_is_eased_by_its_name_or_kind(check: str) -> None:
    assert read(ease=[f"kpi.weekly:{check}"]) == {"kpi.weekly": [("not_null(users)", "warn")]}


def test_checks_of_a_file_take_the_place_of_the_table_s_own_and_can_be_tightened() -> None:
    # Given
    block = {"row_count": [1, None], "warn": {"between": {"users": [1, 9]}}}
    # When
    found = read(checks={"kpi.weekly": block}, tighten=["kpi.weekly:between"])
    # Then
    assert found == {
        "kpi.weekly": [("row_count([1, null])", "error"), ("between(users, [1, 9])", "error")]
    }


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({"ease": ["kpi.other:not_null"]}, "unknown table 'kpi.other'"),
        ({"ease": ["kpi.weekly:unique"]}, "no such check of kpi.weekly: there are not_null(users)"),
        ({"ease": ["kpi.weekly"]}, "give TABLE:CHECK"),
        ({"ease": "kpi.weekly:not_null"}, "give a list"),
        ({"tighten": ["kpi.weekly:not_null"]}, "it stops the publish already"),
        ({"checks": {"kpi.weekly": None}}, "there are none"),
        ({"checks": ["kpi.weekly"]}, "give checks by table"),
        ({"checks": {"kpi.weekly": {"notnull": ["users"]}}}, "unknown check 'notnull'"),
        ({"checks": {"kpi.weekly": {"not_null": ["people"]}}}, "'people', which is no output"),
        ({"checks": {"kpi.weekly": {"between": {"users": 3}}}}, "unusable arguments"),
        ({"checks": {"kpi.weekly": {"reference": {"users": "staging.users(users)"}}}},
         "staging.users is no input"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(event: dict[str, Any], says: str) -> None:
    # When
    with pytest.raises(BadRequestError) as refused:
        read(**event)
    # Then
    assert says in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_what_was_changed_is_told_in_words() -> None:
    # Given
    own = TABLES["kpi.weekly"].checks
    changed = (
        {"name": "not_null(users)", "severity": "warn"},
        {"name": "row_count([1, null])", "severity": "error"},
    )
    # When / Then
    assert describe(changed, own) == [
        "not_null(users) only warned",
        "row_count([1, null]) (error) was added",
    ]
    assert describe((), own) == ["not_null(users) was left out"]
