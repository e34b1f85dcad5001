"""The same rows as JSON lines, CSV and Parquet: the same KPIs, through the whole pipeline."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from dayfold_local import stack
from tests.integration.companies import Companies, Kind, kpis
from tests.integration.conftest import PROJECT, free_port
from tests.integration.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST, LAST = dt.date(2024, 6, 5), dt.date(2024, 6, 6)
FILES = 4


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A stack whose raw tables nothing has given a format yet."""
    shell = Shell(PROJECT, tmp_path / "state")
    try:
        shell.done("up", "--port", free_port())
        shell.live.deliver_events(enabled=False)
        yield shell
    finally:
        stack.down(shell.state)


@pytest.mark.parametrize(
    "kind",
    ["csv", "parquet"],
)
def test_a_format_changes_no_kpi(
    shell: Shell, tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr("dayfold_cli.commands.crawl.EVENT_PATIENCE", 0)
    companies = Companies.write(tmp_path / "json", LAST + dt.timedelta(days=1), FILES)
    folder = companies.rewrite(tmp_path / kind, kind)
    # When
    for table in ("events", "users"):
        shell.done("land", table, folder / table)
    shell.done("crawl", "--wait")
    shell.done("run", "--from", FIRST, "--to", LAST, "--wait")
    # Then
    assert kpis(shell, FIRST, LAST) == companies.expected("Asia/Tokyo", FIRST, LAST)
