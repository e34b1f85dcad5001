"""Crawls on a real server: formats, tables and partitions, and only what is new."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_crawler.stack import DAY1, DAY2, DAY3, event, gz, json_lines, put_day

if TYPE_CHECKING:
    from tests.local_crawler.stack import Lake

TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"


def versions(lake: Lake, table: str = "events") -> tuple[str, list[Any]]:
    """Changes with any write to the table or a partition."""
    return lake.table(table)["VersionId"], list(lake.partitions(table).values())


def test_json_lines_become_tables_as_aws_writes_them(lake: Lake) -> None:
    # Given two tables' extracts, plain and gzipped
    put_day(lake, DAY1, event(1), event(2, amount=2.5))
    put_day(lake, DAY2, event(3))
    lake.put(f"users/dt={DAY1}/u.json", json_lines({"UserId": "007", "tags": ["a"]}))
    # When crawled
    crawl = lake.crawl()
    # Then the catalog holds what AWS's crawler would have written
    assert crawl["Status"] == "SUCCEEDED"
    assert lake.tables() == ["events", "users"]
    table = lake.table("events")
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["PartitionKeys"] == [{"Name": "dt", "Type": "string"}]
    assert lake.columns("events") == {"event_id": "string", "amount": "double"}
    assert lake.columns("users") == {"userid": "string", "tags": "array<string>"}
    storage = table["StorageDescriptor"]
    assert storage["Location"] == f"s3://{lake.name}/raw/events/"
    assert storage["InputFormat"] == TEXT_INPUT
    assert storage["SerdeInfo"] == {
        "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
        "Parameters": {"paths": "event_id,amount"},
    }
    assert (
        table["Parameters"].items()
        >= {
            "classification": "json",
            "compressionType": "gzip",
            "typeOfData": "file",
            "UPDATED_BY_CRAWLER": lake.name,
            "recordCount": "3",
            "objectCount": "2",
        }.items()
    )
    partition = lake.partitions("events")[DAY2]["StorageDescriptor"]
    assert partition["Location"] == f"s3://{lake.name}/raw/events/dt={DAY2}/"
    assert partition["Columns"] == storage["Columns"]
    assert partition["Parameters"]["recordCount"] == "1"
    assert lake.warnings(crawl) == []


@pytest.mark.parametrize("compress", [False, True])
def test_csv(lake: Lake, compress: bool) -> None:
    # Given CSV files with a header
    data = b"id,code,price\n1,007,2.5\n2,008,\n"
    lake.put(f"items/dt={DAY1}/items.csv{'.gz' * compress}", gz(data) if compress else data)
    # When crawled
    lake.crawl()
    # Then the header is skipped and the types are those of the values
    table = lake.table("items")
    assert lake.columns("items") == {"id": "bigint", "code": "string", "price": "double"}
    assert table["Parameters"]["skip.header.line.count"] == "1"
    assert table["Parameters"]["compressionType"] == ("gzip" if compress else "none")
    serde = table["StorageDescriptor"]["SerdeInfo"]
    assert serde["SerializationLibrary"].endswith("LazySimpleSerDe")
    assert serde["Parameters"]["field.delim"] == ","


def test_quoted_csv_is_read_with_the_serde_that_knows_quotes(lake: Lake) -> None:
    # Given quoted fields on one of two days
    lake.put(f"notes/dt={DAY1}/n.csv", b"id,note\n1,a\n")
    lake.put(f"notes/dt={DAY2}/n.csv", b'id,note\n2,"a, b"\n')
    # When crawled / Then the whole table is read as text
    lake.crawl()
    serde = lake.table("notes")["StorageDescriptor"]["SerdeInfo"]
    assert serde["SerializationLibrary"] == "org.apache.hadoop.hive.serde2.OpenCSVSerde"
    assert lake.columns("notes") == {"id": "string", "note": "string"}
    assert len(lake.partitions("notes")) == 2


def test_parquet(lake: Lake) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Given a Parquet file
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([1], pa.int32()), "at": ["x"]}), buffer)
    lake.put(f"facts/dt={DAY1}/part-0.parquet", buffer.getvalue())
    # When crawled / Then its own types are the table's
    lake.crawl()
    assert lake.columns("facts") == {"id": "int", "at": "string"}
    storage = lake.table("facts")["StorageDescriptor"]
    assert storage["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")
    assert storage["InputFormat"].endswith("MapredParquetInputFormat")


def test_a_table_without_partitions(lake: Lake) -> None:
    # Given a folder of files alone
    lake.put("countries/c.csv", b"code,people\nNO,5500000\nJP,124000000\n")
    lake.crawl()
    before = lake.table("countries")
    # When crawled again, with nothing new and with a new file
    lake.crawl()
    assert lake.table("countries") == before
    lake.put("countries/d.csv", b"code,people\nSE,10500000\n")
    lake.crawl()
    # Then only what is new is written
    assert before["PartitionKeys"] == []
    assert lake.table("countries")["Parameters"]["recordCount"] == "3"


def test_nothing_new_writes_nothing(lake: Lake) -> None:
    # Given a crawled lake
    put_day(lake, DAY1, event(1))
    lake.crawl()
    before = versions(lake)
    # When crawled again / Then nothing was touched
    crawl = lake.crawl()
    assert crawl["Status"] == "SUCCEEDED"
    assert versions(lake) == before


def test_only_new_and_changed_days_are_read(lake: Lake) -> None:
    # Given two crawled days
    put_day(lake, DAY1, event(1))
    put_day(lake, DAY2, event(2))
    lake.crawl()
    before = lake.partitions("events")
    # When a day comes and another gets a second file
    put_day(lake, DAY2, event(3), file="late.json.gz")
    put_day(lake, DAY3, event(4))
    lake.crawl()
    # Then the untouched day's partition is as it was
    after = lake.partitions("events")
    assert after[DAY1] == before[DAY1]
    assert after[DAY2]["StorageDescriptor"]["Parameters"]["objectCount"] == "2"
    assert DAY3 in after


def test_many_partitions_in_one_crawl(lake: Lake) -> None:
    # Given more days than one call can write
    for number in range(230):
        put_day(lake, f"2024-{number // 28 + 1:02}-{number % 28 + 1:02}", event(number))
    # When crawled / Then all are there
    assert lake.crawl()["Status"] == "SUCCEEDED"
    assert len(lake.partitions("events")) == 230
