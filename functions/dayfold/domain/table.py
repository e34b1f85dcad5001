"""What one SQL file in `queries/` declares: a table, its inputs, columns and checks."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from dayfold.domain.days import ONE_DAY, end_of_day, utc_dates_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

RAW_DATABASE = "raw"
Severity = Literal["error", "warn"]
# Which changes of its columns a table takes without being asked: new ones, or any.
SchemaPolicy = Literal["add", "any"]
SCHEMA_POLICIES: tuple[SchemaPolicy, ...] = ("add", "any")


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The days of an input that a query reads around the day it builds, both included."""

    first: int
    last: int

    def days_for(self, day: dt.date, tz: ZoneInfo) -> tuple[dt.date, dt.date]:
        """The first and last day of the input that building `day` reads."""
        del tz  # a plain window does not depend on the zone
        return day + dt.timedelta(days=self.first), day + dt.timedelta(days=self.last)


@dataclasses.dataclass(frozen=True, slots=True)
class BusinessDayWindow:
    """The files, by UTC date, that hold the events of one business day."""

    def days_for(self, day: dt.date, tz: ZoneInfo) -> tuple[dt.date, dt.date]:
        """The first and last file date that building `day` reads."""
        return utc_dates_of(day, tz)


@dataclasses.dataclass(frozen=True, slots=True)
class HoursWindow:
    """The days of an input that a stretch of hours around the day touches, whatever the clocks do.

    `[0, 24h]` ends 24 hours after the day does. That is the end of the next day, but an hour into
    the day after it when the next day loses an hour to summer time.
    """

    first: int  # hours from the start of the day, 0 or less
    last: int  # hours from the end of the day, 0 or more

    def days_for(self, day: dt.date, tz: ZoneInfo) -> tuple[dt.date, dt.date]:
        """The first and last day of the input that building `day` reads."""
        start = end_of_day(day - ONE_DAY, tz) + dt.timedelta(hours=self.first)
        end = end_of_day(day, tz) + dt.timedelta(hours=self.last)
        last = end - dt.timedelta(microseconds=1)
        return start.astimezone(tz).date(), last.astimezone(tz).date()


@dataclasses.dataclass(frozen=True, slots=True)
class Input:
    """A table that a query reads, raw or built, with its window."""

    table: str  # database.name
    window: Window | HoursWindow | BusinessDayWindow

    @property
    def is_raw(self) -> bool:
        """Whether the input is an extract, not something a query builds."""
        return self.table.startswith(f"{RAW_DATABASE}.")


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """An output column: Athena type in lower case, and the comment beside it in the SQL."""

    name: str
    type: str
    comment: str


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """A rule that a build must keep before it is published.

    `kind` is one of `check_reading.KINDS`; `name` says it in the words of a report
    (`not_null(company_id)`); `arguments` are the header's, as `check_reading` reads them.
    """

    kind: str
    name: str
    arguments: Any
    severity: Severity = "error"


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """A table as its SQL file declares it. `sql` has the parameters `:from`, `:to` unrendered."""

    name: str  # database.name, e.g. kpi.active_users
    path: str  # as shown to people, e.g. queries/kpi/active_users.sql
    description: str
    owner: str
    grain: tuple[str, ...]
    inputs: tuple[Input, ...]
    checks: tuple[Check, ...]
    columns: tuple[Column, ...]  # all but the partition key `dt`
    sql: str
    sql_hash: str  # of the query as executed: comments and layout do not count
    schema_changes: SchemaPolicy = "add"

    @property
    def database(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]

    @property
    def short_name(self) -> str:
        """The part of the name after the dot."""
        return self.name.partition(".")[2]
