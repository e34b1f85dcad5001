"""Objects' files are where the emulator keeps them, and files that are given away are moved."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import s3

from dayfold_local import quick_objects
from dayfold_local.athena.catalog.ports import FileBytes

parts = st.sampled_from(
    ["a", "b", "dt=2004-05-20", "", ".", "..", "x.tmp", "x.meta.json", "é" * 150]
)
keys = st.lists(parts, min_size=1, max_size=4).map("/".join).filter(bool)
THEIRS = (s3._key_disk_path, s3._other_key_disk_path, s3._plain_path_key, s3._ENCODED_KEYS_DIR)


@pytest.mark.parametrize(
    "path", ["a/file", "link/file", "a/to-file", "a/none", "none/none", "a/../b", "a/.", "a/", ""]
)
def test_a_path_is_resolved_as_the_system_does(tmp_path: Path, path: str) -> None:
    # Given folders and a file, and links to them
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "to-file").symlink_to(tmp_path / "a" / "file")
    asked = os.path.join(tmp_path, path)  # noqa: PTH118 - Path would drop the dots
    # When it is resolved twice
    resolved = [quick_objects.real_path(asked) for _ in range(2)]
    # Then both are the system's answer
    assert resolved == [os.path.realpath(asked)] * 2


@given(st.lists(keys, min_size=1, max_size=8))
def test_each_key_is_where_the_emulator_puts_it(written: list[str]) -> None:
    # Given a bucket, and the emulator's own ways
    place, other, _, _ = THEIRS
    places = quick_objects.Places(*THEIRS)
    with tempfile.TemporaryDirectory() as root:
        for key in written:
            # When a key is looked for, by both
            expected = place(root, key)
            assert expected is not None
            # Then both name the same file, and the same earlier one if there is any
            assert places.place(root, key) == expected
            others = [found(root, key, expected) for found in (other, places.other)]
            theirs, ours = (one if one and Path(one).is_file() else None for one in others)
            assert ours == theirs
            Path(expected).parent.mkdir(parents=True, exist_ok=True)
            Path(expected).touch()


def test_a_folder_that_is_a_link_is_the_emulators_to_judge(tmp_path: Path) -> None:
    # Given a folder in a bucket that leads out of it
    root, outside = tmp_path / "bucket", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    # When a key in it is looked for
    found = quick_objects.Places(*THEIRS).place(str(root), "link/key")
    # Then it is not outside
    assert found == THEIRS[0](str(root), "link/key")
    assert found is not None
    assert os.path.realpath(found).startswith(f"{root}/")


def test_a_file_that_is_given_away_is_moved(tmp_path: Path) -> None:
    # Given a file, and what is written otherwise
    (tmp_path / "made").write_bytes(b"rows")
    written: list[str] = []
    write = quick_objects.files_kept(
        lambda place, _data, *, text: written.append(f"{place} {text}")
    )
    # When it is written, and something else is
    write(str(tmp_path / "kept"), FileBytes.of(tmp_path / "made", is_alone=True))
    write("other", b"bytes", text=True)
    # Then it has moved, readable by its owner alone
    assert not (tmp_path / "made").exists()
    assert (tmp_path / "kept").read_bytes() == b"rows"
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600
    assert written == ["other True"]


def test_a_file_on_another_disk_is_written(tmp_path: Path) -> None:
    # Given a place to which nothing can be moved
    (tmp_path / "made").write_bytes(b"rows")
    written: list[bytes] = []

    def plainly(_place: str, data: bytes, *, text: bool) -> None:
        written.append(b"" if text else data)

    # When a file is given away
    body = FileBytes.of(tmp_path / "made", is_alone=True)
    quick_objects.files_kept(plainly)(str(tmp_path / "none" / "kept"), body)
    # Then its bytes are written
    assert written == [b"rows"]
