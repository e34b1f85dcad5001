"""JSON lines, by the rules of Hive's and openx's serdes: keys in any case, renamed, malformed.

Keys are matched in any case, at every depth. How files write them is learned from the start of each
file; files that write one key in two ways there are read document by document, which is slower.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.execution.sources import Source, path_list
from dayfold_local.athena.execution.text_fields import TextReading, from_text
from dayfold_local.athena.sql_types import Type, literal, quote
from dayfold_local.athena.translation.failing import raising

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import StoredObject
    from dayfold_local.athena.catalog.tables import TableInfo

_SAMPLE: Final = 16 * 1024  # bytes of each file
_DOUBLE_DIGITS: Final = 15  # decimal digits that a double keeps
Shape = dict[str, Any]  # actual key: the Shape of what stands behind it, {} for plain values


@dataclasses.dataclass(frozen=True, slots=True)
class _Rules:
    """What the serde's properties say."""

    mapping: dict[str, str]  # column: key
    any_case: bool
    dots: bool
    lenient: bool
    raw_bytes: bool  # Hive's own serde takes letters as bytes, openx's base64

    def matches(self, key: str, name: str) -> bool:
        """Whether a key of a file is the one of a column or field."""
        if self.dots:
            key = key.replace(".", "_")
        return key.lower() == name if self.any_case else key == name


def _rules(table: TableInfo) -> _Rules:
    serde = {key.lower(): value for key, value in table.serde.items()}
    mapping = {k.removeprefix("mapping."): v for k, v in serde.items() if k.startswith("mapping.")}
    return _Rules(
        mapping,
        serde.get("case.insensitive", "true").lower() != "false",
        serde.get("dots.in.keys", "false").lower() == "true",
        serde.get("ignore.malformed.json", "false").lower() == "true",
        not table.serde_class.lower().startswith("org.openx."),
    )


def sources(table: TableInfo, objects: list[StoredObject]) -> tuple[Source, ...]:
    """How the files are read, those that write their keys alike together."""
    rules = _rules(table)
    groups: dict[str, list[StoredObject]] = collections.defaultdict(list)
    shapes: dict[str, Shape] = {}
    for item in objects:
        shape = _shape_of(table, item)
        key = json.dumps(shape, sort_keys=True)
        shapes[key] = shape
        groups[key].append(item)
    # What a key looks like matters only if a column can be meant by it.
    made: dict[tuple[str, ...], tuple[_Plan, list[StoredObject]]] = {}
    for key, members in groups.items():
        plan = _plan(table, rules, shapes[key])
        made.setdefault(plan.key, (plan, []))[1].extend(members)
    return tuple(_source(plan, members) for plan, members in made.values())


@dataclasses.dataclass(frozen=True, slots=True)
class _Plan:
    """One way to read files: the table function around their list, and the columns."""

    head: str
    tail: str
    columns: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        return (self.head, self.tail, *self.columns)


def _source(plan: _Plan, members: list[StoredObject]) -> Source:
    relation = f"{plan.head}({path_list(members)}, {plan.tail})"
    return Source(relation, plan.columns, tuple(item.path for item in members))


def _plan(table: TableInfo, rules: _Rules, shape: Shape) -> _Plan:
    wide = any(map(_is_wide, (column.type for column in table.columns)))
    if rules.lenient or wide or _ambiguous(shape, rules):
        return _by_document(table, rules, shape)
    declared, columns = [], []
    for column in table.columns:
        key = _keys(column.name, rules, shape, top=True)[0]
        kind, sql = _declared(column.type, quote(key), rules, shape.get(key) or {})
        declared.append(f"{literal(key)}: {literal(kind)}")
        columns.append(f"{sql} AS {quote(column.name)}")
    listed = ", ".join(declared)
    tail = f"columns={{{listed}}}, format='newline_delimited', auto_detect=false"
    return _Plan("read_json", tail, tuple(columns))


def _keys(name: str, rules: _Rules, shape: Shape, *, top: bool = False) -> list[str]:
    """The keys that stand for a column; its own name when the sample has none."""
    name = rules.mapping.get(name, name) if top else name
    found = [key for key in shape if rules.matches(key, name.lower())]
    return found or [name]


def _ambiguous(shape: Shape, rules: _Rules) -> bool:
    seen = {key.lower() if rules.any_case else key for key in shape}
    return len(seen) < len(shape) or any(_ambiguous(inner, rules) for inner in shape.values())


def _declared(kind: Type, sql: str, rules: _Rules, shape: Shape) -> tuple[str, str]:
    """The engine's type with the file's own keys, and the value with the table's."""
    if kind.name == "varbinary":
        return "VARCHAR", f"{'encode' if rules.raw_bytes else 'from_base64'}({sql})"
    if not kind.holds("row"):
        if kind.holds("varbinary"):
            raise not_supported(f"{kind} in a JSON file")
        return kind.duckdb, sql
    if kind.name == "array":
        item, inner = _declared(kind.args[0], "e_", rules, shape)
        return f"{item}[]", f"list_transform({sql}, lambda e_: {inner})"
    if kind.name == "map":
        return kind.duckdb, sql
    parts, values = [], []
    for name, of in zip(kind.fields, kind.args, strict=True):
        key = _keys((name or "").lower(), rules, shape)[0]
        part, inner = _declared(
            of, f"struct_extract({sql}, {literal(key)})", rules, shape.get(key) or {}
        )
        parts.append(f"{quote(key)} {part}")
        values.append(f"{literal(name or '')}: {inner}")
    struct = f"CASE WHEN {sql} IS NULL THEN NULL ELSE {{{', '.join(values)}}} END"
    return f"STRUCT({', '.join(parts)})", struct


def _by_document(table: TableInfo, rules: _Rules, shape: Shape) -> _Plan:
    inner: Shape = {key: {} for key in _everything(shape)}
    columns = []
    for at, column in enumerate(table.columns):
        keys, reading = _keys(column.name, rules, shape, top=True), TextReading(at, table)
        if column.type.name == "decimal" and _is_wide(column.type):
            value = _as_written("json", keys, column.type, reading)
        else:
            value = _value(_member("json", keys), column.type, rules, inner, reading)
        columns.append(f"{value} AS {quote(column.name)}")
    tail = f"format='newline_delimited', ignore_errors={str(rules.lenient).lower()}"
    return _Plan("read_ndjson_objects", tail, tuple(columns))


def _is_wide(kind: Type) -> bool:
    """Whether a number of the type may have more digits than a double, as the engine reads it."""
    if kind.name == "decimal":
        return (kind.precision or 0) > _DOUBLE_DIGITS
    return any(map(_is_wide, kind.args))


def _as_written(document: str, keys: list[str], kind: Type, reading: TextReading) -> str:
    """A decimal from the text of the document, digit by digit."""
    names = "|".join(re.escape(json.dumps(key, ensure_ascii=False)) for key in keys)
    pattern = literal(rf'(?:{names})\s*:\s*"?([^",}}\]\s]+)')
    found = f"regexp_extract_all({document}, {pattern}, 1)"
    value = from_text(f"nullif({found}[1], 'null')", kind, reading)
    message = f"'the local Athena reads {kind} from JSON only where its key stands once'"
    failed = raising("NOT_SUPPORTED", message, kind.duckdb)
    return f"CASE WHEN len({found}) > 1 THEN {failed} ELSE {value} END"


def _everything(shape: Shape) -> set[str]:
    """Every key at any depth: a document is asked for each way of writing it."""
    deeper = (_everything(inner) for inner in shape.values())
    return set(shape).union(*deeper)


def _member(document: str, keys: list[str]) -> str:
    quoted = [json.dumps(key, ensure_ascii=False) for key in keys]
    found = [f"CAST(json_extract({document}, {literal('$.' + key)}) AS VARCHAR)" for key in quoted]
    return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]


def _value(text: str, kind: Type, rules: _Rules, shape: Shape, reading: TextReading) -> str:
    """A JSON text in a column's type; fails as bad data when it is none."""
    plain = f"json_extract_string({text}, '$')"
    if kind.is_text:
        nested = f"json_type({text}) IN ('OBJECT', 'ARRAY')"
        return f"CASE WHEN {nested} THEN {text} ELSE {plain} END"
    if _is_wide(kind):
        raise not_supported(f"{kind} in a JSON file (table {reading.table.full_name})")
    if kind.name == "varbinary" and rules.raw_bytes:
        return f"encode({plain})"
    if not kind.args:
        return from_text(plain, kind, reading)
    if kind.name == "array":
        inner = _value("e_", kind.args[0], rules, shape, reading)
        made = f"list_transform(json_items({text}), lambda e_: {inner})"
    elif kind.name == "map":
        # By pointer: a path of the engine's knows no empty key.
        pointer = "'/' || replace(replace(k_, '~', '~0'), '/', '~1')"
        pair = f"CAST(json_extract({text}, {pointer}) AS VARCHAR)"
        key = from_text("k_", kind.args[0], reading)
        inner = _value(pair, kind.args[1], rules, shape, reading)
        rows = f"list_transform(json_keys({text}), lambda k_: {{'k': {key}, 'v': {inner}}})"
        made = f"map_from_entries({rows})"
    else:
        fields = []
        for name, of in zip(kind.fields, kind.args, strict=True):
            member = _member(text, _keys((name or "").lower(), rules, shape))
            inner = _value(member, of, rules, shape, reading)
            fields.append(f"{literal(name or '')}: {inner}")
        made = f"{{{', '.join(fields)}}}"
    wanted = "ARRAY" if kind.name == "array" else "OBJECT"
    return f"CASE WHEN json_type({text}) = '{wanted}' THEN CAST({made} AS {kind.duckdb}) END"


def _shape_of(table: TableInfo, item: StoredObject) -> Shape:
    """How a file writes its keys; a crawler's list of them saves looking, for flat tables."""
    listed = [name for name in table.serde.get("paths", "").split(",") if name]
    if listed and not any(column.type.holds("row") for column in table.columns):
        return {name: {} for name in listed}
    return _sampled(item.path, item.etag, item.key.rpartition(".")[2])


@functools.lru_cache(maxsize=8192)
def _sampled(path: str, etag: str, suffix: str) -> Shape:
    """The keys at the start of a file; a broken file has none, the engine will say why."""
    del etag  # part of the cache's key: the same path with other content is read again
    shape: Shape = {}
    for line in _start(path, suffix).splitlines():
        try:
            _learn(json.loads(line), shape)
        except ValueError:
            continue  # the last line is cut, and a malformed one says nothing
    return shape


def _start(path: str, suffix: str) -> bytes:
    try:
        if suffix.lower() == "gz":
            with gzip.open(path) as file:
                return file.read(_SAMPLE)
        if suffix.lower() == "zst":
            import pyarrow as pa

            with pa.input_stream(path, compression="zstd") as stream:
                return bytes(stream.read(_SAMPLE))
        with Path(path).open("rb") as plain:
            return plain.read(_SAMPLE)
    except (OSError, EOFError, ValueError):
        return b""


def _learn(value: object, shape: Shape) -> None:
    if isinstance(value, list):
        for item in value:
            _learn(item, shape)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _learn(inner, shape.setdefault(key, {}))
