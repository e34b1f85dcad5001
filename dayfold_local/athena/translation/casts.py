"""CAST and TRY_CAST, as Trino has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import (
    JSON,
    UNKNOWN,
    Type,
    literal,
    timestamp,
)
from dayfold_local.athena.translation.coercion import INTEGER_ORDER, coercible, common_type
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER: Final = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NATIVE_FROM_TEXT: Final = {
    "date": r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\s*",
    "timestamp": r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}"
    r"(:[0-9]{1,2}(\.[0-9]+)?)?)?\s*",
    "decimal": rf"\s*{_NUMBER}\s*",
}


def raising(code: str, message_sql: str, kind: str) -> str:
    """An expression that fails with `code` when it is evaluated; TRY may catch it.

    The engine's error() is volatile, which TRY refuses: so the message travels in a failing cast.
    """
    inner = "BIGINT" if kind not in {"DATE", "TIMESTAMP", "DOUBLE", "BOOLEAN"} else kind
    cast = f"CAST({literal(chr(1) + code + ': ')} || {message_sql} || chr(2) AS {inner})"
    return cast if inner == kind else f"CAST({cast} AS {kind})"


def cast(value: Typed, target: Type, *, safe: bool = False) -> Typed:
    """CAST or TRY_CAST. A cast that the engine would answer differently is refused."""
    source = value.type
    if source == target:
        return Typed(value.sql, target, value.value)
    sql = _cast_sql(value, target)
    if sql is None:
        raise QueryFailure("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    if safe and not _cannot_fail(source, target):
        sql = f"TRY({sql})"
    return Typed(sql, target)


def _cannot_fail(source: Type, target: Type) -> bool:
    return target.is_text or common_type(source, target) == target


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
        test = rf"\s*({_NUMBER}[dDfF]?|NaN|[+-]?Infinity)\s*"
    elif target.name == "boolean":
        test = r"(?i)(t|true|f|false|1|0)"
    else:
        test = _NATIVE_FROM_TEXT[target.name]
    plain = f"trim({value.sql})" if not target.is_integer else value.sql
    return (
        f"CASE WHEN {value.sql} IS NULL THEN NULL WHEN regexp_full_match({value.sql}, "
        f"{literal(test)}) THEN CAST({plain} AS {kind}) ELSE {failed} END"
    )


def _cannot(target: Type, shown: str) -> str:
    if target.name in {"date", "timestamp"}:
        return f"'Value cannot be cast to {target.name}: ' || $value"
    if target.name == "decimal":
        return f"'Cannot cast VARCHAR ''' || $value || ''' to {shown}. Value is not a number.'"
    return f"'Cannot cast ''' || $value || ''' to {shown}'"


def _to_text(value: Typed, target: Type) -> str:
    source = value.type
    if source.name == "timestamp":
        text = timestamp_text(value.sql, source.precision or 0)
    elif source.name == "timestamp with time zone":
        text = f"{timestamp_text(local(value).sql, source.precision or 0)} || ' {source.zone}'"
    elif source.name in {"double", "real"}:
        raise not_supported(
            "CAST of a double to varchar: cast it to a decimal of the wanted scale first",
        )
    elif source.is_text:
        text = value.sql
    else:
        text = f"CAST({value.sql} AS VARCHAR)"
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


def timestamp_text(sql: str, precision: int) -> str:
    """A timestamp as Trino prints it."""
    if precision > 6:
        raise not_supported(f"timestamp({precision}): more than microseconds")
    base = f"strftime({sql}, '%Y-%m-%d %H:%M:%S"
    if precision == 0:
        return f"{base}')"
    if precision == 3:
        return f"{base}.%g')"
    return f"left({base}.%f'), {20 + precision})"


def local(value: Typed) -> Typed:
    """The wall-clock time of a timestamp with time zone, in the zone it carries."""
    zone = value.type.zone
    if zone is None:
        raise not_supported(
            "the zone of this timestamp is only known at run time: put AT TIME ZONE behind it",
        )
    return Typed(f"timezone({literal(zone)}, {value.sql})", timestamp(value.type.precision or 0))


def _float_to_integer(value: Typed, target: Type) -> str:
    return f"CAST(round({value.sql}) AS {target.duckdb})"


def _float_to_decimal(value: Typed, target: Type) -> str:
    # By way of the shortest text of the double, as BigDecimal.valueOf has it.
    return f"CAST(CAST({value.sql} AS VARCHAR) AS {target.duckdb})"


def _number_to_boolean(value: Typed, _: Type) -> str:
    return f"({value.sql} <> 0)"


def _plain(value: Typed, target: Type) -> str:
    return f"CAST({value.sql} AS {target.duckdb})"


def _time_to(value: Typed, target: Type) -> str:
    if value.type.name == "timestamp with time zone" and target.name != value.type.name:
        value = local(value)
    if target.name == "timestamp" and value.type.name == "timestamp":
        return rounded(value.sql, value.type.precision or 0, target.precision or 0)
    return f"CAST({value.sql} AS {target.duckdb})"


def rounded(sql: str, have: int, want: int) -> str:
    """A timestamp at a lower precision, rounded half up."""
    if want >= have:
        return sql
    step = 10 ** (6 - want)
    return (
        f"make_timestamp(CAST(floor((epoch_us({sql}) + {step // 2}) / {step}) * {step} AS BIGINT))"
    )


def _is_float(kind: Type) -> bool:
    return kind.name in {"double", "real"}


_CASTS: Final[list[tuple[Callable[[Type, Type], bool], Callable[[Typed, Type], str]]]] = [
    (lambda _, t: t.name == "varchar", _to_text),
    (
        lambda s, t: s.is_text and (t.is_numeric or t.name in {"boolean", "date", "timestamp"}),
        _text_to,
    ),
    (lambda s, t: _is_float(s) and t.is_integer, _float_to_integer),
    (lambda s, t: _is_float(s) and t.name == "decimal", _float_to_decimal),
    (lambda s, t: s.is_numeric and t.is_numeric, _plain),
    (lambda s, t: s.is_numeric and s.name != "decimal" and t.name == "boolean", _number_to_boolean),
    (lambda s, t: s.name == "boolean" and t.is_numeric and t.name != "decimal", _plain),
    (lambda s, t: s.is_time and t.is_time, _time_to),
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


_JSON_SAFE: Final = {*INTEGER_ORDER, "boolean", "varchar", "decimal", "double", "real", "date"}


def _ordered_keys(sql: str, of: Type, depth: int = 0) -> str:
    """A value whose maps have their keys in order, at any depth: so Trino writes them as JSON."""
    if not _holds_map(of):
        return sql
    element = f"element_{depth}"
    if of.name == "array":
        inner = _ordered_keys(element, of.args[0], depth + 1)
        return f"list_transform({sql}, lambda {element}: {inner})"
    if of.name == "map" and not _holds_map(of.args[1]):
        return f"map_from_entries(list_sort(map_entries({sql})))"
    raise not_supported(f"CAST of {of} to JSON: maps inside other values")


def _cast_json(value: Typed, target: Type) -> str | None:
    if target == JSON:
        _check_json_safe(value.type)
        return f"CAST(to_json({_ordered_keys(value.sql, value.type)}) AS VARCHAR)"
    scalar = f"json_extract_string({value.sql}, '$')"
    if target.name == "varchar":
        failed = raising(
            "INVALID_CAST_ARGUMENT", f"'Cannot cast to varchar. ' || {value.sql}", "VARCHAR"
        )
        return (
            f"CASE json_type({value.sql}) WHEN 'OBJECT' THEN {failed} WHEN 'ARRAY' THEN {failed} "
            f"WHEN 'DOUBLE' THEN {scalar} ELSE {scalar} END"
        )
    if target.name in {"boolean", "double"} or target.is_integer:
        return f"CAST({scalar} AS {target.duckdb})"
    if target.name in {"array", "map", "row"}:
        _check_json_safe(target)
        return f"CAST(from_json({value.sql}, {literal(json_shape(target))}) AS {target.duckdb})"
    return None


def _holds_map(kind: Type) -> bool:
    return kind.name == "map" or any(_holds_map(arg) for arg in kind.args)


def _check_json_safe(kind: Type) -> None:
    for arg in kind.args:
        _check_json_safe(arg)
    if not kind.args and kind.name not in _JSON_SAFE and kind not in {JSON, UNKNOWN}:
        raise not_supported(f"CAST between {kind} and JSON")
    if kind.name == "row" and None in kind.fields:
        raise not_supported("CAST of a row without field names to JSON: name its fields")


def json_shape(kind: Type) -> str:
    """The structure text that the engine's from_json takes."""
    if kind.name == "array":
        return f"[{json_shape(kind.args[0])}]"
    if kind.name == "row":
        inner = zip(kind.fields, kind.args, strict=True)
        return "{" + ", ".join(f'"{name}": {json_shape(arg)}' for name, arg in inner) + "}"
    return f'"{kind.duckdb}"'
