"""Transactions of the ledger: all of some writes, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled
from dayfold.errors import ThrottledError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient


def transact(dynamodb: DynamoDBClient, writes: Sequence[dict[str, Any]]) -> bool:
    """Write all, or none; at most 100 items.

    Returns:
        False if the condition of one of them did not hold.

    Raises:
        ThrottledError: the table was busy; the same call again is harmless.
    """
    try:
        dynamodb.transact_write_items(TransactItems=writes)  # type: ignore[arg-type]
    except ClientError as error:
        raise_if_throttled(error)
        if error_code(error) != "TransactionCanceledException":
            raise
        reasons = [one.get("Code") for one in error.response.get("CancellationReasons", [])]
        if "ConditionalCheckFailed" in reasons:
            return False
        raise ThrottledError(f"the ledger was busy: {', '.join(map(str, reasons))}") from error
    return True
