"""Partitions are picked as a query's conditions say, and only those are read from the catalog."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dayfold_local.athena.catalog.emulator_glue import _may_be
from dayfold_local.athena.catalog.tables import StoredColumn
from dayfold_local.athena.execution import pruning
from dayfold_local.athena.sql_types import parse_type

TEXTS = tuple(StoredColumn(name, parse_type("varchar")) for name in ("dt", "company"))
NUMBER = StoredColumn("year", parse_type("integer"))
MAY = "((p.\"dt\" >= '2004-05-01') AND (p.\"dt\" <= '2004-05-31'))"
FIRST = "((p.\"company\" >= 'a') AND (p.\"company\" <= 'b'))"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("2004-05-01", "a"), True),
        (("2004-05-31", "b"), True),
        (("2004-04-30", "a"), False),
        (("2004-06-01", "a"), False),
        (("2004-05-20", "c"), False),
        ((pruning.NULL_PARTITION, "a"), False),
        (("2004-05-20", pruning.NULL_PARTITION), False),
    ],
)
def test_ranges_of_texts_are_told_without_the_engine(row: tuple[str, str], expected: bool) -> None:
    # Given the ranges of two keys
    wanted = pruning.between(TEXTS, [MAY, FIRST])
    # When a partition's values are compared
    assert wanted is not None
    # Then both ranges hold them, and NULL is in none
    assert wanted(row) is expected


@pytest.mark.parametrize(
    ("keys", "conditions"),
    [
        (TEXTS, []),
        (TEXTS, [MAY, "(p.\"company\" = 'a')"]),
        ((TEXTS[0], NUMBER), [MAY]),
        (TEXTS, [f"({MAY} OR {FIRST})"]),
    ],
)
def test_other_conditions_are_left_to_the_engine(keys: Any, conditions: list[str]) -> None:
    # Given conditions that are not all ranges of texts; When / Then
    assert pruning.between(keys, conditions) is None


def test_a_partition_that_is_being_updated_is_looked_at_again() -> None:
    # Given the emulator's partitions: one of May, one of June, and one that it has just emptied
    wanted = cast("Any", pruning.between(TEXTS, [MAY, FIRST]))
    items: list[dict[str, Any]] = [
        {"Values": ["2004-05-20", "a"]},
        {"Values": ["2004-06-20", "a"]},
        {},
    ]
    # When
    near = [_may_be(item, wanted) for item in items]
    # Then the last may be one of those wanted
    assert near == [True, False, True]
