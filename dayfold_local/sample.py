"""Extracts for the demo: a small employee social network, made up, the same for the same seed.

Two companies, their groups and people, weeks with weekends, growth, one day of outage, questions
and replies after minutes or hours, posts across groups, rows delivered twice, and rows that are no
posts at all: what the KPIs need to have a shape.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import json
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

DAY = 86_400  # seconds
HOUR = 3_600

# Share of the people at work, Monday first.
_WEEK = (0.95, 1.0, 1.0, 0.97, 0.9, 0.14, 0.09)
_GROWTH = 0.35  # more activity at the end than at the start
_OUTAGE = 0.06  # of a normal day's activity is left
_OUTAGE_AGO = 12  # days before the last; moved to a weekday
_REPLIED = 0.5
_TWICE = 0.006  # of the rows are delivered twice
# Posts to somebody, and how often each; what is not listed in DESIGN's posts is no post.
_TO_SOMEBODY = ("message", "comment", "thanks", "comment_question", "comment_answer", "answer")
_TO_SOMEBODY_WEIGHTS = (46, 22, 12, 8, 6, 6)
_NO_POSTS = ("view", "like")


@dataclasses.dataclass(frozen=True, slots=True)
class Company:
    """A customer of the network."""

    name: str
    groups: tuple[str, ...]
    people: int
    opens: int  # hour in UTC at which work begins
    reply_minutes: float  # the median
    posts: float  # a day and person at work


COMPANIES = (
    Company("hinode", ("sales", "engineering", "support", "people"), 120, 0, 14.0, 2.6),
    Company("fjord", ("design", "operations", "research"), 55, 7, 38.0, 1.8),
)


@dataclasses.dataclass(slots=True)
class Person:
    """An employee; contractors are in no group."""

    user_id: str
    company: Company
    group: str | None
    joined: int  # epoch seconds
    zeal: float
    friends: list[Person] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """What was written."""

    days: int
    events: int
    users: int  # people in the last snapshot
    bytes: int


# (epoch second, author, event type, target)
Event = tuple[int, Person, str, Person | None]


def write_sample(folder: Path, last_day: dt.date, days: int = 42, seed: int = 7) -> Counts:
    """Writes `events/dt=DAY/` and `users/dt=DAY/` under the folder.

    Args:
        folder: where; created if need be.
        last_day: UTC date of the last files.
        days: how many days there are, the last included.
        seed: another seed makes other people.

    Returns:
        How much was written.
    """
    chance = random.Random(seed)
    first = last_day - dt.timedelta(days=days - 1)
    start = int(dt.datetime.combine(first, dt.time(), dt.UTC).timestamp())
    end = start + days * DAY
    people = [person for company in COMPANIES for person in _hire(company, start, end, chance)]
    outage = _outage(last_day, days)
    events: list[Event] = []
    for number in range(days):
        day = first + dt.timedelta(days=number)
        level = _WEEK[day.weekday()] * (1 + _GROWTH * number / days) * chance.uniform(0.93, 1.07)
        if day == outage:
            level *= _OUTAGE
        for person in people:
            events += _day_of(person, start + number * DAY, level, chance)
    by_day: list[list[Event]] = [[] for _ in range(days)]
    for event in events:
        if start <= event[0] < end:
            by_day[(event[0] - start) // DAY].append(event)
    return _write(folder, first, by_day, people, chance)


def _hire(company: Company, start: int, end: int, chance: random.Random) -> list[Person]:
    """The people of a company; one in five joins while the sample runs."""
    people = []
    for number in range(1, company.people + 1):
        joined = start - chance.randrange(2 * DAY, 400 * DAY)
        if number > company.people * 0.8:
            joined = chance.randrange(start, end) // DAY * DAY + company.opens * HOUR
        group = None if number % 31 == 0 else chance.choice(company.groups)
        zeal = min(chance.lognormvariate(0, 0.7), 4.0)
        people.append(Person(f"{company.name[0]}{number:03}", company, group, joined, zeal))
    for person in people:
        near = [other for other in people if other.group == person.group and other is not person]
        far = [other for other in people if other.group != person.group]
        close = chance.sample(near, min(len(near), 6))
        person.friends = close + chance.sample(far, min(len(far), 2))
    return people


def _outage(last_day: dt.date, days: int) -> dt.date | None:
    if days <= _OUTAGE_AGO:
        return None
    day = last_day - dt.timedelta(days=_OUTAGE_AGO)
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def _day_of(
    person: Person,
    midnight: int,
    level: float,
    chance: random.Random,
) -> Iterator[Event]:
    """What a person does on one day, with the replies that it brings."""
    opens = midnight + person.company.opens * HOUR
    present = min(0.97, 0.62 * level * (0.6 + 0.4 * person.zeal))
    if person.joined > opens or chance.random() > present:
        return
    login = opens + int(chance.gauss(0, 25 * 60))
    if person.joined == opens:
        login = opens + chance.randrange(HOUR)
        yield login, person, "join", None
    yield login, person, "login", None
    for _ in range(int(chance.expovariate(1 / (2 * person.zeal)))):
        yield _moment(login, chance), person, chance.choice(_NO_POSTS), None
    if chance.random() < 0.01:
        yield _moment(login, chance), person, "admin_export", None
    for _ in range(int(chance.expovariate(1 / (person.company.posts * person.zeal)) + 0.5)):
        moment = _moment(login, chance)
        if chance.random() < 0.15:
            yield moment, person, "post", None
            continue
        friend = chance.choice(person.friends)
        kind = chance.choices(_TO_SOMEBODY, _TO_SOMEBODY_WEIGHTS)[0]
        yield moment, person, kind, friend
        if friend.joined < moment and chance.random() < _REPLIED:
            minutes = person.company.reply_minutes * chance.lognormvariate(0, 1.4)
            yield moment + 5 + int(60 * minutes), friend, "reply", person


def _moment(login: int, chance: random.Random) -> int:
    """Some time in the working day, seldom late in the evening or at night."""
    if chance.random() < 0.06:
        return login + chance.randrange(9 * HOUR, 20 * HOUR)
    return login + int(chance.betavariate(1.6, 1.4) * 9 * HOUR)


def _write(
    folder: Path,
    first: dt.date,
    by_day: list[list[Event]],
    people: list[Person],
    chance: random.Random,
) -> Counts:
    number = rows = size = present = 0
    lines = {person.user_id: _user_line(person) for person in people}
    for offset, events in enumerate(by_day):
        day = first + dt.timedelta(days=offset)
        midnight = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
        texts = []
        for event in sorted(events, key=lambda event: (event[0], event[1].user_id, event[2])):
            number += 1
            texts += [_event_line(number, day, midnight, event)] * (
                2 if chance.random() < _TWICE else 1
            )
        users = [lines[it.user_id] for it in people if it.joined < midnight + DAY]
        size += _write_file(folder / "events" / f"dt={day}" / "part-00000.json.gz", texts)
        size += _write_file(folder / "users" / f"dt={day}" / "users.json.gz", users)
        rows += len(texts)
        present = len(users)
    return Counts(len(by_day), rows, present, size)


def _event_line(number: int, day: dt.date, midnight: int, event: Event) -> str:
    moment, author, kind, target = event
    minutes, seconds = divmod(moment - midnight, 60)
    return json.dumps(
        {
            "event_id": f"e{number:07}",
            "ts": f"{day}T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z",
            "company_id": author.company.name,
            "group_id": author.group,
            "user_id": author.user_id,
            "event_type": kind,
            "target_user_id": target.user_id if target else None,
        },
        separators=(",", ":"),
    )


def _user_line(person: Person) -> str:
    joined = dt.datetime.fromtimestamp(person.joined, dt.UTC)
    return json.dumps(
        {
            "user_id": person.user_id,
            "company_id": person.company.name,
            "group_id": person.group,
            "first_seen_at": joined.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        separators=(",", ":"),
    )


def _write_file(path: Path, lines: Iterable[str]) -> int:
    """Writes gzipped lines; without a time stamp, so that the same rows give the same bytes."""
    data = gzip.compress("".join(f"{line}\n" for line in lines).encode(), 6, mtime=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return len(data)
