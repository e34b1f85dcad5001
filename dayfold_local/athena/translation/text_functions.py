"""Functions of texts that need more than a template: lengths, edges, and what is refused."""

from __future__ import annotations

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.sql_types import (
    BIGINT,
    DOUBLE,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    decimal,
)
from dayfold_local.athena.translation.coercion import coerce, coercible
from dayfold_local.athena.translation.failing import raising, unless_null
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

_LONGEST = 2**31 - 1


def _texts(call: Call, *counts: int) -> list[Typed]:
    call.need(*counts)
    found = call.args()
    if not all(coercible(arg.type, VARCHAR) and arg.type.name != "char" for arg in found):
        raise call.unexpected()
    return found


def _bounded(length: int) -> Type:
    return Type("varchar", precision=min(length, _LONGEST))


@function("reverse")
def _reverse(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if value.type.name == "array":
        return Typed(f"list_reverse({value.sql})", value.type)
    if not value.type.is_text or value.type.name == "char":
        raise call.unexpected()
    return Typed(f"trino_reverse({value.sql})", value.type)


@function("replace")
def _replace(call: Call) -> Typed:
    found = _texts(call, 2, 3)
    text, search = found[:2]
    by = found[2].sql if len(found) == 3 else "''"
    # Nothing, looked for, is between all letters; the engine finds it nowhere.
    everywhere = f"regexp_replace({text.sql}, '', {by}, 'g')"
    plain = f"replace({text.sql}, {search.sql}, {by})"
    kind = VARCHAR
    more = found[2].type.precision if len(found) == 3 else 0
    if text.type.precision is not None and more is not None:
        kind = _bounded(text.type.precision + more * (text.type.precision + 1))
    if search.value:
        return Typed(plain, kind)
    return Typed(f"CASE WHEN {search.sql} = '' THEN {everywhere} ELSE {plain} END", kind)


@function("split")
def _split(call: Call) -> Typed:
    """The parts; of a limit, the last one is all that is left."""
    text, mark = (found := _texts_and_limit(call))[:2]
    kind = array(text.type if text.type.is_text else VARCHAR)
    parts = f"str_split({text.sql}, {mark.sql})"
    if len(found) == 3:
        most = found[2].sql
        rest = f"array_to_string(list_slice({parts}, {most}, len({parts})), {mark.sql})"
        head = f"list_slice({parts}, 1, {most} - 1)"
        failed = raising("INVALID_FUNCTION_ARGUMENT", "'Limit must be positive'", "BIGINT")
        large = raising("INVALID_FUNCTION_ARGUMENT", "'Limit is too large'", "BIGINT")
        wrong = (
            f"CASE WHEN {most} < 1 THEN {failed} WHEN {most} > {_LONGEST} THEN {large} "
            f"ELSE len({parts}) END"
        )
        parts = f"CASE WHEN {wrong} > {most} THEN list_append({head}, {rest}) ELSE {parts} END"
        parts = unless_null(parts, text.sql, mark.sql, most)
    if mark.value:
        return Typed(parts, kind)
    message = "'The delimiter may not be the empty string'"
    empty = f"CAST(CAST({raising('INVALID_FUNCTION_ARGUMENT', message, 'BIGINT')} AS VARCHAR) AS"
    failed = f"{empty} VARCHAR[])"
    checked = f"CASE WHEN {mark.sql} = '' THEN {failed} ELSE {parts} END"
    return Typed(unless_null(checked, mark.sql), kind)


def _texts_and_limit(call: Call) -> list[Typed]:
    call.need(2, 3)
    found = call.args()
    texts = all(coercible(arg.type, VARCHAR) and arg.type.name != "char" for arg in found[:2])
    if not texts or not all(arg.type.is_integer for arg in found[2:]):
        raise call.unexpected()
    return found


@function("chr")
def _chr(call: Call) -> Typed:
    call.need(1)
    if not call.arg(0).type.is_integer:
        raise call.unexpected()
    return Typed(f"chr(CAST({call.arg(0).sql} AS INTEGER))", _bounded(1))


@function("codepoint")
def _codepoint(call: Call) -> Typed:
    (text,) = _texts(call, 1)
    if text.type != UNKNOWN and text.type.precision != 1:
        raise call.unexpected()
    message = "'Input string must be a single character string'"
    failed = raising("INVALID_FUNCTION_ARGUMENT", message, "INTEGER")
    return Typed(
        f"CASE WHEN length({text.sql}) <> 1 THEN {failed} "
        f"ELSE CAST(unicode({text.sql}) AS INTEGER) END",
        Type("integer"),
    )


@function("levenshtein_distance", "hamming_distance")
def _distance(call: Call) -> Typed:
    one, other = _texts(call, 2)
    name = call.name.removesuffix("_distance")
    # The engine compares bytes, Trino letters.
    plain = " AND ".join(f"strlen({side.sql}) = length({side.sql})" for side in (one, other))
    message = f"'the local Athena has {call.name} for ASCII texts only'"
    failed = raising("NOT_SUPPORTED", message, "BIGINT")
    found = f"CAST({name}({one.sql}, {other.sql}) AS BIGINT)"
    return Typed(f"CASE WHEN NOT ({plain}) THEN {failed} ELSE {found} END", BIGINT)


@function("from_utf8")
def _from_utf8(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if value.type not in {VARBINARY, UNKNOWN}:
        raise call.unexpected()
    binary = coerce(value, VARBINARY).sql
    message = "'the local Athena does not replace invalid UTF-8 (from_utf8)'"
    failed = raising("NOT_SUPPORTED", message, "VARCHAR")
    valid = f"TRY(decode({binary}))"
    return Typed(
        f"CASE WHEN {valid} IS NULL AND {binary} IS NOT NULL THEN {failed} ELSE {valid} END",
        VARCHAR,
    )


@function("url_encode")
def _url_encode(call: Call) -> Typed:
    (text,) = _texts(call, 1)
    kind = VARCHAR if text.type.precision is None else _bounded(12 * text.type.precision)
    # As Java's form encoding: a blank is +, * stays, ~ does not.
    sql = f"replace(replace(replace(url_encode({text.sql}), '%20', '+'), '%2A', '*'), '~', '%7E')"
    return Typed(sql, kind)


@function("sign")
def _sign(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if value.type.is_integer:
        return Typed(f"CAST(sign({value.sql}) AS {value.type.duckdb})", value.type)
    if value.type.name == "decimal":
        kind = decimal(1, 0)
        return Typed(f"CAST(sign({value.sql}) AS {kind.duckdb})", kind)
    if not value.type.is_numeric:
        raise call.unexpected()
    kind = value.type if value.type.name == "real" else DOUBLE
    plain = f"CAST(sign({value.sql}) AS {kind.duckdb})"
    return Typed(f"CASE WHEN isnan({value.sql}) THEN {value.sql} ELSE {plain} END", kind)


@function("normalize")
def _normalize(call: Call) -> Typed:
    call.need(1, 2)
    value = call.arg(0)
    if not coercible(value.type, VARCHAR) or value.type.name == "char":
        raise call.unexpected()
    # The form is a word of the language, and reads like a column.
    name = call.raw[1].name.upper() if len(call.raw) > 1 else "NFC"
    if name not in {"NFC", "NFD", "NFKC", "NFKD"}:
        raise QueryFailure("SYNTAX_ERROR", f"{position(call.node)}mismatched input '{name}'")
    return Typed(f"normal_form({value.sql}, '{name}')", VARCHAR)
