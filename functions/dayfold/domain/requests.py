"""What a run is asked to do: read from its input, checked against the tables there are."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from dayfold.domain.days import day_range, parse_day
from dayfold.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

Policy = Literal["missing", "stale", "failed", "all"]
POLICIES: tuple[Policy, ...] = ("missing", "stale", "failed", "all")
_CRAWLER_EVENT = "Glue Crawler State Change"
_MAX_DAYS = 3_660  # ten years: more is a slip of the keyboard


@dataclasses.dataclass(frozen=True, slots=True)
class RunRequest:
    """Days and tables to bring up to date; no days means the recent window, no tables means all."""

    trigger: str
    days: tuple[dt.date, ...] = ()
    tables: tuple[str, ...] = ()
    policy: Policy = "stale"
    dry_run: bool = False
    days_per_job: int | None = None
    tries: int | None = None  # what failed as often at the same query and inputs is left alone


def read_request(event: Mapping[str, Any], known_tables: Collection[str]) -> RunRequest:
    """Read a run's input: a crawler event, which names no day, or `{"request": {...}}`.

    Raises:
        BadRequestError: the event is neither, or asks for an impossible day, a reversed range,
            an unknown table or an unknown policy.
    """
    if event.get("detail-type") == _CRAWLER_EVENT:
        return RunRequest(trigger=f"crawler {_crawler_name(event)}")
    request = event.get("request")
    if not isinstance(request, dict):
        raise BadRequestError(
            f"the run's input is neither a {_CRAWLER_EVENT!r} event nor has it a 'request'"
        )
    unknown = sorted(set(request) - _FIELDS)
    if unknown:
        raise BadRequestError(f"the request has unknown fields: {', '.join(unknown)}")
    return RunRequest(
        trigger=str(request.get("trigger") or "request"),
        days=_read_days(request),
        tables=_read_tables(request.get("tables") or [], known_tables),
        policy=_read_policy(request.get("policy") or "stale"),
        dry_run=bool(request.get("dry_run")),
        days_per_job=_read_days_per_job(request.get("days_per_job")),
        tries=_read_tries(request.get("tries")),
    )


_FIELDS = {
    *("trigger", "days", "first", "last", "tables", "policy", "dry_run", "days_per_job", "tries")
}


def _crawler_name(event: Mapping[str, Any]) -> str:
    detail = event.get("detail")
    name = detail.get("crawlerName") if isinstance(detail, dict) else None
    if not name:
        raise BadRequestError(f"the {_CRAWLER_EVENT!r} event names no crawler")
    return str(name)


def _read_days(request: Mapping[str, Any]) -> tuple[dt.date, ...]:
    days = {parse_day(_text(day, "days")) for day in _list(request.get("days"), "days")}
    first, last = request.get("first"), request.get("last")
    if bool(first) != bool(last):
        raise BadRequestError("a range needs both its first and its last day")
    if first and last:
        start, end = parse_day(_text(first, "first")), parse_day(_text(last, "last"))
        if start > end:
            raise BadRequestError(f"the range is reversed: {start} comes after {end}")
        days.update(day_range(start, end))
    if len(days) > _MAX_DAYS:
        raise BadRequestError(f"{len(days)} days are more than a run takes ({_MAX_DAYS})")
    return tuple(sorted(days))


def _read_tables(tables: object, known_tables: Collection[str]) -> tuple[str, ...]:
    names = sorted({_text(name, "tables") for name in _list(tables, "tables")})
    for name in names:
        if name not in known_tables:
            raise BadRequestError(f"unknown table {name!r}{_did_you_mean(name, known_tables)}")
    return tuple(names)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1)
    return f": did you mean {close[0]}?" if close else f": there are {', '.join(sorted(known))}"


def _read_policy(policy: object) -> Policy:
    if policy not in POLICIES:
        raise BadRequestError(f"unknown policy {policy!r}: give one of {', '.join(POLICIES)}")
    return policy


def _read_days_per_job(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 100:
        raise BadRequestError(f"days per job is {value!r}: give a number from 1 to 100")
    return value


def _read_tries(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadRequestError(f"tries is {value!r}: give a number from 1")
    return value


def _list(value: object, field: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRequestError(f"{field!r} is {value!r}: give a list")
    return value


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadRequestError(f"{field!r} holds {value!r}: give text")
    return value


def recent_window(today: dt.date, newest_landed: dt.date | None, days: int) -> tuple[dt.date, ...]:
    """The days that a run without days looks at, oldest first.

    A live source is judged by the clock, so that days nobody landed are seen as waiting; extracts
    of another time (a history just landed, a sample) by their own newest day.
    """
    if newest_landed is None:
        return ()
    span = dt.timedelta(days=days - 1)
    if newest_landed >= today - span:
        return tuple(day_range(today - span, today))
    return tuple(day_range(newest_landed - span, newest_landed))
