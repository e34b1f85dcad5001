"""What the demo ends with: KPIs read back, a table, charts, and what it took."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.partition import PartitionState
from dayfold_cli import demo_report, kpis
from dayfold_cli.athena import Answer
from dayfold_cli.commands.demo import sample_end
from dayfold_cli.kpi_view import print_kpi_charts, print_kpi_table

if TYPE_CHECKING:
    from pathlib import Path

    from dayfold_cli.deployment import Deployment

LAST = dt.date(2026, 11, 20)
DAYS = [LAST - dt.timedelta(days=n) for n in range(29, -1, -1)]


def answer(rows: list[list[Any]]) -> Answer:
    return Answer("q", [], rows, has_more=False, seconds=0.1, bytes_scanned=10, is_ddl=False)


@pytest.fixture
def read(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> kpis.Kpis:
    """KPIs of two companies over thirty days; the last day has no score yet."""
    companies = [
        [str(day), company, people + n, 2 * people, 3 * people, 9, 1.5, 0.5, score]
        for n, day in enumerate(DAYS)
        for company, people in (("fjord", 20), ("hinode", 70))
        for score in [None if day == LAST else 61.25]
    ]
    replies = [[str(LAST), "hinode", group, 10, minutes] for group, minutes in GROUPS]
    answers = {kpis.COMPANY_SQL: companies, kpis.REPLY_SQL: replies}

    def run_query(_deployment: Deployment, sql: str, _limit: int) -> Answer:
        asked = {text.format(first=DAYS[0], last=LAST): rows for text, rows in answers.items()}
        return answer(asked[sql])

    monkeypatch.setattr(kpis, "run_query", run_query)
    return kpis.read_kpis(deployment, DAYS[0], LAST, 1000)


GROUPS = (("sales", 30.0), ("support", 12.5), (None, 45.0))


def test_the_table_shows_the_last_week(read: kpis.Kpis, capsys: pytest.CaptureFixture[str]) -> None:
    # When
    print_kpi_table(read)
    # Then the last seven days of both companies, and a dash for what is not there yet
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 7 * 2
    assert lines[7].split() == [
        "2026-11-20", "hinode", "99", "140", "210", "9", "1.50", "50%", "-",
    ]  # fmt: skip


def test_the_charts_need_no_colour_and_fit_80_columns(
    read: kpis.Kpis, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setenv("COLUMNS", "80")
    # When
    print_kpi_charts(read)
    # Then the larger company comes first, the fastest group too
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert out.index("hinode: active users a day") < out.index("fjord: active users a day")
    assert "█" in out
    assert out.index("hinode / support") < out.index("hinode / (no group)")
    assert "12.5 min" in out


def test_the_effort_is_summed_from_the_ledger(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two published partitions and one that failed
    built = PartitionState(
        "published", 1, "run", "b", published_build_id="b", rows=3, bytes_scanned=5, seconds=0.5,
        cost_usd=0.00005,
    )  # fmt: skip
    states = dict.fromkeys(DAYS[:2], built) | {DAYS[2]: PartitionState("failed", 1, "run", "b")}

    class Ledger:
        def partitions(self, table: str, first: dt.date, last: dt.date) -> dict[dt.date, Any]:
            assert (table, first, last) == ("kpi.a", DAYS[0], LAST)
            return states

    vars(deployment)["ledger"] = Ledger()
    monkeypatch.setattr(demo_report, "catalog_tables", lambda _deployment: ["kpi.a"])
    # When
    effort = demo_report.read_effort(deployment, DAYS[0], LAST)
    # Then
    assert effort == {"kpi.a": demo_report.Effort(2, 1, 6, 10, 0.5, 0.0001)}


def test_a_second_demo_lands_the_same_sample(tmp_path: Path) -> None:
    # When it is asked for on two days
    first = sample_end(tmp_path, dt.date(2026, 11, 21))
    second = sample_end(tmp_path, dt.date(2026, 11, 25))
    # Then
    assert first == second == dt.date(2026, 11, 20)
