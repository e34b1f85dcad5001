"""Business days: parsing, ranges, and where a day lies in UTC.

A day is a `datetime.date`; on the wire and as partition key `dt` it is text, `YYYY-MM-DD`.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dayfold.errors import BadRequestError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ONE_DAY = dt.timedelta(days=1)
_DAY_TEXT = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_day(text: str) -> dt.date:
    """Read `YYYY-MM-DD`.

    Raises:
        BadRequestError: the text is no such day (`2004-02-30`, `20040101`, `yesterday`).
    """
    if _DAY_TEXT.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            pass
    raise BadRequestError(f"{text!r} is not a day: give YYYY-MM-DD, for example 2004-05-20")


def day_range(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Yield every day from `first` to `last`, both included; nothing if reversed."""
    for offset in range((last - first).days + 1):
        yield first + dt.timedelta(days=offset)


def contiguous_ranges(days: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Group days into maximal runs without a gap, oldest first, as (first, last) pairs."""
    ranges: list[tuple[dt.date, dt.date]] = []
    for day in sorted(set(days)):
        if ranges and ranges[-1][1] + ONE_DAY == day:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def zone(name: str) -> ZoneInfo:
    """Look up an IANA time zone.

    Raises:
        ConfigurationError: there is no zone of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"unknown time zone {name!r}: give an IANA name, for example Asia/Tokyo"
        ) from error


def utc_dates_of(day: dt.date, tz: ZoneInfo) -> tuple[dt.date, dt.date]:
    """The first and last UTC calendar date that business day `day` of zone `tz` touches.

    Extract files carry UTC dates, so these are the files that can hold the day's events:
    for Tokyo the day before and the day, for Los Angeles the day and the day after.
    """
    start = dt.datetime.combine(day, dt.time(), tz).astimezone(dt.UTC)
    end = end_of_day(day, tz) - dt.timedelta(microseconds=1)
    return start.date(), end.date()


def end_of_day(day: dt.date, tz: ZoneInfo) -> dt.datetime:
    """The moment, in UTC, at which business day `day` is over."""
    return dt.datetime.combine(day + ONE_DAY, dt.time(), tz).astimezone(dt.UTC)
