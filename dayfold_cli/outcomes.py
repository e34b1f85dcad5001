"""How a run ended, in lines for people: what was built, what waits, what failed and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold.errors import RunFailedError
from dayfold_cli.output import count_text, note, say, seconds_text, warn
from dayfold_cli.reasons import cut_off_reason, gather_failures, gather_lines, gather_warnings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dayfold.domain.partition import RunRecord
    from dayfold_cli.runs import Outcome

SHOWN_LINES = 15
NEXT = "Next: "  # how a failure that knows what to do says it
AGAIN = "the same command again builds the rest"
NOTHING_LANDED = (
    "no day to build: no extracts have landed; `dayfold land TABLE PATH`, then `dayfold crawl`"
)


def report(outcome: Outcome, tell: Callable[[str], None] = say) -> None:
    """Say how a run ended, on stderr what went wrong.

    Args:
        outcome: how it ended.
        tell: takes the line of a run that succeeded; on stdout unless data is there.

    Raises:
        RunFailedError: it did not succeed, or could build nothing of what was asked for by day.
    """
    record = outcome.record
    for warning in gather_warnings(record.warnings if record else ()):
        warn(warning)
    waiting = gather_lines(record.waiting if record else ())
    failures = gather_failures(record.failures if record else ())
    causes = gather_failures(record.failures if record else (), with_blocked=False)
    refusal = _refusal(outcome, waiting)
    if refusal is None or len(waiting) > 1:
        _note_some("waiting", waiting)
    if len(causes) != 1:  # else the last line has it
        _note_some("failed", failures)
    raise_if_failed(outcome)
    if refusal is not None:
        raise RunFailedError(refusal)
    tell(f"{outcome.run_id} succeeded in {seconds_text(outcome.seconds)}: {_done(record)}")


def raise_if_failed(outcome: Outcome) -> None:
    """Turn a run that did not succeed into an error.

    Raises:
        RunFailedError: partitions failed, or the run itself did.
    """
    if not outcome.succeeded:
        raise RunFailedError(_failure_line(outcome))


def _done(record: RunRecord | None) -> str:
    if record is None:
        return "nothing published"
    if record.planned:
        return f"{count_text(record.published, 'partition')} published"
    if record.waiting:
        waits = count_text(len(record.waiting), "partition waits", "partitions wait")
        return f"nothing to build, {waits}"
    return "everything was up to date, nothing published"


def _refusal(outcome: Outcome, waiting: Sequence[str]) -> str | None:
    """Why a run did nothing of what was asked for, where that is so."""
    record = outcome.record
    if record is None or record.planned or outcome.up_to_date or not outcome.succeeded:
        return None
    if outcome.days == 0:
        return NOTHING_LANDED
    if not waiting or not (record.request.get("days") or record.request.get("first")):
        return None
    others = len(waiting) - 1
    more = f" (and {count_text(others, 'more cause')}, above)" if others else ""
    return f"{outcome.run_id} built nothing: {waiting[0]}{more}"


def _failure_line(outcome: Outcome) -> str:
    record = outcome.record
    if record is None or not record.failures:
        ended = outcome.status.lower().replace("_", " ")
        return f"{outcome.run_id} {ended}: {outcome.error or 'no reason given'}"
    cut_off = cut_off_reason(record)
    if cut_off and not record.planned:
        return f"{outcome.run_id} failed: {cut_off}"
    done = f"{record.published:,} of {count_text(record.planned, 'partition')} published"
    failed = f"{outcome.run_id} failed after {seconds_text(outcome.seconds)}, {done}"
    if cut_off:
        return f"{failed}; cut off: {cut_off}; {AGAIN}"
    causes = gather_failures(record.failures, with_blocked=False)
    if len(causes) == 1:
        return f"{failed}: {causes[0]}" + ("" if NEXT in causes[0] else f"; {AGAIN}")
    return f"{failed}, see above; `dayfold show TABLE DAY` tells more, {AGAIN}"


def _note_some(word: str, lines: Sequence[str]) -> None:
    for line in lines[:SHOWN_LINES]:
        note(f"{word}: {line}")
    if len(lines) > SHOWN_LINES:
        note(f"{word}: and {len(lines) - SHOWN_LINES:,} more; `dayfold status` shows them")
