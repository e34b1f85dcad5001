"""`dayfold backfill list`, `show` and `watch`, and how a backfill's end is told."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from dayfold_cli.backfill_bars import open_bars
from dayfold_cli.backfill_view import Pace, PlainView, pause, progress_text, rate_text
from tests.unit.cli.backfill.fakes import FAILED, RUNNING, SUCCEEDED, WAVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.backfill.fakes import FakeBackfills
    from tests.unit.cli.conftest import Result

HALF = dataclasses.replace(
    RUNNING, wave=2, published=48, failed=2, bytes_scanned=9_000_000, spent_usd=0.005
)
LINES = ["kpi.a 2004-05-02: bad SQL", "kpi.a 2004-05-03: bad SQL"]
LIMIT = "the next job would cross the limit of $0.01"


def test_the_list_has_a_row_each(dayfold: Callable[..., Result], store: FakeBackfills) -> None:
    # Given
    store.states = [FAILED, dataclasses.replace(RUNNING, name="june")]
    # When
    result = dayfold("backfill", "list")
    as_csv = dayfold("backfill", "list", "--format", "csv")
    as_json = dayfold("backfill", "list", "--format", "json", "--limit", "1")
    # Then
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[1][:6] == ["may", "failed", "2004-05-01..2004-05-31", "98/100", "2", "$0.0095"]
    assert lines[1][-2:] == ["all", "tables"]
    assert lines[2][:2] == ["june", "running"]
    assert as_csv.out.splitlines()[1].startswith("may,failed,,2004-06-01T00:00:00+00:00,")
    assert [one["name"] for one in json.loads(as_json.out)] == ["may"]


def test_no_backfill_says_how_to_start_one(
    dayfold: Callable[..., Result], store: FakeBackfills
) -> None:
    # When / Then
    assert "dayfold backfill start --from" in dayfold("backfill", "list").out
    assert dayfold("backfill", "list", "--format", "json").out == "[]\n"


def test_show_says_how_far_it_is(dayfold: Callable[..., Result], store: FakeBackfills) -> None:
    # Given
    store.states = [dataclasses.replace(HALF, committed_usd=0.006, max_cost_usd=2.0)]
    store.lines = LINES
    # When
    result = dayfold("backfill", "show", "may")
    # Then
    assert result.code == 0
    assert "48 of 100 partitions" in result.out
    assert (
        "$0.005, about $0.010 expected, $0.001 kept for what runs now, at most $2.00" in result.out
    )
    lines = [line.split() for line in result.out.splitlines()]
    assert ["1", "60", "6", "6", "done"] in lines
    assert ["2", "40", "4", "1", "runs"] in lines
    assert "failed: kpi.a 2004-05-02..2004-05-03: bad SQL\n" in result.out
    assert result.out.endswith("next: dayfold backfill watch may\n")


def test_show_as_data(dayfold: Callable[..., Result], store: FakeBackfills) -> None:
    # Given
    store.states = [dataclasses.replace(HALF, status="paused")]
    store.lines = LINES
    # When
    as_csv = dayfold("backfill", "show", "may", "--format", "csv")
    as_json = json.loads(dayfold("backfill", "show", "may", "--format", "json").out)
    # Then
    assert as_csv.out.splitlines() == [
        "wave,partitions,jobs,done,state",
        "1,60,6,6,done",
        "2,40,4,1,paused",
    ]
    assert as_json["backfill"]["status"] == "paused"
    assert as_json["waves"][1]["left"] == 3
    assert as_json["failures"] == LINES


@pytest.mark.parametrize("command", ["show", "watch"])
def test_an_unknown_backfill_is_one_line(
    dayfold: Callable[..., Result], store: FakeBackfills, command: str
) -> None:
    # Given
    store.states = [RUNNING]
    # When
    near = dayfold("backfill", command, "mai")
    far = dayfold("backfill", command, "september")
    # Then
    assert near.err == "dayfold: there is no backfill 'mai': did you mean 'may'?\n"
    assert "`dayfold backfill list` shows those there are" in far.err
    assert (near.code, far.code) == (1, 1)


def test_watching_in_a_pipe_prints_lines_and_failures_as_they_come(
    dayfold: Callable[..., Result], store: FakeBackfills
) -> None:
    # Given
    store.states = [RUNNING, RUNNING, HALF, HALF, FAILED]
    store.lines = LINES
    # When
    result = dayfold("backfill", "watch", "may")
    # Then
    assert result.code == 1
    lines = result.err.splitlines()
    assert lines[0].startswith("may: wave 1 of 2, 0 of 100 partitions, 0 B, $0.00")
    assert lines[1] == "failed: kpi.a 2004-05-02..2004-05-03: bad SQL"
    assert lines[2].startswith("may: wave 2 of 2, 50 of 100 partitions")
    assert lines[-1].endswith(
        "2 failed: kpi.a 2004-05-02..2004-05-03: bad SQL; "
        "`dayfold backfill retry may` builds what failed"
    )


@pytest.mark.parametrize(
    ("record", "said", "hint"),
    [
        (
            dataclasses.replace(HALF, status="paused", reason=LIMIT),
            f"may is paused: {LIMIT}; 48 of 100 partitions published, 2 failed",
            "`dayfold backfill start --from 2004-05-01 --to 2004-05-31 --max-cost MORE` goes on",
        ),
        (
            dataclasses.replace(HALF, status="paused", reason="paused by hand"),
            "may is paused by hand; 48 of 100 partitions published, 2 failed",
            "`dayfold backfill resume may` goes on",
        ),
        (
            dataclasses.replace(SUCCEEDED, status="cancelled", reason="by hand", published=7),
            "may was cancelled by hand, 7 of 100 partitions published",
            "`dayfold backfill retry may` goes on after all",
        ),
        (
            dataclasses.replace(FAILED, published=0, failed=0, reason="no plan"),
            "may failed after 90 s, 0 of 100 partitions published: no plan",
            "`dayfold backfill retry may` builds what failed",
        ),
    ],
)
def test_an_end_without_success_says_what_to_do(
    dayfold: Callable[..., Result], store: FakeBackfills, record: object, said: str, hint: str
) -> None:
    # Given
    store.states = [record]  # type: ignore[list-item]
    # When
    result = dayfold("backfill", "watch", "may")
    # Then
    assert result.code == 1
    assert result.err.splitlines()[-1] == f"dayfold: {said}; {hint}"


def test_many_failures_are_cut_short_as_they_come_and_gathered_at_the_end(
    dayfold: Callable[..., Result], store: FakeBackfills
) -> None:
    # Given
    store.states = [dataclasses.replace(FAILED, failed=40)]
    store.lines = [f"kpi.a 2004-05-{day:02}: cause {day % 20}" for day in range(1, 32)]
    # When
    result = dayfold("backfill", "watch", "may")
    # Then
    assert result.err.count("failed: kpi.a") <= 35
    assert "failed: and 5 more; `dayfold backfill show may` counts them" in result.err


def test_what_is_watched_as_data_leaves_stdout_to_it(
    dayfold: Callable[..., Result], store: FakeBackfills
) -> None:
    # Given
    store.states = [SUCCEEDED]
    # When
    as_json = dayfold("backfill", "watch", "may", "--format", "json")
    as_csv = dayfold("backfill", "watch", "may", "--format", "csv")
    # Then
    assert json.loads(as_json.out)["backfill"]["published"] == 100
    assert len(as_csv.out.splitlines()) == 2
    assert "may succeeded in 90 s" in as_json.err


def test_ctrl_c_leaves_the_backfill_running_and_says_so(
    dayfold: Callable[..., Result], store: FakeBackfills
) -> None:
    # Given
    store.states = [RUNNING]

    def interrupt(look: int) -> None:
        if look > 2:
            raise KeyboardInterrupt

    store.on_look = interrupt
    # When
    result = dayfold("backfill", "watch", "may")
    # Then
    assert result.code == 130
    said = "may goes on: `dayfold backfill watch may` shows it again, "
    assert result.err.rstrip().endswith(f"{said}`dayfold backfill cancel may` stops it")


def test_the_rate_is_that_of_the_latest_changes() -> None:
    # Given a joiner who has seen nothing change yet, then 10 a second, then a stop
    pace, seen = Pace(), dataclasses.replace(HALF, tries=2)
    # When / Then
    pace.note(0.0, 50)
    assert pace.rate(1.0, seen) is None
    pace.note(1.0, 60)
    assert pace.rate(1.0, seen) == pytest.approx(10.0)
    pace.note(4.0, 60)
    assert pace.rate(4.0, seen) == pytest.approx(2.5)
    pace.note(5.0, 0)  # a retry has begun
    assert pace.rate(5.0, seen) is None
    assert progress_text(HALF, 2.0).startswith("50 of 100 partitions, 2/s, about 25 s left, 9 MB")


@pytest.mark.parametrize(
    ("elapsed", "rate", "seconds"),
    [(1, None, 0.05), (4, 10.0, 0.2), (8, 50.0, 0.05), (3600, 25.0, 0.1), (3600, 0.5, 0.5)],
)
def test_looks_come_closer_when_the_end_may_be_near(
    elapsed: float, rate: float | None, seconds: float
) -> None:
    # Given 50 of 100 partitions done in so many seconds, at such a rate; When / Then
    assert pause(elapsed, HALF, rate) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("rate", "said"),
    [(1234.5, "1,234/s"), (24.61, "24.6/s"), (0.5, "30/min"), (0.001, "3.6/h"), (1e-5, "0.036/h")],
)
def test_a_rate_is_said_in_the_unit_that_reads_well(rate: float, said: str) -> None:
    assert rate_text(rate) == said


def test_lines_in_a_pipe_come_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    times = iter([0.0, 1.0, 11.0, 22.0, 23.0])
    view = PlainView(lambda: next(times))
    more = dataclasses.replace(HALF, published=60)
    # When: first, too early, due, nothing new, another wave
    for record in (HALF, more, more, more, dataclasses.replace(more, wave=3)):
        view.show(record, WAVES, "text")
    # Then
    assert capsys.readouterr().err.splitlines() == [
        "may: wave 2 of 2, text",
        "may: wave 2 of 2, text",
        "may: wave 3 of 2, text",
    ]


def test_a_terminal_has_a_bar_a_wave_and_keeps_the_failures() -> None:
    # Given
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100, color_system=None)
    # When
    with open_bars("may", terminal) as bars:
        bars.show(HALF, WAVES, "half way")
        bars.fail("kpi.a 2004-05-02: bad [SQL]")
        bars.show(HALF, WAVES, "half way")
    # Then
    shown = screen.getvalue()
    assert "wave 1" in shown
    assert "6/6 jobs, 60 partitions  done" in shown
    assert "1/4 jobs, 40 partitions  runs" in shown
    assert "may: half way" in shown
    assert "failed: kpi.a 2004-05-02: bad [SQL]" in shown
