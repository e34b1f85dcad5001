"""Crawls of extracts that are bad: named in one line each, and the rest goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.local_crawler.stack import DAY1, DAY2, DAY3, event, gz, json_lines, put_day

if TYPE_CHECKING:
    from tests.local_crawler.stack import Lake


def test_broken_files_are_named_and_the_rest_goes_on(lake: Lake) -> None:
    # Given a good day, days with one bad file beside a good one, and days with bad files alone
    good = gz(json_lines(*(event(number) for number in range(500))))
    put_day(lake, DAY1, event(1))
    lake.put(f"events/dt={DAY2}/good.json.gz", good)
    lake.put(f"events/dt={DAY2}/cut.json.gz", good[: len(good) // 2])
    lake.put(f"events/dt={DAY2}/empty.json", b"")
    lake.put(f"events/dt={DAY3}/rubbish.json", bytes(range(256)))
    lake.put("events/dt=2024-01-04/half.json", json_lines(event(1)) + b'{"event_id": "e2", "am')
    # When crawled
    crawl = lake.crawl()
    # Then the crawl succeeds, names each bad file once, and keeps the days that have rows
    assert crawl["Status"] == "SUCCEEDED"
    warnings = lake.warnings(crawl)
    assert warnings == [
        f"raw/events/dt={DAY2}/cut.json.gz: the gzip file is truncated",
        f"raw/events/dt={DAY2}/empty.json: the file is empty",
        f"raw/events/dt={DAY3}/rubbish.json: neither text in UTF-8 nor Parquet",
        "raw/events/dt=2024-01-04/half.json: line 2 ends in half a JSON object",
    ]
    assert list(lake.partitions("events")) == [DAY1, DAY2, "2024-01-04"]
    # And says so again while they lie there, and no more once they are replaced
    assert sorted(lake.warnings(lake.crawl())) == sorted(warnings)
    for key in (f"dt={DAY2}/cut.json.gz", f"dt={DAY3}/rubbish.json"):
        lake.s3.delete_object(Bucket=lake.name, Key=f"raw/events/{key}")
    put_day(lake, DAY2, event(5), file="empty.json.gz")
    lake.s3.delete_object(Bucket=lake.name, Key=f"raw/events/dt={DAY2}/empty.json")
    put_day(lake, "2024-01-04", event(6))
    lake.s3.delete_object(Bucket=lake.name, Key="raw/events/dt=2024-01-04/half.json")
    assert lake.warnings(lake.crawl()) == []


def test_a_file_of_another_format_is_reported(lake: Lake) -> None:
    # Given JSON lines, and CSV among them
    put_day(lake, DAY1, event(1))
    lake.put(f"events/dt={DAY1}/b.csv", b"id,name\n1,a\n")
    # When crawled / Then the JSON is catalogued and the CSV named
    assert lake.warnings(lake.crawl()) == [
        f"raw/events/dt={DAY1}/b.csv: CSV in a table of JSON lines"
    ]
    assert list(lake.partitions("events")) == [DAY1]


def test_csv_whose_columns_moved_is_left_out(lake: Lake) -> None:
    # Given a CSV table / When a day comes with its columns in another order
    lake.put(f"items/dt={DAY1}/i.csv", b"id,price\n1,2.5\n")
    lake.crawl()
    lake.put(f"items/dt={DAY2}/i.csv", b"price,id\n2.5,1\n")
    crawl = lake.crawl()
    # Then it is not catalogued, since its values would be read as the wrong columns
    assert list(lake.partitions("items")) == [DAY1]
    (warning,) = lake.warnings(crawl)
    assert warning.startswith(f"raw/items/dt={DAY2}/i.csv: column 1 is price, not id, and CSV")
    assert warning.endswith(f"dt={DAY2} is left out")


def test_no_extracts_at_all(lake: Lake) -> None:
    # Given an empty bucket / When crawled / Then the crawl succeeds and says what it saw
    crawl = lake.crawl()
    assert crawl["Status"] == "SUCCEEDED"
    assert lake.tables() == []
    assert lake.warnings(crawl) == [f"s3://{lake.name}/raw/: no extracts here"]


def test_a_table_of_that_name_elsewhere_is_left_alone(lake: Lake) -> None:
    # Given somebody's table of the same name
    lake.glue.create_table(
        DatabaseName=lake.database,
        TableInput={"Name": "events", "StorageDescriptor": {"Location": "s3://other/events/"}},
    )
    put_day(lake, DAY1, event(1))
    # When crawled / Then it is told of, and not touched
    (warning,) = lake.warnings(lake.crawl())
    assert "a table of that name is at s3://other/events/; left alone" in warning
    assert lake.partitions("events") == {}


def test_a_column_named_as_the_partition_key_is_hidden(lake: Lake) -> None:
    # Given files with a column dt in folders dt= / When crawled / Then there is one dt only
    put_day(lake, DAY1, event(1, dt=DAY1))
    (warning,) = lake.warnings(lake.crawl())
    assert "column dt in the files is hidden by the partition key" in warning
    assert "dt" not in lake.columns("events")
