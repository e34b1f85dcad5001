"""What a run is asked to do: good requests are read, bad ones refused in one line."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dayfold.domain.requests import read_request, recent_window
from dayfold.errors import BadRequestError

TABLES = ["staging.posts", "kpi.active_users"]


def test_a_crawler_event_names_no_day() -> None:
    # Given
    event = {
        "detail-type": "Glue Crawler State Change",
        "detail": {"crawlerName": "raw", "state": "Succeeded"},
    }
    # When
    request = read_request(event, TABLES)
    # Then
    assert request.days == ()
    assert request.policy == "stale"
    assert request.trigger == "crawler raw"


def test_days_and_ranges_are_put_together() -> None:
    # When
    request = read_request(
        {
            "request": {
                "days": ["2004-05-20"],
                "first": "2004-05-19",
                "last": "2004-05-21",
                "policy": "all",
            }
        },
        TABLES,
    )
    # Then
    assert request.days == (dt.date(2004, 5, 19), dt.date(2004, 5, 20), dt.date(2004, 5, 21))
    assert request.policy == "all"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, "neither"),
        ({"request": []}, "neither"),
        ({"detail-type": "Glue Crawler State Change"}, "names no crawler"),
        ({"request": {"days": ["2004-02-30"]}}, "is not a day"),
        ({"request": {"days": "2004-05-20"}}, "give a list"),
        ({"request": {"days": [20040520]}}, "give text"),
        ({"request": {"first": "2004-05-21", "last": "2004-05-20"}}, "reversed"),
        ({"request": {"first": "2004-05-21"}}, "both its first and its last"),
        ({"request": {"first": "1904-05-21", "last": "2004-05-21"}}, "more than a run takes"),
        ({"request": {"tables": ["kpi.active_user"]}}, "did you mean kpi.active_users"),
        ({"request": {"tables": ["nothing"]}}, "there are kpi.active_users, staging.posts"),
        ({"request": {"policy": "some"}}, "one of missing, stale, failed, all"),
        ({"request": {"days_per_job": 101}}, "from 1 to 100"),
        ({"request": {"day": "2004-05-20"}}, "unknown fields: day"),
    ],
)
def test_what_makes_no_sense_is_refused(event: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequestError, match=said) as caught:
        read_request(event, TABLES)
    assert "\n" not in str(caught.value)


def test_the_recent_window_follows_the_clock_while_the_source_lives() -> None:
    today = dt.date(2026, 11, 21)
    live = recent_window(today, dt.date(2026, 11, 20), 7)
    history = recent_window(today, dt.date(2004, 10, 26), 7)
    assert (live[0], live[-1]) == (dt.date(2026, 11, 15), today)
    assert (history[0], history[-1]) == (dt.date(2004, 10, 20), dt.date(2004, 10, 26))
    assert recent_window(today, None, 7) == ()
