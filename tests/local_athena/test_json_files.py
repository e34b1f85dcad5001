"""JSON lines in the wild: keys in any case, renamed, with dots; malformed lines; several files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.local_athena.client import Client

COLUMNS = {"id": "string", "n": "bigint", "who": "struct<name:string,tags:array<struct<k:int>>>"}


def test_keys_in_any_case_at_any_depth_in_every_file(client: Client) -> None:
    # Given three files that write the same keys differently, one of them in two ways
    client.table("any_case", COLUMNS, "raw/any_case/")
    client.put("raw/any_case/a.json", b'{"ID":"a","n":1,"Who":{"Name":"x","Tags":[{"K":1}]}}\n')
    client.put("raw/any_case/b.json", b'{"id":"b","N":2,"who":{"name":"y","tags":[{"k":2}]}}\n')
    client.put(
        "raw/any_case/c.json",
        b'{"Id":"c","n":3}\n{"iD":"d","N":4,"WHO":{"nAME":"z","TAGS":[{"K":5}]}}\n',
    )

    # When they are read together
    rows = client.rows("SELECT id, n, who.name, who.tags, \"$path\" LIKE '%c.json' FROM any_case")

    # Then no value is lost
    assert sorted(rows, key=str) == [
        ["a", "1", "x", "[{k=1}]", "false"],
        ["b", "2", "y", "[{k=2}]", "false"],
        ["c", "3", None, None, "true"],
        ["d", "4", "z", "[{k=5}]", "true"],
    ]


def test_case_counts_when_the_serde_says_so(client: Client) -> None:
    # Given a table whose serde minds the case of keys
    client.table(
        "own_case", {"id": "string"}, "raw/own_case/", parameters={"case.insensitive": "FALSE"}
    )
    client.put("raw/own_case/a.json", b'{"ID":"upper"}\n{"id":"lower"}\n')

    # When it is read
    # Then only the key in the column's own letters counts
    assert client.rows("SELECT id FROM own_case ORDER BY id") == [["lower"], [None]]


def test_keys_are_renamed(client: Client) -> None:
    # Given a table whose columns stand for keys of other names, and keys with dots
    client.table(
        "renamed",
        {"day": "string", "user_id": "bigint"},
        "raw/renamed/",
        parameters={"mapping.day": "@timestamp", "dots.in.keys": "true"},
    )
    client.put("raw/renamed/a.json", b'{"@timestamp":"2020-01-01","user.id":7}\n')

    # When it is read
    # Then both are found
    assert client.rows("SELECT day, user_id FROM renamed") == [["2020-01-01", "7"]]


def test_malformed_lines_are_rows_of_nulls_on_request(client: Client) -> None:
    # Given the same malformed line in a strict and in a lenient table, and a text in a number
    body = b'{"id":"a","n":1}\n{"id": \n{"id":"b","n":"2","who":{"name":"z","tags":[{"k":9}]}}\n'
    client.table("strict_json", COLUMNS, "raw/strict_json/")
    client.put("raw/strict_json/a.json", body)
    lenient = {"ignore.malformed.json": "true"}
    client.table("lenient_json", COLUMNS, "raw/lenient_json/", parameters=lenient)
    client.put("raw/lenient_json/a.json", body)
    client.table("lenient_bad", COLUMNS, "raw/lenient_bad/", parameters=lenient)
    client.put("raw/lenient_bad/a.json", b'{"n":"many"}\n')

    # When they are read
    failed = client.run("SELECT id FROM strict_json")
    rows = client.rows("SELECT id, n, who FROM lenient_json")
    bad = client.run("SELECT n FROM lenient_bad")

    # Then the lenient one has a row of NULLs for it; a value of another type is no malformed line
    assert failed.reason is not None
    assert failed.reason.startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")
    assert rows == [
        ["a", "1", None],
        [None, None, None],
        ["b", "2", "{name=z, tags=[{k=9}]}"],
    ]
    assert bad.reason is not None
    assert bad.reason.startswith("HIVE_BAD_DATA: Error parsing field value 'many'")


def test_wide_decimals_keep_every_digit(client: Client) -> None:
    # Given decimals with more digits than a double has, as numbers and as a text, some absent
    columns = {"id": "int", "amount": "decimal(38,10)", "small": "decimal(9,2)"}
    client.table("wide", columns, "raw/wide/")
    client.put(
        "raw/wide/a.json",
        b'{"id":1,"amount":9999999999999999999999999999.9999999999,"small":1.5}\n'
        b'{"id":2,"Amount":-123456789.1234567890 , "small":0.1}\n'
        b'{"id":3,"amount":"123456789012345.6789"}\n{"id":4,"amount":null}\n{"id":5}\n'
        b'{"id":6,"amount":-1E-10}\n',
    )
    # When
    rows = client.rows("SELECT id, amount, small FROM wide ORDER BY id")
    # Then
    assert rows == [
        ["1", "9999999999999999999999999999.9999999999", "1.50"],
        ["2", "-123456789.1234567890", "0.10"],
        ["3", "123456789012345.6789000000", None],
        ["4", None, None],
        ["5", None, None],
        ["6", "-0.0000000001", None],
    ]


def test_a_wide_decimal_whose_key_stands_twice_is_refused(client: Client) -> None:
    # Given a document that has the key of a wide decimal at two depths
    client.table("twice", {"amount": "decimal(20,4)"}, "raw/twice/")
    client.put("raw/twice/a.json", b'{"amount":1.5,"other":{"amount":2.5}}\n')
    # When
    ran = client.run("SELECT amount FROM twice")
    # Then it is not guessed which is meant
    assert ran.reason is not None
    assert ran.reason.startswith("NOT_SUPPORTED: the local Athena reads decimal(20,4) from JSON")


def test_bytes_are_letters_in_hives_serde_and_base64_in_openxs(client: Client) -> None:
    # Given the same file under both serdes
    hive = "org.apache.hive.hcatalog.data.JsonSerDe"
    client.table("openx_bytes", {"b": "binary"}, "raw/bytes/")
    client.table("hive_bytes", {"b": "binary"}, "raw/bytes/", hive)
    client.put("raw/bytes/a.json", b'{"b":"YWJj"}\n')
    # When
    found = [client.rows(f"SELECT to_hex(b) FROM {name}_bytes") for name in ("openx", "hive")]
    # Then
    assert found == [[["616263"]], [["59574A6A"]]]


def test_an_empty_key_of_a_map_is_a_key(client: Client) -> None:
    # Given a map with an empty key and one with marks of a path, read document by document
    columns = {"m": "map<string,int>", "amount": "decimal(20,2)"}
    client.table("keys", columns, "raw/keys/")
    client.put("raw/keys/a.json", b'{"m":{"":1,"a/b":2,"c~d.e":3},"amount":1}\n')
    # When
    rows = client.rows("SELECT m[''], m['a/b'], m['c~d.e'], amount FROM keys")
    # Then
    assert rows == [["1", "2", "3", "1.00"]]
