"""Crawls on a real server: formats, tables and partitions, increments, changes, bad files."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_crawler.stack import CONFIGURATION, gz, json_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_crawler.stack import Lake

TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
DAY1, DAY2, DAY3 = "2024-01-01", "2024-01-02", "2024-01-03"


def event(number: int, **more: Any) -> dict[str, Any]:
    return {"event_id": f"e{number}", "amount": number, **more}


def put_day(lake: Lake, day: str, *rows: dict[str, Any], file: str = "a.json.gz") -> str:
    lake.put(f"events/dt={day}/{file}", gz(json_lines(*rows)))
    return f"raw/events/dt={day}/{file}"


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


def test_a_new_column_comes_last_and_everywhere(lake: Lake) -> None:
    # Given a crawled day
    put_day(lake, DAY1, event(1))
    lake.crawl()
    # When the next day has one more column
    put_day(lake, DAY2, {"device": "phone", **event(2)})
    crawl = lake.crawl()
    # Then it is the last of the table and of every partition, so that old days read as NULL
    assert lake.columns("events") == {"event_id": "string", "amount": "bigint", "device": "string"}
    for partition in lake.partitions("events").values():
        assert len(partition["StorageDescriptor"]["Columns"]) == 3
    assert lake.warnings(crawl) == []
    assert lake.table("events")["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {
        "paths": "event_id,amount,device"
    }


def test_a_vanished_column_stays_and_is_reported(lake: Lake) -> None:
    # Given a crawled day / When the next one lacks a column
    put_day(lake, DAY1, event(1, group_id="g"))
    lake.crawl()
    put_day(lake, DAY2, event(2))
    crawl = lake.crawl()
    # Then the table keeps it and one line says where it is missing
    assert "group_id" in lake.columns("events")
    assert lake.warnings(crawl) == [
        f"{lake.database}.events: column group_id is missing in dt={DAY2}: kept, and NULL there"
    ]


def test_a_text_where_a_number_was_is_reported_and_the_type_kept(lake: Lake) -> None:
    # Given a column of numbers / When text comes
    put_day(lake, DAY1, event(1))
    lake.crawl()
    put_day(lake, DAY2, event(2, amount="many"))
    crawl = lake.crawl()
    # Then the table's type stays, the day is there, and one line warns
    assert lake.columns("events")["amount"] == "bigint"
    assert DAY2 in lake.partitions("events")
    (warning,) = lake.warnings(crawl)
    assert f"column amount is bigint in the table and string in dt={DAY2}" in warning


def test_a_type_widens_where_old_and_new_files_can_be_read(lake: Lake) -> None:
    # Given a column of whole numbers / When a fraction comes / Then it is a double, without fuss
    put_day(lake, DAY1, event(1))
    lake.crawl()
    put_day(lake, DAY2, event(2, amount=0.5))
    crawl = lake.crawl()
    assert lake.columns("events")["amount"] == "double"
    assert lake.warnings(crawl) == []


def test_mixed_days_in_a_first_crawl_become_text(lake: Lake) -> None:
    # Given days that disagree / When crawled at once / Then nothing is lost, and one line tells
    put_day(lake, DAY1, event(1))
    put_day(lake, DAY2, event(2, amount="many"))
    crawl = lake.crawl()
    assert lake.columns("events")["amount"] == "string"
    (warning,) = lake.warnings(crawl)
    assert f"bigint in dt={DAY1} and string in dt={DAY2}" in warning


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


def test_vanished_folders_are_only_reported(lake: Lake) -> None:
    # Given two tables, crawled / When a day of one and all of the other are deleted
    put_day(lake, DAY1, event(1))
    put_day(lake, DAY2, event(2))
    lake.put("users/u.json", json_lines({"id": 1}))
    lake.crawl()
    lake.s3.delete_object(Bucket=lake.name, Key=f"raw/events/dt={DAY1}/a.json.gz")
    lake.s3.delete_object(Bucket=lake.name, Key="raw/users/u.json")
    crawl = lake.crawl()
    # Then the catalog still has them, and both are told of
    assert list(lake.partitions("events")) == [DAY1, DAY2]
    assert lake.warnings(crawl) == [
        f"{lake.database}.events: no files any more in dt={DAY1}; still in the catalog",
        f"{lake.database}.users: no files any more; still in the catalog",
    ]


def test_vanished_folders_are_deleted_if_so_asked(make_lake: Callable[..., Lake]) -> None:
    # Given a crawler that deletes / When a day and a table vanish / Then they are gone
    lake = make_lake(SchemaChangePolicy={"DeleteBehavior": "DELETE_FROM_DATABASE"})
    put_day(lake, DAY1, event(1))
    put_day(lake, DAY2, event(2))
    lake.put("users/u.json", json_lines({"id": 1}))
    lake.crawl()
    lake.s3.delete_object(Bucket=lake.name, Key=f"raw/events/dt={DAY1}/a.json.gz")
    lake.s3.delete_object(Bucket=lake.name, Key="raw/users/u.json")
    lake.crawl()
    assert lake.tables() == ["events"]
    assert list(lake.partitions("events")) == [DAY2]


def test_new_folders_only(make_lake: Callable[..., Lake]) -> None:
    # Given a crawler that looks at new folders only
    lake = make_lake(
        RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
    )
    put_day(lake, DAY1, event(1))
    lake.crawl()
    before = lake.partitions("events")
    # When a known folder changes and a new one has a new column
    put_day(lake, DAY1, event(2), file="late.json.gz")
    put_day(lake, DAY2, event(3, device="phone"))
    crawl = lake.crawl()
    # Then the new one is added, and nothing else changes
    after = lake.partitions("events")
    assert after[DAY1] == before[DAY1]
    assert DAY2 in after
    assert "device" not in lake.columns("events")
    assert "UpdateBehavior LOG" in lake.warnings(crawl)[0]


def test_partitions_keep_their_own_columns_unless_they_inherit(
    make_lake: Callable[..., Lake],
) -> None:
    # Given a crawler without InheritFromTable, and with a prefix and an exclusion
    lake = make_lake(
        Configuration=json.dumps({**CONFIGURATION, "CrawlerOutput": {}}), TablePrefix="raw_"
    )
    lake.glue.update_crawler(
        Name=lake.name,
        Targets={"S3Targets": [{"Path": f"s3://{lake.name}/raw/", "Exclusions": ["tmp/**"]}]},
    )
    put_day(lake, DAY1, event(1))
    put_day(lake, DAY2, event(2, device="phone"))
    lake.put("tmp/x.json", json_lines({"a": 1}))
    # When crawled
    lake.crawl()
    # Then each partition has the columns of its files
    assert lake.tables() == ["raw_events"]
    sizes = {
        day: len(partition["StorageDescriptor"]["Columns"])
        for day, partition in lake.partitions("raw_events").items()
    }
    assert sizes == {DAY1: 2, DAY2: 3}


def test_a_persons_changes_to_the_table_stay(lake: Lake) -> None:
    # Given a crawled table to which a person gave a comment and a type
    put_day(lake, DAY1, event(1, at="2024-01-01 10:00:00"))
    lake.crawl()
    table = lake.table("events")
    storage = table["StorageDescriptor"]
    storage["Columns"][0]["Comment"] = "unique"
    storage["Columns"][2]["Type"] = "timestamp"
    lake.glue.update_table(
        DatabaseName=lake.database,
        TableInput={
            "Name": "events",
            "StorageDescriptor": storage,
            "PartitionKeys": table["PartitionKeys"],
            "Parameters": {**table["Parameters"], "owner": "analytics"},
        },
    )
    # When new columns come
    put_day(lake, DAY2, event(2, at="2024-01-02 10:00:00", device="phone"))
    crawl = lake.crawl()
    # Then both are still there
    found = lake.table("events")
    assert found["StorageDescriptor"]["Columns"][0]["Comment"] == "unique"
    assert lake.columns("events")["at"] == "timestamp"
    assert found["Parameters"]["owner"] == "analytics"
    assert lake.warnings(crawl) == []


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


def test_many_partitions_in_one_crawl(lake: Lake) -> None:
    # Given more days than one call can write
    for number in range(230):
        put_day(lake, f"2024-{number // 28 + 1:02}-{number % 28 + 1:02}", event(number))
    # When crawled / Then all are there
    assert lake.crawl()["Status"] == "SUCCEEDED"
    assert len(lake.partitions("events")) == 230
