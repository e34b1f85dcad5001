"""Reading many items of the ledger by their keys, 100 by one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dayfold.adapters.aws import raise_if_throttled
from dayfold.adapters.items import from_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 100  # items that BatchGetItem takes


def get_items(
    dynamodb: DynamoDBClient, table_name: str, keys: Iterable[tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    """The items of some keys, as they are now; keys without an item are left out.

    Args:
        dynamodb: the client.
        table_name: the table.
        keys: `pk` and `sk` of each, none of them twice.

    Raises:
        ThrottledError: the table was busy; the same call again is harmless.
    """
    left: list[Any] = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
    while left:
        request: Any = {table_name: {"Keys": left[:BATCH], "ConsistentRead": True}}
        try:
            answer = dynamodb.batch_get_item(RequestItems=request)
        except ClientError as error:
            raise_if_throttled(error)
            raise
        yield from map(from_item, answer["Responses"].get(table_name, []))
        # What the answer had no room for is asked again, with the rest.
        refused: Any = answer.get("UnprocessedKeys", {}).get(table_name, {})
        left = [*refused.get("Keys", []), *left[BATCH:]]
