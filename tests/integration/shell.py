"""The `dayfold` command in a test's hands, on a stack and a project of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dayfold.domain.statements import named_build_table
from dayfold_cli.commands import crawl
from dayfold_cli.main import main
from dayfold_local import stack
from tests.integration.conftest import PROJECT, free_port
from tests.integration.live import Live

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = ("functions", "queries", "statemachine", "events")

STAGING_PAYMENTS = """\
-- Payments as they came, typed.
--
-- owner: finance
-- grain: dt, company_id
-- inputs:
--   raw.payments: [0, 0]
-- checks:
--   not_null: [company_id, amount]
SELECT
    CAST(company_id AS varchar) AS company_id, -- who paid
    CAST(amount AS bigint) AS amount,          -- how much
    dt
FROM raw.payments
WHERE dt BETWEEN :from AND :to
"""
SPENDING = """\
-- Money spent, per company and day.
--
-- owner: finance
-- grain: dt, company_id
-- inputs:
--   staging.payments: [0, 0]
-- checks:
--   unique: [dt, company_id]
--   between: {amount: [0, 1000]}
SELECT
    CAST(company_id AS varchar) AS company_id, -- who paid
    CAST(sum(amount) AS bigint) AS amount,     -- how much
    dt
FROM staging.payments
WHERE dt BETWEEN :from AND :to
GROUP BY dt, company_id
"""


@dataclasses.dataclass(frozen=True)
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def refusal(self) -> str:
        """The one line of a command that did not do what was asked; anything else fails."""
        assert self.code in {1, 2}, self
        assert "Traceback" not in self.err, self.err
        assert "unexpected" not in self.err, self.err
        said = [line for line in self.err.splitlines() if line.startswith("dayfold: ")]
        assert len(said) == 1, self.err
        assert self.err.endswith(f"{said[0]}\n"), self.err
        return said[0]


@dataclasses.dataclass(frozen=True)
class Shell:
    """Where the commands are given: a project's folder and a state folder."""

    project: Path
    state: Path

    def dayfold(self, *arguments: object) -> Result:
        """Run one command as a shell would."""
        out, err = io.StringIO(), io.StringIO()
        where = ("--project", self.project, "--state", self.state)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(argument) for argument in (*arguments, *where)])
        return Result(code, out.getvalue(), err.getvalue())

    def done(self, *arguments: object) -> str:
        """Run a command that must do its work; what it printed."""
        result = self.dayfold(*arguments)
        assert result.code == 0, result
        return result.out

    def build(self, table: str, *days: str) -> Result:
        """Build a table, with what it reads, on some days and wait."""
        named = [part for day in days for part in ("--day", day)]
        return self.dayfold("run", "--table", table, *named, "--wait")

    @property
    def live(self) -> Live:
        """The stack by AWS's own calls."""
        info = stack.info(self.state)
        assert info is not None
        return Live.of(info)


@contextlib.contextmanager
def quiet_shell(folder: Path) -> Iterator[Shell]:
    """A copied project on a stack whose crawler's events are lost: only what is asked for runs."""
    shell = Shell(copied_project(folder / "project"), folder / "state")
    patience, crawl.EVENT_PATIENCE = crawl.EVENT_PATIENCE, 0.0
    try:
        shell.done("up", "--port", free_port())
        shell.live.deliver_events(enabled=False)
        yield shell
    finally:
        crawl.EVENT_PATIENCE = patience
        stack.down(shell.state)


def copied_project(folder: Path) -> Path:
    """The project, with a small table and a KPI of its own, for a test to spoil."""
    folder.mkdir(parents=True)
    shutil.copy(PROJECT / "template.yaml", folder)
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / part, folder / part, ignore=ignored)
    (folder / "queries/staging/payments.sql").write_text(STAGING_PAYMENTS)
    (folder / "queries/kpi/spending.sql").write_text(SPENDING)
    return folder


@dataclasses.dataclass(frozen=True)
class Published:
    """What readers see of the payments, and what the ledger says of them."""

    rows: dict[str, list[dict[str, str | None]]]
    ledger: list[dict[str, Any]]


def kept_to_be_looked_at(live: Live) -> set[str]:
    """The temporary tables of builds that broke their checks."""
    return {
        named_build_table(item["pk"]["S"].removeprefix("TABLE#"), item["build_id"]["S"])
        for item in live.ledger_items("BUILD#")
        if item["status"]["S"] == "failed" and "location" in item
    }


def begun(live: Live) -> list[dict[str, Any]]:
    """What the ledger holds of partitions, builds and backfills: all that a request leaves."""
    left = ("DAY#", "BUILD#", "BACKFILL", "JOB#")
    items = [item for item in live.ledger_items("") if item["sk"]["S"].startswith(left)]
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def published(live: Live, until: str) -> Published:
    """All that is published up to a day; fails if anything else is left half done."""
    tables = ("staging.payments", "kpi.spending")
    items = live.ledger_items("DAY#")
    assert [item for item in items if item["status"]["S"] == "building"] == []
    temporary = live.client("glue").get_tables(DatabaseName="build")["TableList"]
    assert {table["Name"] for table in temporary} <= kept_to_be_looked_at(live)
    return Published(
        rows={
            name: live.query(f"SELECT * FROM {name} WHERE dt <= '{until}' ORDER BY dt, company_id")
            for name in tables
        },
        ledger=sorted(
            (item for item in items if item["sk"]["S"] <= f"DAY#{until}"),
            key=lambda item: (item["pk"]["S"], item["sk"]["S"]),
        ),
    )
