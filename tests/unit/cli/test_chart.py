"""Charts, amounts and tables as text."""

from __future__ import annotations

import datetime as dt

import pytest

from dayfold_cli.chart import bar, columns, day_axis, sparkline
from dayfold_cli.output import (
    Column,
    count_text,
    dollars_text,
    plain_table,
    seconds_text,
    size_text,
)
from dayfold_cli.reasons import days_text, gather


def test_a_sparkline_spans_from_least_to_greatest() -> None:
    # When / Then
    assert sparkline([0, 7, None, 14]) == "▁▄·█" or sparkline([0, 7, None, 14]) == "▁▅·█"
    assert sparkline([3, 3]) == "▄▄"
    assert sparkline([None, None]) == "··"
    assert sparkline([]) == ""


def test_columns_start_at_zero_and_show_the_smallest_value() -> None:
    # When
    lines = columns([0, 1, 1000, None], height=2)
    # Then
    assert lines == ["  █ ", " ▁█ "]
    assert columns([0, 0], height=1) == ["  "]


def test_a_bar_fills_its_width_at_the_top() -> None:
    # When / Then
    assert bar(10, 10, 4) == "████"
    assert bar(5, 10, 3) == "█▌"
    assert bar(0, 0, 3) == ""


def test_the_axis_names_mondays_where_there_is_room() -> None:
    # Given four weeks from a Saturday
    days = [dt.date(2004, 5, 1) + dt.timedelta(days=n) for n in range(28)]
    # When
    axis = day_axis(days)
    # Then
    assert axis == "  May 3         May 17"
    assert day_axis(days[:1]) == ""


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (size_text(0), "0 B"),
        (size_text(999), "999 B"),
        (size_text(1_234_567), "1.23 MB"),
        (size_text(5e15), "5,000.0 TB"),
        (size_text(None), "-"),
        (dollars_text(0.00005), "$0.00005"),
        (dollars_text(0.0123), "$0.012"),
        (dollars_text(1234.5), "$1,234.50"),
        (dollars_text(0), "$0.00"),
        (seconds_text(0.84), "0.8 s"),
        (seconds_text(185), "3 min 05 s"),
        (seconds_text(7_800), "2 h 10 min"),
        (count_text(1, "day"), "1 day"),
        (count_text(1525, "query", "queries"), "1,525 queries"),
        (
            days_text(["2004-05-01", "2004-05-02", "2004-05-07"]),
            "2004-05-01..2004-05-02, 2004-05-07",
        ),
    ],
)
def test_amounts_in_a_persons_words(shown: str, expected: str) -> None:
    # When / Then
    assert shown == expected


def test_a_plain_table_is_aligned_and_has_no_trailing_blanks() -> None:
    # When
    lines = plain_table([Column("table"), Column("rows", right=True)], [("a", 10), ("bcd", None)])
    # Then
    assert lines == ["table  rows", "a        10", "bcd       -"]


def test_partitions_that_wait_for_the_same_are_gathered_by_its_root() -> None:
    # Given a chain of waiting: KPI, staging, extract
    root = "raw.events dt=2004-05-20 has not landed"
    partitions = [
        ("staging.posts", "2004-05-20", root),
        ("kpi.a", "2004-05-20", f"staging.posts 2004-05-20 waits: {root}"),
        ("kpi.b", "2004-05-21", f"kpi.a 2004-05-20 waits: staging.posts 2004-05-20 waits: {root}"),
        ("kpi.b", "2004-05-22", "the day is not over"),
    ]
    # When
    rows = gather(partitions)
    # Then
    assert rows == [
        ("3 tables", "2004-05-20..2004-05-21", root),
        ("kpi.b", "2004-05-22", "the day is not over"),
    ]
