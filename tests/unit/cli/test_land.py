"""Landing extracts: all or nothing, again and again, and one clear line for what cannot land."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from dayfold_cli.uploads import etag_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dayfold_cli.deployment import Deployment
    from tests.unit.cli.conftest import Result

LINE = b'{"event_id": "1", "ts": "2004-05-20T00:00:00Z"}\n'
ZIPPED = gzip.compress(LINE * 1000, mtime=0)


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def keys(deployment: Deployment) -> list[str]:
    listed = deployment.client("s3").list_objects_v2(Bucket=deployment.bucket)
    return [item["Key"] for item in listed.get("Contents", [])]


def test_day_folders_land_at_any_depth_and_hidden_files_do_not(
    dayfold: Callable[..., Result], deployment: Deployment, tmp_path: Path
) -> None:
    # Given
    source = tmp_path / "source"
    put(source / "old/dt=2004-05-19/part-0.json.gz", ZIPPED)
    put(source / "dt=2004-05-20/part-0.json", LINE)
    put(source / "dt=2004-05-20/_SUCCESS", b"")
    put(source / ".DS_Store", b"x")
    # When
    result = dayfold("land", "events", source)
    # Then
    assert result.code == 0, result.err
    assert keys(deployment) == [
        "raw/events/dt=2004-05-19/part-0.json.gz",
        "raw/events/dt=2004-05-20/part-0.json",
    ]
    assert "2 files" in result.out
    assert "2 days, 2004-05-19 to 2004-05-20" in result.out
    assert "next: dayfold crawl --wait" in result.out


def test_landing_again_uploads_only_what_changed(
    dayfold: Callable[..., Result], deployment: Deployment, tmp_path: Path
) -> None:
    source = tmp_path / "in"
    # Given two files that have landed, and one of them corrected
    first = put(source / "dt=2004-05-19/a.json", LINE)
    put(source / "dt=2004-05-20/a.json", LINE)
    dayfold("land", "raw.events", source)
    before = deployment.client("s3").head_object(
        Bucket=deployment.bucket, Key="raw/events/dt=2004-05-20/a.json"
    )
    put(first, LINE * 2)
    # When
    result = dayfold("land", "events", first, source / "dt=2004-05-20")
    # Then
    assert "1 file " in result.out
    assert "1 were there already" in result.out
    after = deployment.client("s3").head_object(
        Bucket=deployment.bucket, Key="raw/events/dt=2004-05-20/a.json"
    )
    assert after["LastModified"] == before["LastModified"]


def test_a_file_in_no_day_folder_needs_a_day(
    dayfold: Callable[..., Result], deployment: Deployment, tmp_path: Path
) -> None:
    # Given
    file = put(tmp_path / "users.csv", b"user_id,company_id\n1,2\n")
    # When
    refused = dayfold("land", "users", file)
    landed = dayfold("land", "users", file, "--day", "2004-05-20")
    # Then
    assert refused.code == 1
    assert f"{file}: of which day?" in refused.err
    assert landed.code == 0
    assert keys(deployment) == ["raw/users/dt=2004-05-20/users.csv"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("dt=2004-05-20/a.json", b"", "is empty (0 bytes)"),
        ("dt=2004-05-20/a.json.gz", gzip.compress(b""), "is empty (a gzip file of nothing)"),
        ("dt=2004-05-20/a.json.gz", ZIPPED[:-20], "is a truncated gzip file"),
        ("dt=2004-05-20/a.json.gz", ZIPPED[:30] + b"\xff" * 30 + ZIPPED[60:], "damaged gzip"),
        ("dt=2004-05-20/a.json.gz", LINE, "is named .gz but is not gzip"),
        ("dt=2004-05-20/a.json", ZIPPED, "is gzip but not named .gz"),
        ("dt=2004-05-20/a.json", b'[{"a": 1}]', "is a JSON array"),
        ("dt=2004-05-20/a.jsonl", b"a,b\n1,2\n", "is not JSON lines"),
        ("dt=2004-05-20/a.xlsx", b"PK\x03\x04rest", "a zip archive or a workbook"),
        ("dt=2004-05-20/a.parquet", b"PAR1 cut off", "not a whole Parquet file"),
        ("dt=2004-02-30/a.json", LINE, "'2004-02-30' is not a day"),
    ],
)
def test_one_broken_file_is_named_and_nothing_lands(
    dayfold: Callable[..., Result],
    deployment: Deployment,
    tmp_path: Path,
    name: str,
    content: bytes,
    said: str,
) -> None:
    # Given a good file and a broken one
    put(tmp_path / "in/dt=2004-05-19/good.json", LINE)
    broken = put(tmp_path / "in" / name, content)
    # When
    result = dayfold("land", "events", tmp_path / "in")
    # Then
    assert result.code == 1
    line = result.err.splitlines()[-1]
    assert line.startswith(f"dayfold: {broken}: ")
    assert said in line
    assert keys(deployment) == []


def test_skip_broken_lands_the_rest_and_says_what_was_left(
    dayfold: Callable[..., Result], deployment: Deployment, tmp_path: Path
) -> None:
    # Given
    put(tmp_path / "in/dt=2004-05-19/good.json", LINE)
    put(tmp_path / "in/dt=2004-05-20/empty.json", b"")
    # When
    result = dayfold("land", "events", tmp_path / "in", "--skip-broken")
    # Then
    assert result.code == 0
    assert "skipped" in result.err
    assert keys(deployment) == ["raw/events/dt=2004-05-19/good.json"]


def test_members_of_a_joined_gzip_are_all_read(
    dayfold: Callable[..., Result], deployment: Deployment, tmp_path: Path
) -> None:
    # Given two gzip files joined into one, as logrotate and cat make them; the second is cut off
    put(tmp_path / "dt=2004-05-19/whole.json.gz", ZIPPED + ZIPPED)
    cut = put(tmp_path / "dt=2004-05-20/cut.json.gz", ZIPPED + ZIPPED[:-9])
    # When
    whole = dayfold("land", "events", tmp_path / "dt=2004-05-19")
    refused = dayfold("land", "events", cut)
    # Then
    assert whole.code == 0
    assert "truncated" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Events!", "."], "'Events!' is no name of a raw table"),
        (["kpi.active_users", "."], "is no name of a raw table"),
        (["events", "nowhere"], "nowhere: no such file or folder"),
        (["events", "empty"], "no extracts in empty"),
    ],
)
def test_bad_arguments_are_one_line(
    dayfold: Callable[..., Result], project: Path, arguments: list[str], said: str
) -> None:
    # Given
    (project / "empty").mkdir()
    # When
    result = dayfold("land", *arguments)
    # Then
    assert result.code == 1
    assert said in result.err
    assert result.err.count("\n") == 1


def test_a_folder_of_several_tables_is_refused_with_the_right_one(
    dayfold: Callable[..., Result], deployment: Deployment, tmp_path: Path
) -> None:
    # Given the folder above the one that was meant
    put(tmp_path / "data/events/dt=2004-05-19/a.json", LINE)
    put(tmp_path / "data/users/dt=2004-05-19/b.json", LINE)
    # When
    result = dayfold("land", "events", tmp_path / "data")
    # Then
    assert f"did you mean {tmp_path / 'data/events'}?" in result.err
    assert keys(deployment) == []


def test_a_raw_table_that_no_query_reads_is_warned_about(
    dayfold: Callable[..., Result], deployment: Deployment, tmp_path: Path
) -> None:
    # Given
    file = put(tmp_path / "dt=2004-05-19/a.json", LINE)
    # When
    result = dayfold("land", "evnts", file)
    # Then
    assert result.code == 0
    assert "no query reads raw.evnts; they read raw.events" in result.err


def test_the_etag_of_a_large_file_is_that_of_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a file of two and a half parts
    monkeypatch.setattr("dayfold_cli.uploads.PART_SIZE", 4)
    file = put(tmp_path / "large", b"0123456789")
    # When
    etag = etag_of(file, 10)
    # Then it is S3's: the MD5 of the parts' MD5s, and their number
    assert etag.endswith("-3")
