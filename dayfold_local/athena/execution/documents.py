"""JSON documents as Trino writes them: keys in order, numbers as Java has them, no blanks.

Functions of the engine in Python: written as macros of its SQL, a document of five levels took
seconds to bind, since each level's text stands in every place where the next one looks at it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from dayfold_local.athena.execution.values import double_text

_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")


def ordered(text: str) -> str:
    """The document with the keys of its objects in the order of their code points.

    Raises:
        ValueError: If the text is no JSON.
    """
    return _written(json.loads(text))


def maps(value: list[dict[str, str | None] | None]) -> str:
    """Maps of texts as an array of objects."""
    return _written(value)


def _written(value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        pairs = (f"{text_json(key)}:{_written(value[key])}" for key in sorted(value))
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    if isinstance(value, float):
        return double_text(value)
    return text_json(value) if isinstance(value, str) else json.dumps(value)


def double_json(value: float) -> str:
    """A double as JSON; those that are no numbers are texts."""
    shown = double_text(value)
    return shown if math.isfinite(value) else f'"{shown}"'


def text_json(value: str) -> str:
    """A text as JSON, in its quotes."""
    # What is beyond the basic plane is written as two escapes.
    shown = json.dumps(value, ensure_ascii=False)
    return _BEYOND.sub(_escaped, shown)


def _escaped(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in (0, 2))
