"""From keys to tables and partitions."""

from __future__ import annotations

import pytest

from dayfold_local.crawler.layout import S3Object, Target, arrange, glob_pattern

RAW = Target.parse("s3://lake/raw")


def objects(*keys: str) -> list[S3Object]:
    return [S3Object(key, 10, "e") for key in keys]


def test_one_table_per_folder_and_one_partition_per_value() -> None:
    # Given two tables' files
    listing = objects(
        "raw/events/dt=2024-01-02/b.json",
        "raw/events/dt=2024-01-01/a.json",
        "raw/events/dt=2024-01-01/c.json",
        "raw/Users-All/dt=2024-01-01/u.json",
    )
    # When arranged
    tables, strays = arrange(RAW, listing, "x_")
    # Then names are Athena's, and partitions are in order
    assert [table.name for table in tables] == ["x_events", "x_users_all"]
    assert tables[0].keys == ("dt",)
    assert list(tables[0].partitions) == [("2024-01-01",), ("2024-01-02",)]
    assert [it.key[-6:] for it in tables[0].partitions[("2024-01-01",)].objects] == [
        "a.json",
        "c.json",
    ]
    assert tables[0].partitions[("2024-01-02",)].prefix == "raw/events/dt=2024-01-02/"
    assert strays == []


@pytest.mark.parametrize(
    ("keys", "partition_keys"),
    [
        (["raw/t/a.json"], ()),
        (["raw/t/dt=1/hour=2/a.json"], ("dt", "hour")),
        (["raw/t/2024/01/a.json"], ("partition_0", "partition_1")),
        (["raw/t/DT=1/part/a.json"], ("dt", "partition_1")),
    ],
)
def test_every_level_of_folders_is_a_partition_key(
    keys: list[str], partition_keys: tuple[str, ...]
) -> None:
    (table,), _ = arrange(RAW, objects(*keys))
    assert table.keys == partition_keys


@pytest.mark.parametrize(
    "hidden", ["raw/t/", "raw/t/_SUCCESS", "raw/t/dt=1/.a.crc", "raw/t_$folder$"]
)
def test_what_athena_skips_is_skipped(hidden: str) -> None:
    tables, strays = arrange(RAW, objects(hidden))
    assert (tables, strays) == ([], [])


def test_files_out_of_place_are_named() -> None:
    # Given a file beside the folders of tables and one beside those of partitions
    listing = objects("raw/readme.txt", "raw/t/dt=1/a", "raw/t/dt=2/a", "raw/t/notes.txt")
    # When arranged
    (table,), strays = arrange(RAW, listing)
    # Then both are told of and left out
    assert len(table.partitions) == 2
    assert strays == [
        "raw/readme.txt: beside the tables' folders, so in no table",
        "raw/t/notes.txt: not laid out as the rest of the table (dt=...)",
    ]


@pytest.mark.parametrize("key", ["raw/events/dt=1/a.json", "raw/events/a.json"])
def test_a_target_may_be_a_table_itself(key: str) -> None:
    (table,), _ = arrange(Target.parse("s3://lake/raw/events/"), objects(key))
    assert (table.name, table.prefix) == ("events", "raw/events/")


def test_the_level_of_tables_can_be_given() -> None:
    # Given extracts one folder deeper, and the level that says so
    target = Target.parse("s3://lake/raw/", level=4)
    (one, two), _ = arrange(target, objects("raw/app/events/dt=1/a", "raw/app/users/dt=1/a"))
    assert (one.name, two.name) == ("events", "users")


def test_a_fingerprint_changes_with_every_object() -> None:
    # Given one partition
    first = arrange(RAW, objects("raw/t/dt=1/a"))[0][0].partitions[("1",)].fingerprint
    # When a file comes, changes or goes / Then the fingerprint is another
    for listing in (
        objects("raw/t/dt=1/a", "raw/t/dt=1/b"),
        [S3Object("raw/t/dt=1/a", 11, "e")],
        [S3Object("raw/t/dt=1/a", 10, "f")],
        objects("raw/t/dt=1/b"),
    ):
        assert arrange(RAW, listing)[0][0].partitions[("1",)].fingerprint != first


@pytest.mark.parametrize(
    ("glob", "matches", "differs"),
    [
        ("*.csv", ["a.csv"], ["a/b.csv", "a.json"]),
        ("**.csv", ["a.csv", "a/b.csv"], ["a.json"]),
        ("events/**", ["events/dt=1/a"], ["users/dt=1/a"]),
        ("?.json", ["a.json"], ["ab.json", "/.json"]),
        ("[a-c].json", ["b.json"], ["d.json"]),
        ("[!a-c].json", ["d.json"], ["b.json"]),
        ("*.{csv,tsv}", ["a.csv", "a.tsv"], ["a.json"]),
        (r"\*.json", ["*.json"], ["a.json"]),
        ("a+b(c).json", ["a+b(c).json"], ["aab(c).json"]),
        ("{a", ["{a"], ["a"]),
    ],
)
def test_exclusions(glob: str, matches: list[str], differs: list[str]) -> None:
    pattern = glob_pattern(glob)
    assert all(pattern.fullmatch(text) for text in matches)
    assert not any(pattern.fullmatch(text) for text in differs)


def test_excluded_files_are_in_no_table() -> None:
    target = Target.parse("s3://lake/raw/", exclusions=("tmp/**", "**.bak"))
    tables, strays = arrange(target, objects("raw/tmp/x/a", "raw/t/dt=1/a.bak", "raw/t/dt=1/a"))
    assert [table.name for table in tables] == ["t"]
    assert len(tables[0].partitions[("1",)].objects) == 1
    assert strays == []
