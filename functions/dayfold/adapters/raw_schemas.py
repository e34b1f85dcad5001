"""What is known of the extracts' columns, in the ledger: `RAW#<table>` / `SCHEMA`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled
from dayfold.adapters.items import from_item, read_record, record_item, to_values
from dayfold.domain.raw_schemas import RawSchema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SK = "SCHEMA"


class RawSchemas:
    """Reads and writes the schemas of one ledger table."""

    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def get(self, table: str) -> RawSchema | None:
        """What is known of a raw table."""
        answer = self._dynamodb.query(
            TableName=self._table_name,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk = :sk",
            ExpressionAttributeValues={":pk": {"S": f"RAW#{table}"}, ":sk": {"S": _SK}},
        )
        return next((read_record(RawSchema, from_item(one)) for one in answer["Items"]), None)

    def put(self, schema: RawSchema, *, seen: RawSchema | None) -> bool:
        """Write what is known now over what was seen; False if somebody was first."""
        item = to_values({"pk": f"RAW#{schema.table}", "sk": _SK, **record_item(schema)})
        condition, values = "attribute_not_exists(pk)", {}
        if seen is not None:
            condition = "fingerprint = :seen"
            values = {"ExpressionAttributeValues": {":seen": {"S": seen.fingerprint}}}
        try:
            self._dynamodb.put_item(
                TableName=self._table_name,
                Item=item,
                ConditionExpression=condition,
                **values,  # type: ignore[arg-type]
            )
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True
