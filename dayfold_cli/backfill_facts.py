"""How far backfills are and how they ended, in rows and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dayfold.errors import RunFailedError
from dayfold_cli.backfills import done, seconds_of
from dayfold_cli.output import (
    Column,
    count_text,
    dollars_text,
    facts,
    note,
    print_json,
    print_rows,
    say,
    seconds_text,
    size_text,
    time_text,
)
from dayfold_cli.reasons import gather_failures, span_text, tables_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dayfold.domain.backfill import BackfillRecord, WaveRecord
    from dayfold_cli.output import Format

SHOWN_FAILURES = 15
NEXT = "Next: "  # how a failure that knows what to do says it
BY_HAND = "by hand"  # how the ledger says that it was a person
COLOURS = {"succeeded": "green", "failed": "red", "cancelled": "red", "paused": "yellow"}
LIST_COLUMNS: tuple[Column | str, ...] = (
    Column("name", style="cyan"),
    Column("status"),
    Column("days"),
    Column("built", right=True),
    Column("failed", right=True),
    Column("spent", right=True),
    Column("started"),
    "tables",
)
FIELDS = (
    *("name", "status", "reason", "created_at", "ended_at", "tries", "wave", "waves"),
    *("partitions", "published", "failed", "jobs", "jobs_done", "bytes_scanned", "spent_usd"),
    *("expected_bytes", "expected_usd", "max_cost_usd"),
)
REQUEST_FIELDS = ("first", "last", "policy", "order", "days_per_job", "tables")
WAVE_COLUMNS: tuple[Column | str, ...] = (
    Column("wave", right=True),
    Column("partitions", right=True),
    Column("jobs", right=True),
    Column("done", right=True),
    Column("state"),
)


# --- Several ------------------------------------------------------------------------------


def print_list(records: Sequence[BackfillRecord], data_format: Format) -> None:
    """Print backfills, one a row."""
    if data_format == "json":
        print_json(records)
    elif data_format == "csv":
        rows = [csv_row(record) for record in records]
        print_rows((*FIELDS, *REQUEST_FIELDS), rows, "csv")
    elif records:
        print_rows(LIST_COLUMNS, [_list_row(record) for record in records], "table")
    else:
        say("no backfill yet: dayfold backfill start --from DAY --to DAY --dry-run")


def csv_row(record: BackfillRecord) -> list[object]:
    """A backfill's facts under `FIELDS` and `REQUEST_FIELDS`."""
    asked = {**record.request, "tables": " ".join(record.request.get("tables") or ())}
    return [
        *(getattr(record, field) for field in FIELDS),
        *(asked.get(field) for field in REQUEST_FIELDS),
    ]


def _list_row(record: BackfillRecord) -> tuple[object, ...]:
    return (
        record.name,
        record.status,
        _days(record),
        f"{record.published:,}/{record.partitions:,}",
        f"{record.failed:,}",
        dollars_text(record.spent_usd),
        time_text(record.created_at),
        _tables(record),
    )


# --- One ----------------------------------------------------------------------------------


def print_one(
    record: BackfillRecord,
    waves: Sequence[WaveRecord],
    failures: Sequence[str],
    data_format: Format,
) -> None:
    """Print all there is to say about a backfill; as CSV its waves."""
    if data_format == "json":
        print_json({"backfill": record, "waves": waves, "failures": failures})
        return
    if data_format == "csv":
        columns = ("wave", "partitions", "jobs", "done", "state")
        rows = [
            (w.number, w.partitions, w.jobs, w.jobs - w.left, wave_state(w, record)) for w in waves
        ]
        print_rows(columns, rows, "csv")
        return
    _print_facts(record)
    if waves:
        say()
        print_rows(WAVE_COLUMNS, [_wave_row(wave, record) for wave in waves], "table")
    lines = gather_failures(failures)
    for line in lines[:SHOWN_FAILURES]:
        say(f"{click.style('failed:', fg='red')} {line}")
    if len(lines) > SHOWN_FAILURES:
        say(f"... and {len(lines) - SHOWN_FAILURES:,} more: --format json has all")
    hint = next_step(record)
    if hint:
        say(f"next: {hint}")


def wave_state(wave: WaveRecord, record: BackfillRecord) -> str:
    """What a wave does: `done`, `runs`, `waits` for the one before, or what the backfill is."""
    if wave.left <= 0:
        return "done"
    if record.status != "running":
        return record.status
    return "runs" if wave.released else "waits"


def status_text(record: BackfillRecord) -> str:
    """The status and its reason: `paused by hand`, `failed: 3 partitions failed`."""
    reason = (record.reason or "").removeprefix(f"{record.status} ")
    if reason in {"", BY_HAND}:
        return f"{record.status} {reason}".rstrip()
    return f"{record.status}: {reason}"


def next_step(record: BackfillRecord) -> str | None:
    """The command that goes on from here, if there is one."""
    if record.status == "running":
        return f"dayfold backfill watch {record.name}"
    if _is_at_limit(record):
        return f"dayfold backfill start {_span_options(record)} --max-cost MORE"
    if record.status == "paused":
        return f"dayfold backfill resume {record.name}"
    if record.status in {"failed", "cancelled"}:
        return f"dayfold backfill retry {record.name}"
    return None


def _is_at_limit(record: BackfillRecord) -> bool:
    """Whether it was its cost limit that paused a backfill: to resume it would change nothing."""
    return record.status == "paused" and "limit" in (record.reason or "")


def _print_facts(record: BackfillRecord) -> None:
    status = click.style(status_text(record), fg=COLOURS.get(record.status))
    asked = record.request
    pairs: dict[str, object] = {
        "backfill": record.name,
        "status": status,
        "asked for": f"{_days(record)}, {_tables(record)}, policy {asked.get('policy', '-')}, "
        f"{asked.get('order', 'newest')} first",
        "started": f"{time_text(record.created_at)} UTC"
        + (f", try {record.tries}" if record.tries > 1 else ""),
        "ended": f"{time_text(record.ended_at)} UTC, after {seconds_text(seconds_of(record))}"
        if record.ended_at
        else None,
        "published": f"{record.published:,} of {count_text(record.partitions, 'partition')}",
        "failed": f"{record.failed:,}",
        "jobs": f"{record.jobs_done:,} of {record.jobs:,} done, "
        f"wave {record.wave} of {record.waves}",
        "scanned": f"{size_text(record.bytes_scanned)}, about "
        f"{size_text(record.expected_bytes)} expected",
        "spent": _spent(record),
    }
    facts({name: value for name, value in pairs.items() if value is not None})


def _spent(record: BackfillRecord) -> str:
    text = f"{dollars_text(record.spent_usd)}, about {dollars_text(record.expected_usd)} expected"
    running = round(record.committed_usd - record.spent_usd, 6)  # a sum of many cents drifts
    if record.status == "running" and running > 0:
        text += f", {dollars_text(running)} kept for what runs now"
    if record.max_cost_usd is not None:
        text += f", at most {dollars_text(record.max_cost_usd)}"
    return text


def _wave_row(wave: WaveRecord, record: BackfillRecord) -> tuple[object, ...]:
    return (
        wave.number,
        f"{wave.partitions:,}",
        f"{wave.jobs:,}",
        f"{wave.jobs - wave.left:,}",
        wave_state(wave, record),
    )


def _days(record: BackfillRecord) -> str:
    return span_text(str(record.request.get("first")), str(record.request.get("last")))


def _tables(record: BackfillRecord) -> str:
    return tables_text(record.request.get("tables") or ()) or "all tables"


# --- The end ------------------------------------------------------------------------------


def report(
    record: BackfillRecord, failures: Sequence[str], *, shown: bool, on_stdout: bool = True
) -> None:
    """Say how a backfill ended, on stderr what went wrong.

    Args:
        record: as it ended.
        failures: a line each.
        shown: whether they were all printed as they came.
        on_stdout: whether success is the result, or data is.

    Raises:
        RunFailedError: it failed, was cancelled, or is paused.
    """
    causes = gather_failures(failures, with_blocked=False)
    if not shown and len(causes) != 1:
        lines = gather_failures(failures)
        for line in lines[:SHOWN_FAILURES]:
            note(f"failed: {line}")
        if len(lines) > SHOWN_FAILURES:
            more = len(lines) - SHOWN_FAILURES
            note(f"failed: and {more:,} more; `dayfold backfill show {record.name}` counts them")
    if record.status != "succeeded":
        raise RunFailedError(_refusal(record, causes))
    (say if on_stdout else note)(
        f"{record.name} succeeded in {seconds_text(seconds_of(record))}: "
        + (
            f"{count_text(record.published, 'partition')} published, "
            f"{size_text(record.bytes_scanned)}, {dollars_text(record.spent_usd)}"
            if done(record)
            else "everything was up to date, nothing published"
        )
    )


def _refusal(record: BackfillRecord, causes: Sequence[str]) -> str:
    name = record.name
    built = f"{record.published:,} of {count_text(record.partitions, 'partition')} published"
    failed = f", {record.failed:,} failed" if record.failed else ""
    if record.status == "paused":
        return f"{name} is {status_text(record)}; {built}{failed}; `{next_step(record)}` goes on"
    if record.status == "cancelled":
        goes_on = f"`{next_step(record)}` goes on after all"
        return f"{name} was {status_text(record)}, {built}{failed}; {goes_on}"
    text = f"{name} failed after {seconds_text(seconds_of(record))}, {built}{failed}"
    if len(causes) == 1:
        text += f": {causes[0]}"
    elif causes:
        text += ", see above"
    elif record.reason:
        text += f": {record.reason}"
    return f"{text}; `dayfold backfill retry {name}` builds what failed"


def _span_options(record: BackfillRecord) -> str:
    tables = "".join(f" --table {name}" for name in record.request.get("tables") or ())
    return f"--from {record.request.get('first')} --to {record.request.get('last')}{tables}"
