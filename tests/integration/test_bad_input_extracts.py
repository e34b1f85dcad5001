"""Bad extracts, through the command and the whole pipeline: one clear line, nothing half done.

`dayfold land` refuses broken files; here they are put into the bucket past it, as others would.
"""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.live import event
from tests.integration.shell import Shell, published, quiet_shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD_DAYS = ("2004-05-01", "2004-05-02")
GOOD = GOOD_DAYS[-1]
LAST = "2004-05-21"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A stack on which nothing has landed."""
    with quiet_shell(tmp_path_factory.mktemp("bad-extracts")) as shell:
        yield shell


@pytest.fixture(scope="module")
def shell(empty: Shell) -> Shell:
    """Two good days of payments, built."""
    for day in GOOD_DAYS:
        empty.live.put("payments", day, [pay(3), pay(5, "fjord")])
    empty.done("crawl", "--wait")
    assert empty.build("spending", *GOOD_DAYS).code == 0
    return empty


def pay(amount: object, company: str = "acme") -> dict[str, object]:
    return {"company_id": company, "amount": amount}


def lines(*rows: dict[str, object]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def parquet(*rows: dict[str, object]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), buffer)
    return buffer.getvalue()


def put(shell: Shell, key: str, body: bytes) -> None:
    shell.live.put_bytes(f"raw/{key}", body)


def spending(shell: Shell, day: str) -> list[tuple[str | None, ...]]:
    """What readers see of the KPI on a day."""
    rows = shell.live.query(f"SELECT company_id, amount FROM kpi.spending WHERE dt = '{day}'")
    return sorted(tuple(row.values()) for row in rows)


# --- Nothing at all; stands first, for a landing cannot be undone ------------------------------


def test_no_extracts_at_all(empty: Shell) -> None:
    # When
    crawled = empty.dayfold("crawl", "--wait")
    recent = empty.dayfold("run", "--wait")
    named = empty.build("spending", GOOD)
    # Then each says so, and what to do
    assert crawled.code == 0
    assert "warning: s3://" in crawled.err
    assert "/raw/: no extracts here\n" in crawled.err
    assert "no extracts have landed; `dayfold land TABLE PATH`, then `dayfold crawl`" in (
        recent.refusal
    )
    assert "there are no extracts of raw.payments: `dayfold land payments PATH`" in named.refusal
    assert "nothing has landed yet" in empty.done("status")
    assert "no extracts have landed" in empty.done("run", "--dry-run")
    # Then nothing is half done
    assert empty.live.ledger_items("DAY#") == []


# --- Files that cannot be read -----------------------------------------------------------------


EMPTY = {
    "payments/dt=2004-06-01/a.json": (b"", "the file is empty"),
    "payments/dt=2004-06-02/a.json.gz": (b"", "the file is empty"),
    "payments/dt=2004-06-03/a.json.gz": (gzip.compress(b""), "the file holds no rows"),
}


def test_empty_files_are_named_and_count_as_days_without_rows(shell: Shell) -> None:
    # Given
    before = published(shell.live, GOOD)
    for key, (body, _) in EMPTY.items():
        put(shell, key, body)
    # When
    crawled = shell.dayfold("crawl", "--wait")
    days = [f"2004-06-0{number}" for number in (1, 2, 3)]
    built = shell.build("spending", *days)
    # Then
    for key, (_, said) in EMPTY.items():
        assert f"warning: raw/{key}: {said}\n" in crawled.err
    assert built.code == 0
    assert [spending(shell, day) for day in days] == [[]] * 3
    assert published(shell.live, GOOD) == before
    for key in EMPTY:
        shell.live.client("s3").delete_object(Bucket=shell.live.outputs["Bucket"], Key=f"raw/{key}")


def test_a_truncated_gzip_fails_its_day_alone(shell: Shell) -> None:
    # Given one day whose file is cut off, and one that is whole
    before = published(shell.live, GOOD)
    whole = gzip.compress(lines(*(pay(n, f"c{n}") for n in range(900))))
    key = "payments/dt=2004-06-10/a.json.gz"
    put(shell, key, whole[: len(whole) // 2])
    shell.live.put("payments", "2004-06-11", [pay(7)])
    # When
    crawled = shell.dayfold("crawl", "--wait")
    built = shell.build("spending", "2004-06-10", "2004-06-11")
    # Then the file is named, by the crawl and by the run
    assert f"warning: raw/{key}: the gzip file is truncated\n" in crawled.err
    assert "2 of 4 partitions published: staging.payments 2004-06-10: HIVE_CUR" in built.refusal
    assert key in built.refusal
    assert "Next: mend or remove the extract named, land it again, then run" in built.refusal
    # Then the good day of the same run is there, the bad one is not, and the rest is as before
    assert spending(shell, "2004-06-11") == [("acme", "7")]
    assert spending(shell, "2004-06-10") == []
    assert published(shell.live, GOOD) == before
    # When it is mended
    put(shell, key, gzip.compress(lines(pay(2))))
    shell.done("crawl", "--wait")
    # Then the same command builds it
    assert shell.build("spending", "2004-06-10", "2004-06-11").code == 0
    assert spending(shell, "2004-06-10") == [("acme", "2")]


def test_landing_refuses_a_truncated_gzip_before_anything_is_uploaded(
    shell: Shell, tmp_path: Path
) -> None:
    # Given a good file and a broken one
    whole = gzip.compress(lines(pay(1)))
    for day, body in (("2004-06-15", whole), ("2004-06-16", whole[:-9])):
        folder = tmp_path / f"dt={day}"
        folder.mkdir()
        (folder / "a.json.gz").write_bytes(body)
    # When
    result = shell.dayfold("land", "payments", tmp_path)
    # Then
    assert "dt=2004-06-16/a.json.gz" in result.refusal
    assert "nothing landed" in result.refusal
    listed = shell.live.client("s3").list_objects_v2(
        Bucket=shell.live.outputs["Bucket"], Prefix="raw/payments/dt=2004-06-15"
    )
    assert listed["KeyCount"] == 0


# --- Columns that vanished or changed ----------------------------------------------------------


def test_a_column_that_vanished_from_json_lines(shell: Shell) -> None:
    # Given
    before = published(shell.live, GOOD)
    put(shell, "payments/dt=2004-07-01/a.json", lines({"company_id": "acme"}))
    shell.live.put("payments", "2004-07-02", [pay(4)])
    # When
    crawled = shell.dayfold("crawl", "--wait")
    built = shell.build("spending", "2004-07-01", "2004-07-02")
    # Then
    assert "warning: raw.payments: column amount is missing in dt=2004-07-01" in crawled.err
    assert "staging.payments 2004-07-01: not published" in built.refusal
    assert "not_null(amount) broken by 1 row" in built.refusal
    assert spending(shell, "2004-07-02") == [("acme", "4")]
    assert spending(shell, "2004-07-01") == []
    assert published(shell.live, GOOD) == before


def test_a_text_where_a_number_was(shell: Shell) -> None:
    # Given
    before = published(shell.live, GOOD)
    put(shell, "payments/dt=2004-07-10/a.json", lines(pay(1), pay("four")))
    shell.live.put("payments", "2004-07-11", [pay(4)])
    # When
    crawled = shell.dayfold("crawl", "--wait")
    built = shell.build("spending", "2004-07-10", "2004-07-11")
    # Then file, line and value are named
    assert "raw.payments: column amount is bigint in the table and string in dt=2004-07-10" in (
        crawled.err
    )
    assert "staging.payments 2004-07-10: HIVE_BAD_DATA" in built.refusal
    assert "'four' in s3://" in built.refusal
    assert "dt=2004-07-10/a.json of table raw.payments, line 2" in built.refusal
    assert spending(shell, "2004-07-11") == [("acme", "4")]
    assert published(shell.live, GOOD) == before


def test_a_column_that_vanished_from_parquet(shell: Shell) -> None:
    # Given events in Parquet, the last day without company_id
    for day in ("2004-05-19", "2004-05-20"):
        put(shell, f"events/dt={day}/a.parquet", parquet(event("u1", day)))
    less = {name: value for name, value in event("u1", LAST).items() if name != "company_id"}
    put(shell, f"events/dt={LAST}/a.parquet", parquet(less))
    # When
    crawled = shell.dayfold("crawl", "--wait")
    built = shell.build("active_users", "2004-05-20", LAST)
    # Then
    assert f"raw.events: column company_id is missing in dt={LAST}" in crawled.err
    assert f"staging.events {LAST}: not published" in built.refusal
    assert "not_null(company_id) broken by 1 row" in built.refusal
    seen = shell.live.query("SELECT dt, company_id, active_users FROM kpi.active_users")
    assert [tuple(row.values()) for row in seen] == [("2004-05-20", "acme", "1")]


def test_a_column_that_vanished_from_csv(shell: Shell) -> None:
    # Given users in CSV, the second day without its first column
    head = "user_id,company_id,group_id"
    put(shell, "users/dt=2004-05-20/a.csv", f"{head}\nu1,acme,g1\nu2,acme,g2\n".encode())
    put(shell, "users/dt=2004-05-21/a.csv", b"company_id,group_id\nacme,g1\nacme,g2\n")
    # When
    crawled = shell.dayfold("crawl", "--wait")
    good = shell.build("staging.users", "2004-05-20")
    bad = shell.build("staging.users", "2004-05-21")
    # Then no cell is read as another column's
    assert "dt=2004-05-21" in crawled.err
    assert good.code == 0
    assert "staging.users 2004-05-21" in bad.refusal
    assert "raw.users dt=2004-05-21 has landed but is not in the catalog" in bad.refusal
    seen = shell.live.query("SELECT dt, user_id FROM staging.users ORDER BY user_id")
    assert [tuple(row.values()) for row in seen] == [("2004-05-20", "u1"), ("2004-05-20", "u2")]


def test_a_time_that_is_none_is_named_with_its_event(shell: Shell) -> None:
    # Given events that a query casts, one of them at no time
    for day in ("2004-08-09", "2004-08-10"):
        put(shell, f"events/dt={day}/a.parquet", parquet(event("u1", day, ts="yesterday")))
    shell.done("crawl", "--wait")
    # When
    built = shell.build("active_users", "2004-08-10")
    # Then it does not vanish silently
    assert "staging.events 2004-08-10: " in built.refusal
    assert "no time: yesterday in event 2004-08-" in built.refusal


def test_a_file_of_another_format_is_left_out_and_its_day_waits(shell: Shell) -> None:
    # Given JSON lines among Parquet
    put(shell, "events/dt=2004-08-19/a.parquet", parquet(event("u1", "2004-08-19")))
    put(shell, "events/dt=2004-08-20/a.json", lines(event("u1", "2004-08-20")))
    # When
    crawled = shell.dayfold("crawl", "--wait")
    built = shell.build("active_users", "2004-08-20")
    # Then
    assert "warning: raw/events/dt=2004-08-20/a.json: " in crawled.err
    assert "raw.events dt=2004-08-20 has landed but is not in the catalog" in built.refusal
