"""Extracts for the shipped queries: few rows, and all that extracts are known to do.

Rows come twice, on the wrong day's file, without group, user or target; `ts` comes in each of its
forms; a day has no file; people change groups, or are in no snapshot.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

Row = dict[str, Any]
Files = dict[str, dict[dt.date, list[Row]]]  # table -> date of the file -> rows

FIRST: Final = dt.date(2024, 10, 1)
LAST: Final = dt.date(2024, 11, 9)
NO_FILE: Final = dt.date(2024, 10, 20)
_DAY: Final = dt.timedelta(days=1)
_KINDS: Final = (
    "message", "reply", "login", "post", "comment", "like", "thanks", "answer", "view",
    "comment_question", "comment_answer", "admin_export", "join",
)  # fmt: skip
_COMPANIES: Final = ("hinode", "fjord", "日の出")


def files() -> Files:
    """The extracts of all days, by table and by the UTC date of the file."""
    days = [FIRST + _DAY * number for number in range((LAST - FIRST).days + 1)]
    return {
        "events": {day: _events(day, at) for at, day in enumerate(days) if day != NO_FILE},
        "users": {day: _users(at) for at, day in enumerate(days)},
    }


def _events(day: dt.date, number: int) -> list[Row]:
    """A day's events: fewer on weekends, the last ones often answered on the next day."""
    count = 7 if day.weekday() >= 5 else 17 + number % 5
    rows = []
    for at in range(count):
        author, target = (at * 5 + number) % 9, (at * 7 + number * 2) % 9
        company = _COMPANIES[(at + number) % 7 % 3]
        # Minutes go around the day, past its end now and then: files hold a little of the next day.
        moment = dt.datetime.combine(day, dt.time()) + dt.timedelta(
            minutes=at * 1493 % 1447, seconds=at * number % 60
        )
        row = {
            "event_id": f"e{number}-{at}" if at % 16 else f"e{number // 2}-0",
            "ts": _moment_text(moment, at),
            "company_id": company,
            "group_id": (None, "sales", "people", "")[(author + number // 9) % 4],
            "user_id": f"u{author}" if at % 13 != 12 else None,
            "event_type": _KINDS[(at * 11 + number) % len(_KINDS)],
            "target_user_id": f"u{target}" if at % 4 else None,
        }
        rows.append(row)
        if at % 3 == 1 and row["target_user_id"]:  # answered after a while, or the next day
            rows.append(_answer(row, moment + dt.timedelta(minutes=at * 37 + 5)))
    return [*rows, dict(rows[-1])]  # one comes twice


def _answer(row: Row, moment: dt.datetime) -> Row:
    between = {"user_id": row["target_user_id"], "target_user_id": row["user_id"]}
    ts = f"{moment:%Y-%m-%dT%H:%M:%S}Z"
    return {**row, **between, "event_id": f"{row['event_id']}r", "event_type": "reply", "ts": ts}


def _moment_text(moment: dt.datetime, at: int) -> str:
    """One of the forms in which a `ts` is read: UTC without a zone, or with the one it names."""
    if at % 5 == 1:
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    if at % 5 == 2:
        return f"{moment + dt.timedelta(hours=9):%Y-%m-%dT%H:%M:%S}+09:00"
    if at % 5 == 3:
        return f"{moment:%Y-%m-%dT%H:%M}:30.125Z"
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def _users(number: int) -> list[Row]:
    """A day's snapshot: somebody joins later, somebody has no group, one row comes twice."""
    rows = [
        {
            "user_id": f"u{user}",
            "company_id": company,
            "group_id": (None, "sales", "people", "")[(user + number // 9) % 4],
        }
        for company in _COMPANIES[: 2 + number % 2]
        for user in range(8 if number > 15 else 7)
    ]
    return [*rows, rows[1]]
