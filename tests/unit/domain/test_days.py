"""Days, ranges of days, and where a day lies in UTC."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dayfold.domain.days import (
    contiguous_ranges,
    day_range,
    end_of_day,
    parse_day,
    utc_dates_of,
    zone,
)
from dayfold.errors import BadRequestError, ConfigurationError

DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2040, 1, 1))
ZONES = st.sampled_from(
    [
        "Asia/Tokyo",
        "America/Los_Angeles",
        "UTC",
        "Asia/Kolkata",
        "Pacific/Kiritimati",
        "Europe/London",
    ]
)


@pytest.mark.parametrize(
    "text", ["2004-02-30", "20040520", "yesterday", "", "2004-5-20", "\u0662004-05-20"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError, match="give YYYY-MM-DD"):
        parse_day(text)


@given(st.sets(DAYS, max_size=40))
def test_contiguous_ranges_cover_the_days_and_nothing_else(days: set[dt.date]) -> None:
    # When
    ranges = contiguous_ranges(days)
    # Then
    covered = [day for first, last in ranges for day in day_range(first, last)]
    assert covered == sorted(days)
    assert all(
        after[0] - before[1] > dt.timedelta(1) for before, after in itertools.pairwise(ranges)
    )


@given(DAYS, ZONES)
def test_the_utc_dates_of_a_day_hold_its_first_and_last_moment(day: dt.date, name: str) -> None:
    # Given
    tz = ZoneInfo(name)
    # When
    first, last = utc_dates_of(day, tz)
    # Then
    start = dt.datetime.combine(day, dt.time(), tz).astimezone(dt.UTC)
    end = end_of_day(day, tz)
    assert first == start.date()
    assert dt.datetime.combine(last, dt.time(), dt.UTC) < end
    assert end <= dt.datetime.combine(last, dt.time(), dt.UTC) + dt.timedelta(days=1)


def test_the_files_of_a_day_depend_on_the_zone() -> None:
    day = dt.date(2004, 5, 20)
    assert utc_dates_of(day, zone("Asia/Tokyo")) == (dt.date(2004, 5, 19), day)
    assert utc_dates_of(day, zone("America/Los_Angeles")) == (day, dt.date(2004, 5, 21))
    assert utc_dates_of(day, zone("UTC")) == (day, day)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Asia"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown time zone"):
        zone(name)
