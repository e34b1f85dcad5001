"""JSON objects as Trino's json_object makes them: in the order of Java's HashMap.

That is the order of its table: by the lowest bits of each key's hash, and in a place of the table
by age. The table begins with 16 places and doubles above three quarters (the API documentation of
java.util.HashMap and java.lang.String).
"""

from __future__ import annotations

from dayfold_local.athena.execution.documents import text_json
from dayfold_local.athena.execution.python_functions import failed


def members(keys: list[str | None], values: list[str | None], unique: bool) -> str:
    """The object of these keys and texts in JSON; a value that is None is left out.

    Raises:
        ValueError: If a key is None or twice there; its text becomes the query's error.
    """
    held: dict[str, str] = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            raise failed("null value passed for JSON object key to JSON_OBJECT function")
        if unique and key in held:
            raise failed("duplicate key passed to JSON_OBJECT function")
        if value is not None:
            if key in held:
                raise failed("cannot construct a JSON object with duplicate key", "NOT_SUPPORTED")
            held[key] = value
    places = 16
    while len(held) > places * 3 // 4:
        places *= 2
    listed = sorted(held, key=lambda key: _spread(_hash(key)) & (places - 1))
    return f"{{{','.join(f'{text_json(key)}:{held[key]}' for key in listed)}}}"


def _hash(text: str) -> int:
    """String.hashCode, over UTF-16, of 32 bits without a sign."""
    found = 0
    units = text.encode("utf-16-be")
    for at in range(0, len(units), 2):
        found = (31 * found + int.from_bytes(units[at : at + 2], "big")) & 0xFFFFFFFF
    return found


def _spread(number: int) -> int:
    return number ^ number >> 16
