"""CAST and TRY_CAST, as Trino has them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import (
    JSON,
    UNKNOWN,
    Type,
    literal,
    timestamp,
)
from dayfold_local.athena.translation import clock, json_casts, narrow, texts
from dayfold_local.athena.translation.coercion import coercible, common_type, padded
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER: Final = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NATIVE_FROM_TEXT: Final = {
    "date": r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\s*",
    "timestamp": r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}"
    r"(:[0-9]{1,2}(\.[0-9]+)?)?)?\s*",
    "decimal": _NUMBER,
    "time": clock.TEXT,
}


def cast(value: Typed, target: Type, *, safe: bool = False) -> Typed:
    """CAST or TRY_CAST. A cast that the engine would answer differently is refused."""
    source = value.type
    if source == target:
        return Typed(value.sql, source, value.value)  # with the zone that it has
    sql = _cast_sql(value, target)
    if sql is None:
        if _is_known_elsewhere(source, target):
            raise not_supported(f"CAST of {source} to {target}")
        raise QueryFailure("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    if safe and not _cannot_fail(source, target):
        sql = f"TRY({sql})"
    if source.name == target.name == "timestamp with time zone":
        return Typed(sql, dataclasses.replace(target, zone=source.zone))
    return Typed(sql, target)


def _is_known_elsewhere(source: Type, target: Type) -> bool:
    """Whether Trino has this cast, which is not here."""
    if source.name == "time" and target.name.startswith("timestamp"):
        return True  # on the day of the query
    return source.is_text and target.name in {"varbinary", "timestamp with time zone"}


def _cannot_fail(source: Type, target: Type) -> bool:
    if source.name == "timestamp" and target.name == "time":
        return True  # but for a refusal, which TRY must not take for a failure
    if target.is_text:  # a text is cut, another value has to fit
        return source.is_text or target.precision is None
    return common_type(source, target) == target


def _cast_sql(value: Typed, target: Type) -> str | None:
    source = value.type
    if source == UNKNOWN:
        return f"CAST({value.sql} AS {target.duckdb})"
    if source.args or target.args:
        return _cast_nested(value, target)
    if JSON in {source, target}:
        return _cast_json(value, target)
    for test, convert in _CASTS:
        if test(source, target):
            return convert(value, target)
    return None


def _text_to(value: Typed, target: Type) -> str:
    kind = target.duckdb
    shown = (
        str(target).upper()
        if target.name != "decimal"
        else f"DECIMAL({target.precision}, {target.scale})"
    )
    failed = raising("INVALID_CAST_ARGUMENT", f"{_cannot(target, shown)}", kind)
    failed = failed.replace("$value", value.sql)
    if target.is_integer:
        test = r"[+-]?[0-9]+"
    elif target.name in {"double", "real"}:
        test = rf"[\x01-\x20]*({_NUMBER}[dDfF]?|NaN|[+-]?Infinity)[\x01-\x20]*"
    elif target.name == "boolean":
        test = r"(?i)(t|true|f|false|1|0)"
    else:
        test = _NATIVE_FROM_TEXT[target.name]
    given = f"trino_trim({value.sql})" if target.name == "date" else value.sql
    plain = given if target.is_integer else f"java_trim({given})"
    read = clock.of_text(value.sql, target) if kind == "TIME" else f"CAST({plain} AS {kind})"
    return (
        f"CASE WHEN {value.sql} IS NULL THEN NULL WHEN regexp_full_match({given}, "
        f"{literal(test)}) THEN {read} ELSE {failed} END"
    )


def _cannot(target: Type, shown: str) -> str:
    if target.name in {"date", "timestamp", "time"}:
        return f"'Value cannot be cast to {target.name}: ' || $value"
    if target.name == "decimal":
        return f"'Cannot cast VARCHAR ''' || $value || ''' to {shown}. Value is not a number.'"
    return f"'Cannot cast ''' || $value || ''' to {shown}'"


def _to_text(value: Typed, target: Type) -> str:
    source = value.type
    if source.name.startswith("interval"):
        raise not_supported(f"{source} as text")
    if source.name == "timestamp":
        text = narrow.timestamp_text(value.sql, source.precision or 0)
    elif source.name == "timestamp with time zone":
        text = (
            f"{narrow.timestamp_text(local(value).sql, source.precision or 0)} || ' {source.zone}'"
        )
    elif source.name == "double":
        text = f"trino_number({value.sql}, CAST({value.sql} AS VARCHAR))"
    elif source.name == "real":  # seven digits, where more would be needed to read it back
        text = f"trino_number({value.sql}, format('{{:.6e}}', CAST({value.sql} AS DOUBLE)))"
    elif source.is_text:
        text = padded(value)
    else:
        text = texts.exact_text(value.sql, source)
    return _fitting(text, source, target)


def _clock_text(value: Typed, target: Type) -> str:
    return _fitting(clock.text(value.sql, value.type.precision or 0), value.type, target)


def _fitting(text: str, source: Type, target: Type) -> str:
    """A text as a varchar of at most so many letters: another text is cut, a value must fit."""
    if target.precision is None or (
        source.is_text and (source.precision or 1 << 31) <= target.precision
    ):
        return text
    if source.is_text:
        return f"left({text}, {target.precision})"
    failed = raising(
        "INVALID_CAST_ARGUMENT",
        f"'Value ' || {text} || ' cannot be represented as {target}'",
        "VARCHAR",
    )
    return f"CASE WHEN length({text}) > {target.precision} THEN {failed} ELSE {text} END"


def local(value: Typed) -> Typed:
    """The wall-clock time of a timestamp with time zone, in the zone it carries."""
    zone = value.type.zone
    if zone is None:
        raise not_supported(
            "the zone of this timestamp is only known at run time: put AT TIME ZONE behind it",
        )
    return Typed(f"timezone({literal(zone)}, {value.sql})", timestamp(value.type.precision or 0))


def _time_to(value: Typed, target: Type) -> str:
    if value.type.name == "timestamp with time zone" and target.name != value.type.name:
        value = local(value)
    if target.name == "timestamp" and value.type.name == "timestamp":
        return narrow.rounded(value.sql, value.type.precision or 0, target.precision or 0)
    have, want = value.type.precision or 0, target.precision or 0
    if value.type.name == target.name == "timestamp with time zone" and want < have:
        wall = narrow.rounded(f"timezone('UTC', {value.sql})", have, want)
        return f"timezone('UTC', {wall})"
    return f"CAST({value.sql} AS {target.duckdb})"


def _clock_of(value: Typed, target: Type) -> str:
    if clock.is_clock(value.type):
        return clock.to_precision(value.sql, value.type.precision or 0, target)
    have = value.type.precision or 0
    if value.type.name.endswith("zone"):
        return clock.of_moment(local(value).sql, have, target)
    # Of a moment before 1970 with parts of a second Trino 435 makes another second, or no time.
    message = "'the local Athena has no time of a moment before 1970 with parts of a second'"
    odd = f"epoch_us({value.sql}) < 0 AND epoch_us({value.sql}) % 1000000 <> 0"
    failed = f"CAST(CAST({raising('NOT_SUPPORTED', message, 'BIGINT')} AS VARCHAR) AS TIME)"
    found = clock.of_moment(value.sql, have, target)
    return f"CASE WHEN {odd} THEN {failed} ELSE {found} END" if have else found


def _is_float(kind: Type) -> bool:
    return kind.name in {"double", "real"}


_CASTS: Final[list[tuple[Callable[[Type, Type], bool], Callable[[Typed, Type], str]]]] = [
    (lambda s, t: s.name == "time" and t.name == "varchar", _clock_text),
    (lambda s, t: t.name == "varchar" and s.name != "varbinary", _to_text),
    (lambda s, t: s.is_text and t.name == "char", narrow.to_char),
    (lambda s, t: s.name == "double" and t.name == "real", narrow.double_to_real),
    (
        lambda s, t: (
            s.name == "varchar" and (t.is_numeric or t.name in {"boolean", *_NATIVE_FROM_TEXT})
        ),
        _text_to,
    ),
    (lambda s, t: _is_float(s) and t.is_integer, narrow.float_to_integer),
    (lambda s, t: _is_float(s) and t.name == "decimal", narrow.float_to_decimal),
    (lambda s, t: s.is_numeric and t.is_numeric, narrow.plain),
    (lambda s, t: s.is_numeric and t.name == "boolean", narrow.number_to_boolean),
    (lambda s, t: s.name == "boolean" and t.is_numeric, narrow.from_boolean),
    (lambda s, t: s.is_time and t.is_time, _time_to),
    (lambda s, t: s.name.startswith("timestamp") and t.name == "time", _clock_of),
    (lambda s, t: s.name == t.name == "time", _clock_of),
]


def _cast_nested(value: Typed, target: Type) -> str | None:  # noqa: PLR0911 - one per kind of type
    source = value.type
    if target == JSON:
        return _cast_json(value, target)
    if source == JSON:
        return _cast_json(value, target)
    if source.name != target.name or len(source.args) != len(target.args):
        return None
    if source.name == "array":
        item = _cast_sql(Typed("e_", source.args[0]), target.args[0])
        if source.args[0] == target.args[0]:
            return value.sql
        return None if item is None else f"list_transform({value.sql}, lambda e_: {item})"
    if source.name == "row":
        return _cast_row(value, target)
    if all(coercible(a, b) for a, b in zip(source.args, target.args, strict=True)):
        return f"CAST({value.sql} AS {target.duckdb})"
    raise not_supported(f"CAST of {source} to {target}")


def _cast_row(value: Typed, target: Type) -> str | None:
    parts = []
    for index, (have, want) in enumerate(zip(value.type.args, target.args, strict=True)):
        item = Typed(f"struct_extract_at({value.sql}, {index + 1})", have)
        sql = item.sql if have == want else _cast_sql(item, want)
        if sql is None:
            return None
        parts.append(f"{literal(target.fields[index] or f'field{index}')}: {sql}")
    return f"CASE WHEN {value.sql} IS NULL THEN NULL ELSE {{{', '.join(parts)}}} END"


def _cast_json(value: Typed, target: Type) -> str | None:
    if target != JSON:
        return json_casts.from_json(value.any_zone or value.sql, target, _cast_sql)
    return None if value.type.name == "char" else texts.json_text(value.sql, value.type)
