"""Athena's types: as Trino shows them, as Glue stores them, as the engine knows them."""

from __future__ import annotations

import dataclasses
import re
from typing import Final

from dayfold_local.athena.errors import QueryFailure

_INTEGERS: Final = ("tinyint", "smallint", "integer", "bigint")
_HIVE_NAMES: Final = {
    "int": "integer",
    "string": "varchar",
    "float": "real",
    "binary": "varbinary",
    "struct": "row",
    "numeric": "decimal",
    "dec": "decimal",
    "double precision": "double",
}
_TO_HIVE: Final = {"integer": "int", "real": "float", "varbinary": "binary"}
_TO_DUCKDB: Final = {
    "integer": "INTEGER",
    "real": "FLOAT",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "varbinary": "BLOB",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "time": "TIME",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
    "unknown": '"NULL"',
    "json": "VARCHAR",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Type:
    """One SQL type. `zone` is what is known of the zone of a timestamp with time zone."""

    name: str
    args: tuple[Type, ...] = ()
    fields: tuple[str | None, ...] = ()
    precision: int | None = None
    scale: int | None = None
    zone: str | None = dataclasses.field(default="UTC", compare=False)

    def __str__(self) -> str:
        if self.name == "row":
            inner = (
                f"{name} {kind}" if name else str(kind)
                for name, kind in zip(self.fields, self.args, strict=True)
            )
            return f"row({', '.join(inner)})"
        if self.args:
            return f"{self.name}({', '.join(map(str, self.args))})"
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.precision is None:
            return self.name
        head, _, tail = self.name.partition(" ")
        return f"{head}({self.precision})" + (f" {tail}" if tail else "")

    @property
    def is_integer(self) -> bool:
        """Whether it is one of the four integer types."""
        return self.name in _INTEGERS

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic works on it."""
        return self.is_integer or self.name in {"decimal", "real", "double"}

    @property
    def is_text(self) -> bool:
        """Whether it is varchar or char."""
        return self.name in {"varchar", "char"}

    @property
    def is_time(self) -> bool:
        """Whether it is a date or a timestamp of either kind."""
        return self.name in {"date", "timestamp", "timestamp with time zone"}

    def holds(self, name: str) -> bool:
        """Whether it is, or has inside, a type of that name."""
        return self.name == name or any(arg.holds(name) for arg in self.args)

    @property
    def duckdb(self) -> str:
        """The engine's name of the type."""
        if self.name == "array":
            return f"{self.args[0].duckdb}[]"
        if self.name == "map":
            return f"MAP({self.args[0].duckdb}, {self.args[1].duckdb})"
        if self.name == "row":
            names = (name or f"field{i}" for i, name in enumerate(self.fields))
            inner = zip(names, self.args, strict=True)
            return f"STRUCT({', '.join(f'{quote(n)} {t.duckdb}' for n, t in inner)})"
        if self.name == "decimal":
            return f"DECIMAL({self.precision},{self.scale})"
        return _TO_DUCKDB.get(self.name, self.name.upper())

    @property
    def hive(self) -> str:  # noqa: PLR0911 - one per kind of type
        """The name that Glue stores for a column of the type; fails for those Hive lacks."""
        if self.name == "array":
            return f"array<{self.args[0].hive}>"
        if self.name == "map":
            return f"map<{self.args[0].hive},{self.args[1].hive}>"
        if self.name == "row":
            inner = zip(self.fields, self.args, strict=True)
            return f"struct<{','.join(f'{n}:{t.hive}' for n, t in inner)}>"
        if self.name == "varchar":
            return "string" if self.precision is None else f"varchar({self.precision})"
        if self.name in {"char", "decimal"}:
            return str(self)
        if self.name == "timestamp":
            return "timestamp"
        if self.name in {*_INTEGERS, "boolean", "real", "double", "varbinary", "date"}:
            return _TO_HIVE.get(self.name, self.name)
        raise QueryFailure("NOT_SUPPORTED", f"Unsupported Hive type: {self}")


BOOLEAN = Type("boolean")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
UNKNOWN = Type("unknown")
INTERVAL_DAY = Type("interval day to second")
INTERVAL_MONTH = Type("interval year to month")


def decimal(precision: int, scale: int) -> Type:
    """A decimal type."""
    return Type("decimal", precision=precision, scale=scale)


def array(item: Type) -> Type:
    """An array type."""
    return Type("array", (item,))


def timestamp(precision: int = 3) -> Type:
    """A timestamp without time zone."""
    return Type("timestamp", precision=precision)


def timestamp_tz(precision: int = 3, zone: str | None = "UTC") -> Type:
    """A timestamp with time zone; `zone` as far as it is known before running."""
    return Type("timestamp with time zone", precision=precision, zone=zone)


def quote(name: str) -> str:
    """An identifier for the engine."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal for the engine."""
    return "'" + text.replace("'", "''") + "'"


_TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_$\-]*|\d+|[<>(),:])')


def parse_type(text: str) -> Type:
    """The type in a text of Glue (`array<struct<a:int>>`) or Trino (`array(row(a integer))`)."""
    tokens = _TOKEN.findall(text.strip().lower())
    parser = _TypeParser(tokens, text)
    kind = parser.type()
    if parser.rest():
        raise QueryFailure("HIVE_INVALID_METADATA", f"Invalid type: {text}")
    return kind


class _TypeParser:
    """A recursive descent over the tokens of a type."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = tokens
        self._at = 0
        self._text = text

    def rest(self) -> bool:
        return self._at < len(self._tokens)

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def type(self) -> Type:
        name = self._next()
        name = _HIVE_NAMES.get(name, name)
        if name in {"array", "map", "row"}:
            return self._nested(name)
        numbers = self._numbers() if self._peek() == "(" else []
        if name in {"timestamp", "time"}:
            return self._temporal(name, numbers)
        if name == "interval":
            words = [name, *(self._next() for _ in range(3))]
            name = " ".join(words)
        if name == "decimal":
            precision, scale = [*numbers, *(38, 0)[len(numbers) :]] if numbers else (38, 0)
            return decimal(precision, scale)
        known = {
            INTERVAL_DAY.name,
            INTERVAL_MONTH.name,
            "boolean",
            "varchar",
            "char",
            "double",
            "real",
            "date",
            "varbinary",
            "json",
        }
        if name not in known and name not in _INTEGERS and name != "unknown":
            raise QueryFailure("TYPE_NOT_FOUND", f"Unknown type: {self._text}")
        length = numbers[0] if numbers else (1 if name == "char" else None)
        return Type(name, precision=length)

    def _temporal(self, name: str, numbers: list[int]) -> Type:
        precision = numbers[0] if numbers else 3
        if self._peek() == "with":
            self._at += 3
            return Type(f"{name} with time zone", precision=precision)
        if self._peek() == "without":
            self._at += 3
        return Type(name, precision=precision)

    def _numbers(self) -> list[int]:
        self._next()
        numbers = []
        while (token := self._next()) not in {")", ""}:
            if token != ",":
                numbers.append(int(token))
        return numbers

    def _nested(self, name: str) -> Type:
        self._next()
        args: list[Type] = []
        names: list[str | None] = []
        while self._peek() not in {">", ")", ""}:
            if self._peek() == ",":
                self._next()
            names.append(self._field_name() if name == "row" else None)
            args.append(self.type())
        self._next()
        return Type(name, tuple(args), tuple(names) if name == "row" else ())

    def _field_name(self) -> str | None:
        following = self._peek(1)
        if following == ":":
            name = self._next()
            self._next()
            return name.strip('"')
        if following in {",", ")", "(", ">", ""}:
            return None
        return self._next().strip('"')
