"""`dayfold show`: builds, inputs, checks and cost of one partition."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from dayfold.errors import BadRequestError
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import DAY, known_tables, resolve_table
from dayfold_cli.output import (
    Column,
    count_text,
    dollars_text,
    facts,
    format_option,
    print_json,
    print_rows,
    say,
    seconds_text,
    size_text,
    time_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dayfold.domain.partition import BuildRecord, PartitionState
    from dayfold_cli.deployment import Deployment
    from dayfold_cli.output import Format

BUILD_COLUMNS = (
    Column("attempt", right=True),
    Column("status"),
    Column("ended"),
    Column("rows", right=True),
    Column("scanned", right=True),
    Column("took", right=True),
    Column("cost", right=True),
)
UNPIN = "builds anew: dayfold run --policy all"
CSV_COLUMNS = (*(column.name for column in BUILD_COLUMNS), "query", "run", "error")


@click.command("show", cls=TargetCommand)
@click.argument("table")
@click.argument("day", type=DAY)
@click.option("--history", is_flag=True, help="All that readers ever saw of it, and why.")
@click.option("--as-of", "as_of", metavar="TIME", help="What readers saw then; ISO 8601.")
@format_option
@click.pass_context
def show_command(
    ctx: click.Context,
    table: str,
    day: dt.date,
    history: bool,
    as_of: str | None,
    data_format: Format,
) -> None:
    """Builds, inputs, checks, cost and query ids of TABLE on DAY."""
    if history and as_of:
        raise click.UsageError("--history shows all times: leave --as-of out, or --history")
    target = target_of(ctx)
    name = resolve_table(table, known_tables(target))
    from dayfold_cli.deployment import open_deployment

    ledger = open_deployment(target).ledger
    state = ledger.partitions(name, day, day).get(day)
    if state is None:
        raise BadRequestError(_never_built(open_deployment(target), name, day))
    if history or as_of:
        _show_past(open_deployment(target), name, day, as_of, data_format)
        return
    builds = ledger.builds(name, day)
    from dayfold_cli.standing import standing

    now = standing(open_deployment(target), name, day, state)
    from dayfold_cli.inspection import print_inspection, queries_for

    if data_format == "json":
        shown = {"table": name, "day": day, "partition": state, "builds": builds}
        shown["now"] = {"state": now[0], "reason": now[1]}
        print_json({**shown, "look": queries_for(target, name, day, builds)})
    elif data_format == "csv":
        print_rows(CSV_COLUMNS, [_raw_row(build) for build in builds], "csv")
    else:
        _print(name, day, state, builds, now)
        print_inspection(target, name, day, builds)


def _never_built(deployment: Deployment, name: str, day: dt.date) -> str:
    """What a partition that nobody has attempted waits for, or how to build it."""
    from dayfold_cli.standing import standing

    state, reason = standing(deployment, name, day, None)
    if state == "waiting":
        return f"{name} was never built for {day}: {reason}"
    return f"{name} was never built for {day}: `dayfold run --table {name} --day {day}` builds it"


def _show_past(
    deployment: Deployment, name: str, day: dt.date, moment: str | None, data_format: Format
) -> None:
    """What readers saw: at a moment, or at all times."""
    from dayfold.domain.days import zone
    from dayfold_cli.history import print_as_of, print_history, read_moment

    history = deployment.ledger.publications(name, day, day).get(day, [])
    if moment is None:
        print_history(history, data_format)
        return
    tz = zone(deployment.output("BusinessTimeZone"))
    print_as_of(name, day, history, read_moment(moment, tz), data_format)


def _print(
    name: str,
    day: dt.date,
    state: PartitionState,
    builds: Sequence[BuildRecord],
    now: tuple[str, str],
) -> None:
    pairs: dict[str, object] = {
        "partition": f"{name} {day}",
        "status": f"{state.status}, attempt {state.attempt} in {state.run_id}",
        "now": ": ".join(part for part in now if part),
    }
    if state.status == "building":
        ends = dt.datetime.fromtimestamp(state.lease_until, dt.UTC).isoformat()
        pairs["lease"] = f"until {time_text(ends)} UTC; if nobody renews it, the next run takes it"
    if state.is_published:
        pairs["published"] = f"build {state.published_build_id}, {time_text(state.published_at)}"
        if state.pinned:
            from dayfold_cli.grid import rolled_back_text

            pairs["rolled back"] = f"{rolled_back_text(state)}; {UNPIN} --table {name} --day {day}"
        pairs["rows"] = f"{state.rows:,}" if state.rows is not None else None
        pairs["scanned"] = size_text(state.bytes_scanned)
        pairs["cost"] = dollars_text(state.cost_usd)
        pairs["took"] = seconds_text(state.seconds)
        pairs["location"] = state.location
        pairs["sql"] = state.sql_hash
        pairs.update({f"input {table}": digest for table, digest in state.inputs.items()})
    pairs["query"] = state.query_id
    facts(pairs)
    if state.error and state.error not in {build.error for build in builds}:
        say(click.style("error: ", fg="red") + state.error)
    print_checks(state.check_results)
    if builds:
        say()
        print_rows(BUILD_COLUMNS, [_row(build) for build in builds], "table")
        for build in builds:
            ran = f", query {build.query_id}" if build.query_id else ""
            why = f": {build.error}" if build.error else ""
            say(f"attempt {build.attempt}: {build.run_id}{ran}{why}{_other_columns(build, builds)}")


def _other_columns(build: BuildRecord, builds: Sequence[BuildRecord]) -> str:
    """How the columns of an earlier build differ from those of the latest that has any."""
    from dayfold.domain.schema_changes import difference

    latest = [one for one in builds if one.columns][-1:]
    if not latest or not build.columns:
        return ""
    change = difference(build.columns, latest[0].columns).said_in_full()
    return f"; since then the query {change}" if change else ""


def print_checks(results: Sequence[Mapping[str, Any]]) -> None:
    """Print what the checks of the latest attempt said, if anything."""
    for result in results:
        name = result.get("check_name") or result.get("name")
        broken = result.get("broken")
        sample = result.get("sample")
        line = f"check {name} ({result.get('severity', 'error')})"
        line += f": {count_text(int(broken), 'row')}" if broken is not None else ""
        say(line + (f", e.g. {sample}" if sample else ""))


def _row(build: BuildRecord) -> tuple[object, ...]:
    return (
        build.attempt,
        build.collection or build.status,
        time_text(build.ended_at),
        build.rows,
        size_text(build.bytes_scanned),
        seconds_text(build.seconds),
        dollars_text(build.cost_usd),
    )


def _raw_row(build: BuildRecord) -> tuple[object, ...]:
    return (
        build.attempt,
        build.status,
        build.ended_at,
        build.rows,
        build.bytes_scanned,
        build.seconds,
        build.cost_usd,
        build.query_id,
        build.run_id,
        build.error,
    )
