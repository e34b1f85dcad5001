"""Transactions of the ledger: all of some writes, or none."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled
from dayfold.adapters.items import to_values
from dayfold.errors import ThrottledError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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


def update(
    table_name: str,
    key: Mapping[str, str],
    changes: Mapping[str, Any],
    condition: str,
    condition_values: Mapping[str, Any],
    *,
    judged: Collection[str],
    counts: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """An update of one item, under a condition, as a part of a transaction.

    Args:
        table_name: the table.
        key: the item's `pk` and `sk`.
        changes: attribute -> its new value; None takes it away.
        condition: an expression; `#name` in it stands for an attribute of `judged`.
        condition_values: what its `:name` stand for, by `:name`.
        judged: attributes that conditions name so.
        counts: attribute -> what is added to its number.
    """
    counts = counts or {}
    present = {name: value for name, value in changes.items() if value is not None}
    expression, names = _expression(
        tuple(present),
        tuple(name for name in changes if name not in present),
        tuple(counts),
        condition,
        tuple(judged),
    )
    values = {f":{name}": value for name, value in {**present, **counts}.items()}
    parts = {
        "TableName": table_name,
        "Key": to_values(key),
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": to_values({**values, **condition_values}),
    }
    return {"Update": {name: part for name, part in parts.items() if part}}


@functools.lru_cache(maxsize=100)
def _expression(
    present: tuple[str, ...],
    absent: tuple[str, ...],
    counts: tuple[str, ...],
    condition: str,
    judged: tuple[str, ...],
) -> tuple[str, dict[str, str]]:
    """The update's expression, and the names in it and the condition; a build's days share them."""
    clauses = []
    if present:
        clauses.append("SET " + ", ".join(f"#{name} = :{name}" for name in present))
    if absent:
        clauses.append("REMOVE " + ", ".join(f"#{name}" for name in absent))
    if counts:
        clauses.append("ADD " + ", ".join(f"#{name} :{name}" for name in counts))
    expression = " ".join(clauses)
    names = {f"#{name}": name for name in (*present, *absent, *counts, *judged)}
    # DynamoDB refuses names and values that no expression uses, and empty lists of them.
    text = f"{expression} {condition}"
    return expression, {alias: name for alias, name in names.items() if alias in text}
