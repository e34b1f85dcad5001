"""For each guarantee one line of code without which the fault schedules fail.

Each line is taken away, or turned round, in a copy of the code; schedules run on the copy until
one fails. What this prints is the table of docs/faults.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
_COPIED = ("functions", "statemachine", "tests", "template.yaml", "pyproject.toml")
_SCHEDULES = 360


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A line, by its file and its text, and what comes in its place."""

    guarantee: str
    path: str
    line: str
    instead: str
    after: str = ""  # text before the line, where it is there more than once
    # Lines that stand behind it and hold without it: taken away with it.
    also: tuple[Mutant, ...] = ()


MUTANTS = (
    Mutant(
        "1 a reader sees whole builds",
        "starting.py",
        "attempts = {day: states[day].attempt for day in mine"
        " if states[day].build_id == state.build_id}",
        "attempts = {day: states[day].attempt for day in mine}",
    ),
    Mutant(
        "2 nothing is published before its checks pass",
        "finishing.py",
        'status="failed" if errors else "published",',
        'status="published",',
    ),
    Mutant(
        "3 one writer at a time",
        "domain/claims.py",
        "lease_is_over = state.lease_until <= now or state.run_id in dead_runs",
        "lease_is_over = True",
    ),
    Mutant(
        "4 the same trigger twice builds nothing twice",
        "domain/claims.py",
        "unchanged_since_plan = state.attempt == seen_attempt and not up_to_date",
        "unchanged_since_plan = True",
    ),
    Mutant(
        "4 what stands still is found by the sweep",
        "sweep.py",
        "resumed_backfills=tuple(resume_backfills(pipeline, dry_run=dry_run)),",
        "",
    ),
    Mutant(
        "5 a redelivered job joins its query",
        "starting.py",
        '_statement(pipeline, table, attempts, build), request_token("build", build)',
        "_statement(pipeline, table, attempts, build),"
        ' request_token("build", build, str(pipeline.now()))',
    ),
    Mutant(
        "6 what was killed goes on where it was",
        "domain/claims.py",
        'return Verdict("mine")',
        'return Verdict("held", state.run_id)',
    ),
    Mutant(
        "6 a writer that died is made up for",
        "domain/planning.py",
        'return "its writer died" if left else "failed" if state.status == "failed" else None',
        "return None",
    ),
    Mutant(
        "7 late files make stale",
        "domain/planning.py",
        "if state.inputs.get(one.table) != now:",
        "if False:",
    ),
    Mutant(
        "7 an edited query makes stale",
        "domain/planning.py",
        "if state.sql_hash != executed_hash(table, self.facts.tz):",
        "if False:",
    ),
    Mutant(
        "8 a rollback moves what readers see",
        "rollback_steps.py",
        "pipeline.catalog.repoint(described, places)",
        "pass",
    ),
    Mutant(
        "8 a rollback goes to a build that is there still",
        "adapters/ledger_writes.py",
        "writes += [self._still_there(table, one.earlier) for one in claims if one.earlier]",
        "",
    ),
    Mutant(
        "9 a failed backfill retries what failed",
        "releasing.py",
        "pipeline.backfills.reopen(backfill.name, failed, now=now)",
        "pass",
    ),
    Mutant(
        "10 the daily run goes first",
        "backfill_jobs.py",
        "if _daily_run_builds(pipeline):",
        "if False:",
    ),
    Mutant(
        "11 a reader can tell a whole day",
        "whole_days.py",
        "if pipeline.whole_days.swap(seen, ordered, judged_by, pipeline.now()):",
        "if True:",
    ),
    Mutant(
        "12 only what is dead is collected",
        "domain/collection.py",
        'prefixes = tuple(f"{prefix}dt={day}/" for day in self.days) or (prefix,)',
        "prefixes = (prefix,)",
    ),
    Mutant(
        "12 what somebody begins to need is not collected",
        "adapters/collection_marks.py",
        '"ConditionExpression": "#attempt = :seen",',
        '"ConditionExpression": "#attempt >= :seen",',
    ),
    Mutant(
        "12 what readers see is never collected",
        "domain/collection.py",
        "if state.published_build_id == build.build_id:",
        "if False:",
        also=(
            Mutant(
                "",
                "domain/collection.py",
                'if past.shown and f"/{build_prefix(table, build.build_id)}" in past.shown:',
                "if False:",
            ),
            Mutant(
                "",
                "domain/collection.py",
                'return "nobody knows since when readers do not see it"',
                "return None",
            ),
        ),
    ),
    Mutant(
        "12 what is dead is collected",
        "collecting.py",
        "pipeline.garbage.delete([file.key for file in buried])",
        "pass",
    ),
)


def main() -> int:
    """Try every mutant, or those whose guarantee holds a text; returns how many survived."""
    parser = argparse.ArgumentParser(prog="mutants")
    parser.add_argument("only", nargs="?", default="")
    parser.add_argument("--schedules", type=int, default=_SCHEDULES)
    asked = parser.parse_args()
    survivors = 0
    for mutant in MUTANTS:
        if asked.only in mutant.guarantee:
            fails = run(mutant, asked.schedules)
            survivors += fails is None
            said = f"fails: {fails}" if fails else "SURVIVES"
            lines = [f"    {one.path}: {one.line.strip()}" for one in (mutant, *mutant.also)]
            print("\n".join([mutant.guarantee, *lines, f"    {said}"]), flush=True)
    return survivors


def run(mutant: Mutant, schedules: int) -> str | None:
    """The first failure of the schedules without a mutant's line; None if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        for one in (mutant, *mutant.also):
            mutate(copy / "functions" / "dayfold" / one.path, one)
        path = f"{copy / 'functions'}{os.pathsep}{copy}"
        asked = ["--schedules", str(schedules), "--most-failures", "1"]
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.schedules.soak", *asked],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == 0:
        return None
    told = re.search(r"^\w+(?:Error|Exception): .*", done.stdout, re.MULTILINE)
    seed = re.search(r"^seed (\d+)", done.stdout, re.MULTILINE)
    if told is None or seed is None:
        raise RuntimeError(f"the schedules did not run: {done.stdout}{done.stderr}")
    return f"seed {seed.group(1)}, {told.group()[:110]}"


def mutate(path: Path, mutant: Mutant) -> None:
    """Put a mutant's text in the place of its line.

    Raises:
        ValueError: the line is not there, or not once: the table is out of date.
    """
    text = path.read_text(encoding="utf-8")
    head, mark, rest = text.partition(mutant.after) if mutant.after else ("", "", text)
    if mutant.line not in rest or (not mutant.after and rest.count(mutant.line) != 1):
        raise ValueError(f"{mutant.path} does not have once: {mutant.line}")
    path.write_text(head + mark + rest.replace(mutant.line, mutant.instead, 1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
