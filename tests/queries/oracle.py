"""The KPIs of DESIGN section 10 once more, in plain Python over plain events: slow and obvious.

It shares nothing with the SQL: no engine, no windows, no partitions of built tables. Where the two
agree on real and on random events, both say what the definitions say.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Event = dict[str, Any]
Row = dict[str, Any]

POST_TYPES = {
    "message", "post", "comment", "reply", "thanks", "answer", "comment_question", "comment_answer",
}  # fmt: skip
ONE_DAY = dt.timedelta(days=1)


def moment(text: str) -> dt.datetime:
    """An event's `ts`; without a zone it is UTC."""
    parsed = dt.datetime.fromisoformat(text)
    return parsed.replace(tzinfo=parsed.tzinfo or dt.UTC).astimezone(dt.UTC)


class Oracle:
    """All events and snapshots of a company network, and what the KPIs are on any day."""

    def __init__(
        self,
        files: Mapping[dt.date, Iterable[Event]],
        users: Mapping[dt.date, Iterable[Event]],
        tz: str,
    ) -> None:
        """Take the raw rows by the UTC date of their file."""
        zone = ZoneInfo(tz)
        seen: set[tuple[str, dt.date]] = set()
        self.posts: dict[dt.date, list[Event]] = defaultdict(list)
        for _, rows in sorted(files.items()):
            for row in rows:
                at = moment(row["ts"])
                day = at.astimezone(zone).date()
                if (row["event_id"], day) not in seen:
                    seen.add((row["event_id"], day))
                    if row["event_type"] in POST_TYPES:
                        self.posts[day].append({**row, "at": at})
        self.groups: dict[dt.date, dict[tuple[str, str], str | None]] = {}
        for day, rows in users.items():
            self.groups[day] = {(r["company_id"], r["user_id"]): r["group_id"] for r in rows}

    def active(self, day: dt.date) -> dict[str, set[str]]:
        """Authors per company."""
        return _sets((p["company_id"], p["user_id"]) for p in self.posts.get(day, []))

    def companies(self, days: Iterable[dt.date], snapshot: dt.date) -> set[str]:
        """Companies with posts on one of the days or users in the snapshot."""
        posting = {p["company_id"] for day in days for p in self.posts.get(day, [])}
        return posting | {company for company, _ in self.groups.get(snapshot, {})}

    def active_users(self, day: dt.date) -> list[Row]:
        return [{"company_id": c, "active_users": len(u)} for c, u in self.active(day).items()]

    def active_users_by_group(self, day: dt.date) -> list[Row]:
        people = _sets(
            ((p["company_id"], p["group_id"]), p["user_id"]) for p in self.posts.get(day, [])
        )
        return [
            {"company_id": company, "group_id": group, "active_users": len(users)}
            for (company, group), users in people.items()
        ]

    def trailing(self, day: dt.date, days: int, name: str) -> list[Row]:
        people: dict[str, set[str]] = defaultdict(set)
        for back in range(days):
            for company, users in self.active(day - back * ONE_DAY).items():
                people[company] |= users
        return [{"company_id": c, name: len(users)} for c, users in people.items()]

    def weekly_active_users(self, day: dt.date) -> list[Row]:
        return self.trailing(day, 7, "weekly_active_users")

    def monthly_active_users(self, day: dt.date) -> list[Row]:
        return self.trailing(day, 28, "monthly_active_users")

    def posts_per_active_user(self, day: dt.date) -> list[Row]:
        rows = []
        for company in self.companies([day], day):
            posts = sum(p["company_id"] == company for p in self.posts.get(day, []))
            active = len(self.active(day).get(company, ()))
            ratio = posts / active if active else None
            rows.append({
                "company_id": company, "posts": posts, "active_users": active,
                "posts_per_active_user": ratio,
            })  # fmt: skip
        return rows

    def retention_7d(self, day: dt.date) -> list[Row]:
        before_day = day - 7 * ONE_DAY
        rows = []
        for company in self.companies([day, before_day], day):
            before = self.active(before_day).get(company, set())
            kept = len(before & self.active(day).get(company, set()))
            ratio = kept / len(before) if before else None
            rows.append({
                "company_id": company, "active_a_week_ago": len(before), "retained": kept,
                "retention_7d": ratio,
            })  # fmt: skip
        return rows

    def reply_latency(self, day: dt.date) -> list[Row]:
        later: dict[tuple[str, str, str | None], list[dt.datetime]] = defaultdict(list)
        for post in (p for n in range(3) for p in self.posts.get(day + n * ONE_DAY, [])):
            later[post["company_id"], post["user_id"], post["target_user_id"]].append(post["at"])
        minutes: dict[tuple[str, str | None], list[float]] = defaultdict(list)
        for post in self.posts.get(day, []):
            author, target = post["user_id"], post["target_user_id"]
            if target is None or target == author:
                continue
            end = post["at"] + dt.timedelta(hours=24)
            back = later.get((post["company_id"], target, author), [])
            replies = [at for at in back if post["at"] < at <= end]
            if replies:
                waited = (min(replies) - post["at"]) / dt.timedelta(minutes=1)
                minutes[post["company_id"], post["group_id"]].append(waited)
        return [
            {
                "company_id": company, "group_id": group, "replied_posts": len(waits),
                "median_minutes": statistics.median(waits),
            }
            for (company, group), waits in minutes.items()
        ]  # fmt: skip

    def cross_group_posts(self, day: dt.date) -> list[Row]:
        cells: dict[tuple[str, str | None, str | None], int] = defaultdict(int)
        groups = self.groups.get(day, {})
        for post in self.posts.get(day, []):
            if post["target_user_id"] is not None:
                target = groups.get((post["company_id"], post["target_user_id"]))
                cells[post["company_id"], post["group_id"], target] += 1
        return [
            {"company_id": c, "author_group": a, "target_group": t, "posts": n}
            for (c, a, t), n in cells.items()
        ]

    def engagement_score(self, day: dt.date) -> list[Row]:
        daily = {r["company_id"]: r for r in self.posts_per_active_user(day)}
        kept = {r["company_id"]: r["retention_7d"] for r in self.retention_7d(day)}
        rows = []
        for week in self.weekly_active_users(day):
            today = daily.get(week["company_id"], {})
            came = today.get("active_users", 0) / week["weekly_active_users"]
            said = min((today.get("posts_per_active_user") or 0) / 5, 1)
            score = 100 * (0.4 * came + 0.4 * (kept.get(week["company_id"]) or 0) + 0.2 * said)
            rows.append({"company_id": week["company_id"], "engagement_score": score})
        return rows

    def rows(self, kpi: str, days: Iterable[dt.date]) -> list[Row]:
        """The rows of a KPI on some days, with `dt`."""
        of_day: Callable[[dt.date], list[Row]] = getattr(self, kpi)
        return [{**row, "dt": str(day)} for day in days for row in of_day(day)]


KPIS = (
    "active_users", "active_users_by_group", "weekly_active_users", "monthly_active_users",
    "posts_per_active_user", "retention_7d", "reply_latency", "cross_group_posts",
    "engagement_score",
)  # fmt: skip


def _sets(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, set[Any]]:
    found: dict[Any, set[Any]] = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return found
