"""`dayfold new`: a query, its header and its test, ready to edit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from dayfold.errors import BadRequestError
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import query_files
from dayfold_cli.output import say

if TYPE_CHECKING:
    from pathlib import Path

NAME = re.compile(r"(?:kpi\.)?([a-z][a-z0-9_]{0,127})")

# Runs and passes as it stands, so that the first edit starts from something right.
QUERY = """\
-- {title}: posts per company and business day. Say here what one row means.
--
-- owner: {owner}
-- grain: dt, company_id
-- inputs:
--   staging.posts: [0, 0]             # days around each day built; [-6, 0] is a trailing week
-- checks:
--   not_null: [company_id, {name}]
--   unique: [dt, company_id]
--   between: {{{name}: [1, null]}}
SELECT
    CAST(company_id AS varchar) AS company_id, -- the customer company
    CAST(count(*) AS bigint) AS {name}, -- what is counted
    dt
FROM staging.posts
WHERE dt BETWEEN :from AND :to
GROUP BY dt, company_id
"""
TEST = """\
# Rows in, rows out. Columns are two spaces or more apart; - is NULL. More: docs/queries.md
- case: each company and day is counted by itself
  build: [2004-05-20, 2004-05-21]
  given:
    staging.posts: |
      dt          company_id  user_id
      2004-05-19  acme        ann
      2004-05-20  acme        ann
      2004-05-20  acme        bob
      2004-05-20  globex      zoe
      2004-05-21  acme        bob
  expect: |
    dt          company_id  {name}
    2004-05-20  acme        2
    2004-05-20  globex      1
    2004-05-21  acme        1
"""


@click.command("new", cls=TargetCommand)
@click.argument("kind", type=click.Choice(["kpi"]))
@click.argument("name")
@click.option("--owner", default="people-analytics", show_default=True, help="Who answers for it.")
@click.pass_context
def new_command(ctx: click.Context, kind: str, name: str, owner: str) -> None:
    """Write queries/kpi/NAME.sql and tests/queries/kpi/NAME.yaml, ready to edit."""
    project = target_of(ctx).project_dir()
    short = kpi_name(name, query_files(project))
    if not re.fullmatch(r"[A-Za-z0-9][\w.@/ -]*", owner):
        raise BadRequestError(f"owner {owner!r}: give a team or a person, in letters and digits")
    title = short.replace("_", " ").capitalize()
    files = {
        project / "queries" / kind / f"{short}.sql": QUERY,
        project / "tests" / "queries" / kind / f"{short}.yaml": TEST,
    }
    taken = next((path for path in files if path.exists()), None)
    if taken is not None:
        raise BadRequestError(f"{_shown(taken, project)} exists already: choose another name")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(name=short, title=title, owner=owner), encoding="utf-8")
        say(f"wrote {_shown(path, project)}")
    say(f"next: edit both, then dayfold check, and dayfold run --table kpi.{short} --wait")


def kpi_name(text: str, known: dict[str, Path]) -> str:
    """The name of a new KPI, without its database.

    Raises:
        BadRequestError: Athena would not take it, or a table has it.
    """
    match = NAME.fullmatch(text)
    if match is None:
        raise BadRequestError(
            f"{text!r} is no name of a KPI: small letters, digits and _, e.g. thanks_per_group"
        )
    if f"kpi.{match[1]}" in known:
        raise BadRequestError(f"kpi.{match[1]} exists already: choose another name")
    return match[1]


def _shown(path: Path, project: Path) -> str:
    return path.relative_to(project).as_posix()
