"""CSV in the wild: both serdes, escapes, dates, values that are no numbers."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.local_athena.client import Client

EVENT = {"id": "string", "n": "bigint"}
# quotes doubled, and quotes and a backslash escaped
OPENED = b'id,n,d\n"a, ""q""","1","18263"\n"b \\"c\\" \\\\","2","18264"\n'


def test_csv_of_both_serdes(client: Client) -> None:
    # Given the same rows as LazySimple and as OpenCSV, with a header, gzip, short and long lines
    serdes = "org.apache.hadoop.hive.serde2."
    skip = {"skip.header.line.count": "1"}
    columns = {"id": "string", "n": "bigint", "d": "date"}
    client.table(
        "lazy",
        columns,
        "raw/lazy/",
        f"{serdes}lazy.LazySimpleSerDe",
        None,
        {"field.delim": ","},
        skip,
    )
    client.put(
        "raw/lazy/a.csv.gz",
        gzip.compress(b"id,n,d\na,1,2020-01-02\n\\N,,\nb,2\nc,3,2020-01-03,extra\n"),
    )
    client.table("opened", columns, "raw/opened/", f"{serdes}OpenCSVSerde", None, {}, skip)
    client.put(
        "raw/opened/a.csv", b'id,n,d\n"a, ""q""","1","18263"\n"b \\"c\\" \\\\","2","18264"\n'
    )

    # When they are read
    lazy = client.rows("SELECT * FROM lazy")
    opened = client.rows("SELECT * FROM opened")

    # Then
    assert lazy == [
        ["a", "1", "2020-01-02"],
        [None, None, None],
        ["b", "2", None],
        ["c", "3", "2020-01-03"],
    ]
    assert opened == [['a, "q"', "1", "2020-01-02"], ['b "c" \\', "2", "2020-01-03"]]


def test_opencsv_takes_dates_as_numbers_only(client: Client) -> None:
    # Given a CSV with a date in words and a number that is empty
    serde = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
    columns = {"d": "date", "t": "timestamp", "n": "bigint"}
    client.table("opened_dates", columns, "raw/opened_dates/", serde)
    client.put("raw/opened_dates/a.csv", b"2020-01-02,1577934245678,\n")

    # When each column is read
    day = client.run("SELECT d FROM opened_dates")
    moment = client.rows("SELECT t FROM opened_dates")
    number = client.run("SELECT n FROM opened_dates")

    # Then the serde knows days and milliseconds since 1970, and no empty number
    assert day.reason is not None
    assert day.reason.startswith(
        "HIVE_BAD_DATA: Error parsing field value '2020-01-02' for field 0"
    )
    assert moment == [["2020-01-02 03:04:05.678"]]
    assert number.reason is not None
    assert number.reason.startswith("HIVE_BAD_DATA: Error parsing field value '' for field 2")


def test_csv_with_a_text_in_a_number(client: Client) -> None:
    # Given a CSV with a word in a bigint column
    serde = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
    client.table("lazy_bad", EVENT, "raw/lazy_bad/", serde, None, {"field.delim": ","})
    client.put("raw/lazy_bad/a.csv", b"a,many\n")

    # When it is read
    failed = client.run("SELECT n FROM lazy_bad")

    # Then
    assert failed.reason is not None
    assert failed.reason.startswith("HIVE_BAD_DATA: Error parsing field value 'many' for field 1")


def test_an_empty_field_is_an_empty_collection_and_no_number(client: Client) -> None:
    # Given a text file whose fields are empty, then Hive's NULL, as a Trino server writes them
    columns = {"a": "array<int>", "m": "map<string,int>", "b": "binary", "n": "int"}
    serde = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
    client.table("nothing", columns, "raw/nothing/", serde)
    client.put("raw/nothing/a.txt", b"\x01\x01\x01\n\\N\x01\\N\x01\\N\x01\\N\n")
    # When
    rows = client.rows("SELECT cardinality(a), cardinality(m), length(b), n FROM nothing")
    # Then
    assert rows == [["0", "0", "0", None], [None, None, None, None]]
