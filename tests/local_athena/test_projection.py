"""Partition projection: partitions that are worked out, not kept."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_athena.client import Client

ON = {"projection.enabled": "true"}


def projected(
    client: Client, name: str, keys: dict[str, str], files: list[str], **given: str
) -> dict[str, int]:
    """A table with these properties, and a file with its own name as `id` at each place."""
    parameters = {key.replace("__", "."): value for key, value in given.items()}
    client.table(
        name, {"id": "string"}, f"raw/{name}/", keys=keys, table_parameters={**ON, **parameters}
    )
    return {
        place: client.put_json(f"raw/{name}/{place}/a.json", [{"id": place}]) for place in files
    }


def test_dates_by_template(client: Client) -> None:
    # Given a table whose days are folders of their own form, one of them outside the range
    sizes = projected(
        client,
        "by_date",
        {"day": "string"},
        ["2020/01/30", "2020/01/31", "2020/02/01", "2019/12/31"],
        projection__day__type="date",
        projection__day__format="yyyy/MM/dd",
        projection__day__range="2020/01/01,NOW",
        storage__location__template=f"s3://{client.bucket}/raw/by_date/${{day}}",
    )

    # When a range of days is asked for, and when all are
    some = client.run("SELECT id, day FROM by_date WHERE day >= '2020/01/31' ORDER BY day")
    everything = client.rows("SELECT id FROM by_date ORDER BY id")

    # Then only those days are read, and those outside the range do not exist
    assert some.rows == [["2020/01/31", "2020/01/31"], ["2020/02/01", "2020/02/01"]]
    assert some.scanned == sizes["2020/01/31"] + sizes["2020/02/01"]
    assert everything == [["2020/01/30"], ["2020/01/31"], ["2020/02/01"]]


def test_months_back_from_now(client: Client) -> None:
    # Given a table of the last two months, and a file in this one and in one long ago
    this = dt.datetime.now(dt.UTC).strftime("%Y-%m")
    projected(
        client,
        "by_month",
        {"month": "string"},
        [f"month={this}", "month=2001-01"],
        projection__month__type="date",
        projection__month__format="yyyy-MM",
        projection__month__range="NOW-2MONTHS,NOW",
    )

    # When all of it is read
    rows = client.rows("SELECT month FROM by_month")

    # Then only the month in the range is there
    assert rows == [[this]]


def test_integers_and_enums_in_hives_folders(client: Client) -> None:
    # Given hours with leading zeros for two kinds
    projected(
        client,
        "by_hour",
        {"kind": "string", "hour": "int"},
        ["kind=a/hour=03", "kind=b/hour=06", "kind=c/hour=03", "kind=a/hour=04"],
        projection__kind__type="enum",
        projection__kind__values="a, b",
        projection__hour__type="integer",
        projection__hour__range="0,23",
        projection__hour__interval="3",
        projection__hour__digits="2",
    )

    # When they are read
    rows = client.rows("SELECT kind, hour, id FROM by_hour ORDER BY kind, hour")
    one = client.rows("SELECT id FROM by_hour WHERE kind = 'b' AND hour BETWEEN 5 AND 7")

    # Then the hours between the steps and the kind that is not listed are not there
    assert rows == [["a", "3", "kind=a/hour=03"], ["b", "6", "kind=b/hour=06"]]
    assert one == [["kind=b/hour=06"]]


def test_injected_values_have_to_be_given(client: Client) -> None:
    # Given a table with a folder for each user
    projected(
        client,
        "by_user",
        {"user": "string"},
        ["user=ann", "user=bob"],
        projection__user__type="injected",
    )

    # When some are asked for by name, and when nobody is
    rows = client.rows("SELECT id FROM by_user WHERE user IN ('ann', 'zoe')")
    failed = client.run("SELECT id FROM by_user WHERE user > 'a'")

    # Then those who are there answer, and a query that names nobody fails
    assert rows == [["user=ann"]]
    assert failed.reason is not None
    assert failed.reason.startswith("CONSTRAINT_VIOLATION: For the injected projected partition")


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"projection__k__type": "date"}, "missing the property projection.k.format"),
        ({"projection__k__type": "integer", "projection__k__range": "a,b"}, "not two integers"),
        ({"projection__k__type": "colour"}, "projection.k.type is 'colour'"),
        (
            {
                "projection__k__type": "enum",
                "projection__k__values": "a",
                "storage__location__template": "s3://x/y/",
            },
            "storage.location.template does not have ${k}",
        ),
    ],
)
def test_wrong_properties_are_named(client: Client, given: dict[str, str], what: str) -> None:
    # Given a table whose properties do not fit together
    name = f"wrong_{given['projection__k__type']}"
    projected(client, name, {"k": "string"}, [], **given)

    # When it is read
    failed = client.run(f"SELECT count(*) FROM {name}")

    # Then the failure names table and property
    assert failed.reason is not None
    assert failed.reason.startswith(f"INVALID_TABLE_PROPERTY: Table lake.{name}")
    assert what in failed.reason
