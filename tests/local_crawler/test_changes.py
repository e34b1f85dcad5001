"""Crawls of extracts that change: columns, types, folders, and a person's own changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.local_crawler.stack import CONFIGURATION, DAY1, DAY2, event, json_lines, put_day

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_crawler.stack import Lake


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
