"""What cannot be asked of a backfill: one clear line each on a live stack, and nothing begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dayfold_cli.boundary import EXIT_FAILED, EXIT_USAGE
from tests.integration.shell import Published, Shell, begun, published, quiet_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY, NEXT = "2004-05-01", "2004-05-02"
RANGE = ("--from", DAY, "--to", DAY)
START = ("backfill", "start")
TABLE = ("--table", "kpi.spending")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Two days of payments; the backfill `done`, of the first, has ended."""
    with quiet_shell(tmp_path_factory.mktemp("bad-backfills")) as shell:
        for number, day in enumerate((DAY, NEXT), start=1):
            rows = [{"company_id": "acme", "amount": number}]
            shell.live.put("payments", day, rows)
        shell.done("crawl", "--wait")
        shell.done(*START, *RANGE, *TABLE, "--name", "done", "--wait")
        yield shell


@pytest.fixture(scope="module", autouse=True)
def seen(shell: Shell) -> Published:
    """What readers saw before anything was asked."""
    return published(shell.live, NEXT)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            (*START, "--from", NEXT, "--to", DAY),
            EXIT_USAGE,
            f"the range is reversed: --from {NEXT} comes after --to {DAY}",
        ),
        (
            (*START, "--from", "2054-01-01", "--to", "2054-01-01"),
            EXIT_FAILED,
            "2054-01-01 is not over: a backfill ends before",
        ),
        (
            (*START, *RANGE, "--table", "kpi.spendin"),
            EXIT_FAILED,
            "unknown table 'kpi.spendin': did you mean 'kpi.spending'?",
        ),
        (START, EXIT_USAGE, "give the days: --from DAY --to DAY"),
        (
            (*START, "--from", "1990-01-01", "--to", DAY),
            EXIT_FAILED,
            "5235 days are more than a run takes",
        ),
        ((*START, "--from", "2004-02-30", "--to", DAY), EXIT_USAGE, "'2004-02-30' is not a day"),
        ((*START, *RANGE, "--days-per-job", 0), EXIT_USAGE, "--days-per-job"),
        ((*START, *RANGE, "--days-per-job", 101), EXIT_USAGE, "--days-per-job"),
        (
            (*START, *RANGE, *TABLE, "--name", "done"),
            EXIT_FAILED,
            "there is a backfill 'done' already: give another name",
        ),
        ((*START, *RANGE, "--name", "a b"), EXIT_FAILED, "'a b' is no name"),
        ((*START, *RANGE, "--max-cost", -1), EXIT_USAGE, "-1: give dollars, more than 0"),
        ((*START, *RANGE, "--max-cost", 0), EXIT_USAGE, "0: give dollars, more than 0"),
        ((*START, *RANGE, "--max-cost", "nan"), EXIT_USAGE, "nan: give dollars, more than 0"),
        ((*START, *RANGE, "--concurrency", 1), EXIT_USAGE, "--concurrency"),
        (("backfill", "show", "don"), EXIT_FAILED, "no backfill 'don': did you mean 'done'?"),
        (("backfill", "watch", "nobody"), EXIT_FAILED, "there is no backfill 'nobody'"),
        (("backfill", "pause", "nobody"), EXIT_FAILED, "there is no backfill 'nobody'"),
        (
            ("backfill", "pause", "done"),
            EXIT_FAILED,
            "backfill 'done' has ended as succeeded: nothing to pause",
        ),
        (
            ("backfill", "resume", "done"),
            EXIT_FAILED,
            "backfill 'done' has ended as succeeded: nothing to resume",
        ),
        (
            ("backfill", "cancel", "done"),
            EXIT_FAILED,
            "backfill 'done' has ended as succeeded: nothing to cancel",
        ),
        (
            ("backfill", "retry", "done"),
            EXIT_FAILED,
            "backfill 'done' is succeeded: nothing to retry",
        ),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_asked_is_one_line(
    shell: Shell, arguments: tuple[object, ...], code: int, said: str
) -> None:
    # Given
    before = begun(shell.live)
    # When
    result = shell.dayfold(*arguments)
    # Then
    assert said in result.refusal
    assert result.code == code
    assert begun(shell.live) == before


def test_readers_see_what_they_saw(shell: Shell, seen: Published) -> None:
    # When all of that was asked
    now = published(shell.live, NEXT)
    # Then
    assert now == seen
