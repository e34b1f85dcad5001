"""A shorter way through the emulator's JSON: a request is parsed three times on its way.

What orjson refuses is the standard library's to read, print or refuse, in its own words.
"""

from __future__ import annotations

import json
import types
from typing import Any, Final

import orjson

# Dates and the like are no JSON: the standard library's refusal of them is to be kept.
_AS_THEY_COME: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def install() -> None:
    """Puts orjson into the emulator's DynamoDB and into what tells IAM of requests."""
    from ministack.core import iam_actions
    from ministack.services import dynamodb

    quick = types.SimpleNamespace(**{**vars(json), "loads": loads, "dumps": dumps})
    iam_actions.json = types.SimpleNamespace(**{**vars(quick), "loads": LastRead().loads})
    dynamodb.json = quick
    dynamodb.json_response = json_response


def loads(text: Any) -> Any:  # noqa: ANN401 - as the standard library's
    """`json.loads`."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


class LastRead:
    """Reads the same request once, for whoever only looks at it: IAM asks it two questions."""

    def __init__(self) -> None:
        self._last: tuple[Any, Any] = (None, None)

    def loads(self, text: Any) -> Any:  # noqa: ANN401 - as the standard library's
        """`json.loads`; of the very bytes that were read last, what was read."""
        known, found = self._last
        if text is not known or not isinstance(text, bytes):
            found = loads(text)
            self._last = (text, found)
        return found


def dumps(value: Any, **options: Any) -> str:  # noqa: ANN401 - as the standard library's
    """`json.dumps`, without blanks and with all letters as they are where nothing is asked for."""
    if options in ({}, {"ensure_ascii": False}):
        try:
            return orjson.dumps(value, option=_AS_THEY_COME).decode()
        except TypeError:
            pass  # a number of more than 64 bits, a key that is no text, a value of another kind
    return json.dumps(value, **options)


def json_response(
    data: dict[str, Any], status: int = 200, *, content_type: str = "application/x-amz-json-1.0"
) -> tuple[int, dict[str, str], bytes]:
    """An answer in the shape of the emulator's own."""
    return status, {"Content-Type": content_type}, dumps(data, ensure_ascii=False).encode()
