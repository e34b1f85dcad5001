"""Statements that differ in their days and their temporary tables only: one template for all.

A pipeline sends the same few statements for each day, and reading and typing one costs more than
running it on a small day. Days (`'2004-05-20'`, with a time or without) and names of the form
`"database"."table"` are replaced by stand-ins; the template is translated once, and filled in for
each statement.

No rule of the translation asks which day a text names, nor what a table is called: a stand-in has
the length, and so the type, of a day. What the translation makes of the stand-ins is looked at all
the same: if they come out changed, the template is of no use, and the statement is translated as it
is. So is one whose template is refused, for its message names the statement's own words.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import re
from typing import Final

# Comments and other texts are matched to be passed over.
_PARTS: Final = re.compile(
    r"""--[^\n]*
    | /\*.*?\*/
    | external_location\s*=\s*'(?P<place>s3://[^']*)'
    | '(?P<day>\d{4}-\d{2}-\d{2})(?P<time>[ ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?'(?!')
    | '(?:[^']|'')*'
    | "(?P<database>\w+)"\."(?P<table>\w+)"(?!")
    | "(?:[^"]|"")*"
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_TABLE: Final = "template$"
_PLACE: Final = "s3://template/"
_MOST_DAYS: Final = 300
_FIRST_YEAR: Final = 100
_DAY: Final = "-11-29"  # of the stand-ins, with the years 0100 to 0399: no query asks for such days
_STAND_IN: Final = re.compile(rf"(?<=')0[1-3]\d\d{_DAY}(?=[' ])")
_TRACE: Final = re.compile(rf"0[1-3]\d\d\D{{0,2}}11\D{{0,2}}29|{re.escape(_TABLE)}")


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A statement with stand-ins, and what they stand for."""

    text: str
    days: tuple[str, ...] = ()
    tables: tuple[tuple[str, str], ...] = ()  # database and name, in lower case
    place: str | None = None  # where a CTAS writes

    @property
    def is_filled(self) -> bool:
        """Whether nothing was replaced."""
        return not (self.days or self.tables or self.place)

    def table(self, name: str) -> str:
        """The table that a name of the template means."""
        return self.tables[int(name[len(_TABLE) :])][1] if name.startswith(_TABLE) else name

    def location(self, place: str) -> str:
        """The folder, with its slash, that a CTAS of the template names."""
        return f"{self.place.rstrip('/')}/" if self.place and place == _PLACE else place

    def filled(self, text: str) -> str:
        """A text that was made of the template, with the statement's own days."""
        if not self.days:
            return text
        return _STAND_IN.sub(lambda found: self.days[int(found[0][:4]) - _FIRST_YEAR], text)

    def day(self, text: str) -> str:
        """The same of a bare value."""
        return self.filled(f"'{text}'")[1:-1]


def of(sql: str) -> Template:
    """The template of a statement; the statement itself where that cannot be told safely."""
    if _TRACE.search(sql) or _PLACE in sql:
        return Template(sql)
    days: dict[str, str] = {}
    tables: dict[tuple[str, str], str] = {}
    place: list[str] = []

    def stand_in(found: re.Match[str]) -> str:
        if (day := found["day"]) is not None:
            if day not in days and (len(days) == _MOST_DAYS or not _is_day(day)):
                return found[0]
            made = days.setdefault(day, f"{_FIRST_YEAR + len(days):04d}{_DAY}")
            return f"'{made}{found['time'] or ''}'"
        if (name := found["table"]) is not None:
            known = found["database"].lower(), name.lower()
            made = tables.setdefault(known, f"{_TABLE}{len(tables)}")
            return f'"{found["database"]}"."{made}"'
        if found["place"] is not None and not place:
            place.append(found["place"])
            return found[0].replace(found["place"], _PLACE)
        return found[0]

    text = _PARTS.sub(stand_in, sql)
    lower = text.lower()
    if any(name in lower for _, name in tables):
        return Template(sql)  # the name has another meaning somewhere, or is used to qualify
    return Template(text, tuple(days), tuple(tables), place[0] if place else None)


def holds_only_stand_ins(text: str) -> bool:
    """Whether the days in a text made of a template stand as they were put there, and no folder."""
    if _PLACE in text:
        return False  # what looked like a property of a CTAS was a condition of a query
    return len(_TRACE.findall(text.replace(_TABLE, ""))) == len(_STAND_IN.findall(text))


def _is_day(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(dt.date.fromisoformat(text))
    return False
