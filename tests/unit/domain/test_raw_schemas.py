"""What a day's extract has, lacks or has otherwise than the day before."""

from __future__ import annotations

import json

import pytest

from dayfold.domain.raw_schemas import (
    RawSchema,
    Sample,
    compare,
    known_after,
    read_columns,
    sample_csv,
    sample_json,
)


def _lines(*rows: dict[str, object], times: int = 10) -> list[str]:
    return [json.dumps(row) for row in rows for _ in range(times)]


def _known(*rows: dict[str, object]) -> RawSchema:
    sample = sample_json(_lines(*rows))
    assert sample is not None
    return RawSchema("raw.events", "2004-05-19", "f", sample.types, sample.shares)


def _said(before: RawSchema, now: Sample | None) -> list[str]:
    assert now is not None
    return [change.said("raw.events", "2004-05-20") for change in compare(before, now)]


def test_a_column_more_one_less_and_one_of_another_type_are_named() -> None:
    # Given
    before = _known({"user_id": "u", "group_id": "g", "size": 1})
    # When
    said = _said(before, sample_json(_lines({"user_id": 7.5, "size": "x", "device": "phone"})))
    # Then a number where text was is still read as text
    assert said == [
        "raw.events gained column device (string) on 2004-05-20",
        "raw.events lost column group_id (string) on 2004-05-20",
        "raw.events changed column size from bigint to string on 2004-05-20",
    ]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"a": 1.5}, {"a": 1}),
        ({"a": None}, {"a": "x"}),
        ({"a": "x"}, {"a": None}),
        ({"a": "x"}, {"a": 1}),
        ({"A": "x"}, {"a": "x"}),
    ],
)
def test_what_is_read_as_before_is_no_change(
    before: dict[str, object], now: dict[str, object]
) -> None:
    # Given / When / Then
    assert _said(_known(before), sample_json(_lines(now))) == []


def test_a_column_that_comes_now_and_then_is_not_lost() -> None:
    # Given one in a third of the rows
    before = _known({"a": 1, "note": "x"}, {"a": 1}, {"a": 2})
    # When it stays away for a day
    now = sample_json(_lines({"a": 1}))
    assert now is not None
    # Then it is not missed, nor new when it comes back
    assert _said(before, now) == []
    assert known_after(before, now, []).types == {"a": "bigint", "note": "string"}


def test_a_few_rows_say_nothing_about_what_is_gone() -> None:
    # Given / When
    said = _said(_known({"a": 1, "b": 2}), sample_json(_lines({"a": 1}, times=3)))
    # Then
    assert said == []


def test_csv_is_compared_by_its_header_and_not_at_all_without_one() -> None:
    # Given
    lines = ["event_id;user_id;device", *["1;u;phone"] * 9]
    before = RawSchema(
        "raw.events",
        "2004-05-19",
        "f",
        {"event_id": "string", "user_id": "string"},
        {"event_id": 1.0, "user_id": 1.0},
    )
    # When
    said = _said(before, sample_csv(lines, ["event_id", "user_id"]))
    # Then
    assert said == ["raw.events gained column device (string) on 2004-05-20"]
    assert sample_csv(["1;u;phone", "2;v;tablet"], ["event_id", "user_id"]) is None


def test_a_query_s_columns_are_found_among_its_words_and_not_in_its_comments() -> None:
    # Given
    sql = '-- reads size\nSELECT CAST("User_Id" AS varchar) AS u FROM raw.events'
    # When / Then
    assert read_columns(sql, ["user_id", "size"]) == ["user_id"]
