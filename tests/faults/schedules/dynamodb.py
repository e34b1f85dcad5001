"""DynamoDB in memory: conditions, transactions with their tokens, pages, a lagging index."""

# ruff: noqa: N803 - the names of arguments are the API's

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.faults.schedules.expressions import Item, condition, plain, update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TOKEN_SECONDS = 600  # for how long a transaction's token makes it one and the same
_INDEX_KEYS = {"runs": ("gsi1pk", "gsi1sk")}
_MOST_WRITES = 100


def _refusal(code: str, operation: str, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": f"{operation}: {code}"}, **more}
    return ClientError(response, operation)


class FakeDynamoDB:
    """One table with keys `pk` and `sk` and the index `runs`."""

    def __init__(self, clock: Callable[[], float], page: int = 1_000) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self.before: deque[dict[tuple[str, str], Item]] = deque(maxlen=6)  # what an index may show
        self.stale_index = 0  # how many writes an index lags behind, for one query
        self.version = 0
        self._tokens: dict[str, float] = {}
        self._clock = clock
        self._page = page

    # --- Reading --------------------------------------------------------------------------

    def get_item(self, *, Key: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        item = self.items.get(_key(Key))
        return {} if item is None else {"Item": dict(item)}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        answer = {}
        for table, asked in RequestItems.items():
            found = (self.items.get(_key(key)) for key in asked["Keys"])
            answer[table] = [dict(item) for item in found if item is not None]
        return {"Responses": answer, "UnprocessedKeys": {}}

    def query(
        self,
        *,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Mapping[str, Any],
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        IndexName: str | None = None,
        ScanIndexForward: bool = True,
        Limit: int | None = None,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
        FilterExpression: str | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        pk, sk = _INDEX_KEYS[IndexName] if IndexName else ("pk", "sk")
        items = self._seen(IndexName)
        names = ExpressionAttributeNames or {}
        wanted = condition(KeyConditionExpression)
        found = [
            item
            for item in items.values()
            if pk in item and sk in item and wanted(item, names, ExpressionAttributeValues)
        ]
        found.sort(key=lambda item: (plain(item[sk]), plain(item["pk"])))
        if not ScanIndexForward:
            found.reverse()
        if ExclusiveStartKey is not None:
            start = _key(ExclusiveStartKey)
            keys = [_key(item) for item in found]
            found = found[keys.index(start) + 1 :] if start in keys else []
        answer = self._answer(found, min(Limit or self._page, self._page), {"pk", "sk", pk, sk})
        if FilterExpression:
            kept = condition(FilterExpression)
            answer["Items"] = [
                one for one in answer["Items"] if kept(one, names, ExpressionAttributeValues)
            ]
        return answer

    @staticmethod
    def _answer(found: list[Item], most: int, keys: set[str]) -> dict[str, Any]:
        """A page of what was found, and where the next begins."""
        answer: dict[str, Any] = {"Items": [dict(item) for item in found[:most]]}
        if len(found) > most:
            answer["LastEvaluatedKey"] = {name: found[most - 1][name] for name in keys}
        return answer

    def _seen(self, index: str | None) -> dict[tuple[str, str], Item]:
        """The items, as a lagging index may still show them."""
        if index is None or not self.stale_index or not self.before:
            return self.items
        lag = min(self.stale_index, len(self.before))
        self.stale_index = 0
        return self.before[-lag]

    # --- Writing --------------------------------------------------------------------------

    def put_item(self, *, Item: Item, **more: Any) -> dict[str, Any]:
        return self._write_one("PutItem", {"Put": {"Item": Item, **more}})

    def update_item(self, **write: Any) -> dict[str, Any]:
        return self._write_one("UpdateItem", {"Update": write})

    def delete_item(self, **write: Any) -> dict[str, Any]:
        return self._write_one("DeleteItem", {"Delete": write})

    def _write_one(self, operation: str, write: dict[str, Any]) -> dict[str, Any]:
        ((kind, body),) = write.items()
        if not self._holds(body, _key_of(kind, body)):
            raise _refusal("ConditionalCheckFailedException", operation)
        self._commit([(kind, body)])
        return {}

    def transact_write_items(
        self, *, TransactItems: list[dict[str, Any]], ClientRequestToken: str = "", **_: Any
    ) -> dict[str, Any]:
        if ClientRequestToken and self._tokens.get(ClientRequestToken, 0.0) > self._clock():
            return {}
        writes = [next(iter(one.items())) for one in TransactItems]
        keys = [_key_of(kind, body) for kind, body in writes]
        if len(writes) > _MOST_WRITES or len(set(keys)) < len(keys) or not writes:
            raise _refusal("ValidationException", "TransactWriteItems")
        holds = [self._holds(body, key) for (_, body), key in zip(writes, keys, strict=True)]
        if not all(holds):
            reasons = [{"Code": "None" if one else "ConditionalCheckFailed"} for one in holds]
            raise _refusal(
                "TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons
            )
        self._commit(writes)
        if ClientRequestToken:
            self._tokens[ClientRequestToken] = self._clock() + _TOKEN_SECONDS
        return {}

    def _holds(self, body: Mapping[str, Any], key: tuple[str, str]) -> bool:
        text = body.get("ConditionExpression")
        names = body.get("ExpressionAttributeNames", {})
        values = body.get("ExpressionAttributeValues", {})
        _refuse_unused(body, names, values)
        return text is None or condition(text)(self.items.get(key, {}), names, values)

    def _commit(self, writes: list[tuple[str, Any]]) -> None:
        self.before.append(dict(self.items))
        self.version += 1
        for kind, body in writes:
            key = _key_of(kind, body)
            if kind == "Put":
                self.items[key] = dict(body["Item"])
            elif kind == "Delete":
                self.items.pop(key, None)
            elif kind == "Update":
                item = self.items.get(key, dict(body["Key"]))
                self.items[key] = update(
                    item,
                    body["UpdateExpression"],
                    body.get("ExpressionAttributeNames", {}),
                    body.get("ExpressionAttributeValues", {}),
                )

    def rows(self, pk: str, prefix: str = "") -> Iterator[Item]:
        """The items of a key, for those who check."""
        for (one, sk), item in sorted(self.items.items()):
            if one.startswith(pk) and sk.startswith(prefix):
                yield {name: plain(value) for name, value in item.items()}


def _refuse_unused(
    body: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Any]
) -> None:
    """DynamoDB refuses names and values that no expression uses."""
    text = f"{body.get('UpdateExpression', '')} {body.get('ConditionExpression', '')} "
    for name in (*names, *values):
        if not any(f"{name}{end}" in text for end in " ,)="):
            raise _refusal("ValidationException", f"unused {name}")


def _key(values: Mapping[str, Any]) -> tuple[str, str]:
    return values["pk"]["S"], values["sk"]["S"]


def _key_of(kind: str, body: Mapping[str, Any]) -> tuple[str, str]:
    return _key(body["Item"] if kind == "Put" else body["Key"])
