"""Parts of URLs, by the grammar of RFC 3986 that Java's URI reads too.

A text of another form is NULL in Trino where Java refuses it; which those are is not known here in
all cases, so that what is no plain URL is refused when it is met.
"""

from __future__ import annotations

from typing import Final

from dayfold_local.athena.sql_types import BIGINT, VARCHAR, Type, literal
from dayfold_local.athena.translation.coercion import coercible
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.scope import Typed

_LETTER: Final = r"[A-Za-z0-9._~!$&''()*+,;=:@/-]"
_URL: Final = (
    r"^(?:([A-Za-z][A-Za-z0-9+.-]*)://(?:[A-Za-z0-9._~-]+@)?"
    r"([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::([0-9]+))?)"
    rf"(/{_LETTER}*)?(?:\?((?:{_LETTER}|[?]|%[0-9A-Fa-f]{{2}})*))?(?:#((?:{_LETTER}|[?])*))?$"
)
_PARTS: Final = {
    "url_extract_protocol": 1,
    "url_extract_host": 2,
    "url_extract_port": 3,
    "url_extract_path": 4,
    "url_extract_query": 5,
    "url_extract_fragment": 6,
}


def _text(call: Call, count: int) -> Typed:
    call.need(count)
    value = call.arg(0)
    if not coercible(value.type, VARCHAR) or value.type.name == "char":
        raise call.unexpected()
    return value


def _known(text: Typed, found: str, kind: Type, name: str) -> Typed:
    message = f"'{name} of ''' || {text.sql} || ''': the local Athena reads plain URLs only'"
    failed = raising("NOT_SUPPORTED", message, "VARCHAR")
    plain = f"regexp_matches({text.sql}, '{_URL}')"
    sql = f"CASE WHEN {text.sql} IS NULL THEN NULL WHEN {plain} THEN {found} ELSE {failed} END"
    return Typed(f"CAST({sql} AS {kind.duckdb})", kind)


@function(*_PARTS)
def _part(call: Call) -> Typed:
    text = _text(call, 1)
    found = f"regexp_extract({text.sql}, '{_URL}', {_PARTS[call.name]})"
    if call.name == "url_extract_port":
        return _known(text, f"nullif({found}, '')", BIGINT, call.name)
    if call.name == "url_extract_query":
        found = f"url_decode({found})"
    return _known(text, found, text.type if text.type.is_text else VARCHAR, call.name)


@function("url_extract_parameter")
def _parameter(call: Call) -> Typed:
    text, name = _text(call, 2), call.literal(1)
    query = f"regexp_extract({text.sql}, '{_URL}', 5)"
    head = literal(f"{name}=")
    pairs = f"list_filter(str_split({query}, '&'), lambda p_: starts_with(p_ || '=', {head}))"
    value = f"regexp_replace({pairs}[1], '^[^=]*=?', '')"
    decoded = f"url_decode(replace({value}, '+', ' '))"
    return _known(text, decoded, text.type if text.type.is_text else VARCHAR, call.name)
