"""The KPIs that ship, read back from Athena: what the demo ends with."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from dayfold_cli.athena import Answer, run_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dayfold_cli.deployment import Deployment

# One statement for all KPIs with a row per company and day; each table is read once.
COMPANY_SQL = """
SELECT
    dt, company_id, active_users, weekly_active_users, monthly_active_users,
    posts, posts_per_active_user, retention_7d, engagement_score
FROM kpi.monthly_active_users
LEFT JOIN kpi.weekly_active_users USING (dt, company_id)
LEFT JOIN kpi.active_users USING (dt, company_id)
LEFT JOIN (
    SELECT dt, company_id, posts, posts_per_active_user FROM kpi.posts_per_active_user
) USING (dt, company_id)
LEFT JOIN (SELECT dt, company_id, retention_7d FROM kpi.retention_7d) USING (dt, company_id)
LEFT JOIN kpi.engagement_score USING (dt, company_id)
WHERE dt BETWEEN '{first}' AND '{last}'
ORDER BY dt, company_id
"""
REPLY_SQL = """
SELECT dt, company_id, group_id, replied_posts, median_minutes
FROM kpi.reply_latency
WHERE dt BETWEEN '{first}' AND '{last}'
ORDER BY dt, company_id, group_id
"""


@dataclasses.dataclass(frozen=True, slots=True)
class CompanyDay:
    """The KPIs of one company on one day."""

    day: dt.date
    company: str
    active: int | None
    weekly: int | None
    monthly: int | None
    posts: int | None
    posts_per_active: float | None
    retention: float | None
    engagement: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class GroupReplies:
    """How fast one group of a company replied to one day's posts."""

    day: dt.date
    company: str
    group: str
    replied: int
    median_minutes: float


@dataclasses.dataclass(frozen=True, slots=True)
class Kpis:
    """All of them over a range of days, and what reading them took."""

    days: list[CompanyDay]
    replies: list[GroupReplies]
    answers: tuple[Answer, ...]

    @property
    def companies(self) -> list[str]:
        """The companies, the largest first."""
        size: dict[str, int] = {}
        for row in self.days:
            size[row.company] = size.get(row.company, 0) + (row.active or 0)
        return sorted(size, key=lambda company: (-size[company], company))


def read_kpis(deployment: Deployment, first: dt.date, last: dt.date, limit: int) -> Kpis:
    """Read the KPIs of a range of days. The days are dates, so they need no quoting."""
    companies = run_query(deployment, COMPANY_SQL.format(first=first, last=last), limit)
    replies = run_query(deployment, REPLY_SQL.format(first=first, last=last), limit)
    return Kpis(
        days=[CompanyDay(_day(row[0]), *row[1:]) for row in companies.rows],
        replies=[
            GroupReplies(_day(row[0]), row[1], row[2] or "(no group)", *row[3:])
            for row in replies.rows
        ],
        answers=(companies, replies),
    )


def series(rows: Sequence[CompanyDay], days: Sequence[dt.date], name: str) -> list[Any]:
    """One KPI of one company, a value or None per day."""
    values = {row.day: getattr(row, name) for row in rows}
    return [values.get(day) for day in days]


def replies_by_group(replies: Sequence[GroupReplies]) -> list[tuple[str, str, int, float]]:
    """Company, group, replied posts, and the mean of the days' medians weighted by posts."""
    posts: dict[tuple[str, str], int] = {}
    minutes: dict[tuple[str, str], float] = {}
    for row in replies:
        key = (row.company, row.group)
        posts[key] = posts.get(key, 0) + row.replied
        minutes[key] = minutes.get(key, 0.0) + row.replied * row.median_minutes
    rows = [(*key, count, minutes[key] / count) for key, count in posts.items()]
    return sorted(rows, key=lambda row: row[3])


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
