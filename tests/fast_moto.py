"""moto's transactions at a speed that tests can live with.

For each write of a DynamoDB transaction moto copies the whole table, to have it back if one of them
fails: a hundred copies of one and the same table. Here it is copied once.
"""

from __future__ import annotations

import copy
import functools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

from moto.dynamodb import models
from moto.dynamodb.models.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable


def copying_once(transact: Callable[..., None]) -> Callable[..., None]:
    """A transaction whose copies of a table, all made before its first write, are one."""

    @functools.wraps(transact)
    def run(*arguments: Any, **named: Any) -> None:
        copies: dict[int, Table] = {}

        def deepcopy(value: Any, *memo: Any) -> Any:
            if not isinstance(value, Table):
                return copy.deepcopy(value, *memo)
            if id(value) not in copies:
                copies[id(value)] = copy.deepcopy(value)
            return copies[id(value)]

        with mock.patch.object(models, "copy", SimpleNamespace(deepcopy=deepcopy, copy=copy.copy)):
            transact(*arguments, **named)

    return run


def patch() -> None:
    """Patch moto, once for a process."""
    backend = models.DynamoDBBackend
    if not hasattr(backend.transact_write_items, "__wrapped__"):
        backend.transact_write_items = copying_once(  # type: ignore[method-assign]
            backend.transact_write_items
        )
