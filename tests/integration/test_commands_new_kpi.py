"""A KPI of one's own, as the README has it: new, check, run, and mend it when it is wrong."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.companies import Companies
from tests.integration.shell import Shell, quiet_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = dt.date(2024, 6, 5)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A project whose first day of posts is built."""
    folder = tmp_path_factory.mktemp("new-kpi")
    companies = Companies.write(folder / "extracts", DAY + dt.timedelta(days=1), 3)
    with quiet_shell(folder) as shell:
        for table in ("events", "users"):
            shell.done("land", table, companies.folder / table)
        shell.done("crawl", "--wait")
        assert shell.build("staging.posts", str(DAY)).code == 0
        yield shell


def test_a_new_kpi_is_built_without_deploying_anything(shell: Shell) -> None:
    # Given
    deployed = (shell.state / "deployment.json").read_bytes()
    # When
    shell.done("new", "kpi", "thanks_per_group")
    checked = shell.done("check")
    planned = shell.done("run", "--table", "kpi.thanks_per_group", "--day", DAY, "--dry-run")
    built = shell.build("kpi.thanks_per_group", str(DAY))
    # Then
    assert checked
    assert "would build 1 partition" in planned
    assert built.code == 0
    rows = json.loads(shell.done("query", "SELECT * FROM kpi.thanks_per_group", "--format", "json"))
    assert {row["dt"] for row in rows} == {str(DAY)}
    assert (shell.state / "deployment.json").read_bytes() == deployed


def test_an_edited_query_makes_its_days_stale_and_no_others(shell: Shell) -> None:
    # Given
    assert shell.build("active_users", str(DAY)).code == 0
    path = shell.project / "queries/kpi/active_users.sql"
    # When
    path.write_text(
        path.read_text().replace("count(DISTINCT user_id)", "count(DISTINCT user_id)+0")
    )
    status = shell.done("status", "--from", DAY, "--to", DAY)
    built = shell.dayfold("run", "--day", DAY, "--wait", "--table", "active_users")
    # Then
    assert "stale: kpi.active_users, 2024-06-05: the query or its time zone changed" in status
    assert "staging.posts              2024-06-05  published" in status
    assert ": 1 partition published" in built.out
    assert "everything was up to date" in shell.done(
        "run", "--day", DAY, "--wait", "--table", "active_users"
    )
