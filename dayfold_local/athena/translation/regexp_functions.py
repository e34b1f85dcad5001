"""Regular expressions: which groups a pattern has, and how a replacement is written."""

from __future__ import annotations

import re

from sqlglot import exp

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import VARCHAR, Type, array, literal
from dayfold_local.athena.translation.coercion import coercible
from dayfold_local.athena.translation.failing import raising, unless_null
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

_LONGEST = 2**31 - 1
_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\((?!\?)|\(\?P?<(?![=!])")


def _of_text(call: Call) -> tuple[Typed, Typed, Type]:
    """The text, the pattern, and the type of what is found in the text."""
    text, pattern = call.arg(0), call.arg(1)
    if not all(coercible(arg.type, VARCHAR) and arg.type.name != "char" for arg in (text, pattern)):
        raise call.unexpected()
    return text, pattern, text.type if text.type.is_text else VARCHAR


def _group(call: Call, text: Typed) -> tuple[str, int]:
    """The text and the group that is asked for; of one that the pattern has not, the text fails."""
    pattern, number = call.literal(1), call.arg(2)
    if not number.type.is_integer:
        raise call.unexpected()
    if not isinstance(number.value, int):
        raise not_supported(f"{position(call.node)}{call.name} of a computed group")
    bare = _CLASS.sub("", re.sub(r"\\[^\[\]]", "", pattern))
    count = len(_GROUP.findall(bare))
    if not 0 <= number.value <= count:
        message = literal(f"Pattern has {count} groups. Cannot access group {number.value}")
        failed = raising("INVALID_FUNCTION_ARGUMENT", message, "VARCHAR")
        return unless_null(failed, text.sql), 0
    return text.sql, number.value


@function("regexp_extract")
def _extract(call: Call) -> Typed:
    call.need(2, 3)
    text, pattern, kind = _of_text(call)
    whole, group = _group(call, text) if len(call.raw) == 3 else (text.sql, 0)
    found = f"regexp_extract({whole}, {pattern.sql}, {group})"
    return Typed(f"CASE WHEN regexp_matches({whole}, {pattern.sql}) THEN {found} END", kind)


@function("regexp_extract_all")
def _extract_all(call: Call) -> Typed:
    call.need(2, 3)
    text, pattern, kind = _of_text(call)
    whole, group = _group(call, text) if len(call.raw) == 3 else (text.sql, 0)
    return Typed(f"regexp_extract_all({whole}, {pattern.sql}, {group})", array(kind))


@function("regexp_split")
def _split(call: Call) -> Typed:
    call.need(2)
    text, pattern, kind = _of_text(call)
    if isinstance(pattern.value, str) and _matches_nothing(pattern.value):
        raise not_supported(f"{position(call.node)}regexp_split at matches of no letter")
    return Typed(f"regexp_split_to_array({text.sql}, {pattern.sql})", array(kind))


def _matches_nothing(pattern: str) -> bool:
    try:
        return re.search(pattern, "") is not None
    except re.error:  # Java's alone
        return False


@function("regexp_replace")
def _replace(call: Call) -> Typed:
    call.need(2, 3)
    text, pattern, kind = _of_text(call)
    if len(call.raw) == 2:
        return Typed(f"regexp_replace({text.sql}, {pattern.sql}, '', 'g')", kind)
    if isinstance(call.raw[2], exp.Lambda):
        raise not_supported(f"{position(call.node)}regexp_replace with a lambda")
    by = call.literal(2)
    if kind.precision is not None:  # Trino's own reckoning of the longest result
        most = kind.precision + max(kind.precision * len(by) // 2, len(by)) * (kind.precision + 1)
        kind = Type("varchar", precision=min(most, _LONGEST))
    replacement = literal(_replacement(by, call))
    return Typed(f"regexp_replace({text.sql}, {pattern.sql}, {replacement}, 'g')", kind)


def _replacement(text: str, call: Call) -> str:
    r"""Java's `$1` is the engine's `\1`; a letter behind a backslash is itself."""

    def written(found: re.Match[str]) -> str:
        group, plain = found["group"], found["plain"]
        if group is not None:
            return f"\\{group}"
        if plain is None:
            raise not_supported(f"{position(call.node)}regexp_replace with '{text}'")
        return "\\\\" if plain == "\\" else plain

    return re.sub(r"\$(?P<group>\d)|\\(?P<plain>.)|\$|\\", written, text, flags=re.DOTALL)
