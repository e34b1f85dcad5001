"""Arguments for random calls: columns and literals of each type, and what one function needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random

KINDS: Final = (
    "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "varchar",
    "date", "time", "timestamp", "moment", "varbinary", "json", "array(integer)",
    "array(varchar)", "row", "interval day to second", "interval year to month",
)  # fmt: skip
_OF: Final = {
    "boolean": ("b", "true", "false", "CAST(NULL AS boolean)", "(k > 3)"),
    "tinyint": ("ti", "TINYINT '3'", "TINYINT '-128'", "TINYINT '0'"),
    "smallint": ("si", "SMALLINT '300'", "SMALLINT '-32768'"),
    "integer": ("k", "i", "0", "1", "2", "-5", "31", "2147483647", "CAST(NULL AS integer)"),
    "bigint": (
        "bi", "k", "1", "5", "BIGINT '0'", "BIGINT '-3'", "BIGINT '9223372036854775807'",
        "BIGINT '64'", "CAST(NULL AS bigint)",
    ),
    "real": ("r", "REAL '0.1'", "REAL '-3.5'", "REAL '1e10'"),
    "double": (
        "d", "0e0", "1.5e0", "-2.5e0", "1e18", "nan()", "infinity()", "-0e0", "0.3e0",
        "CAST(NULL AS double)", "123456.75e0",
    ),
    "decimal": ("d52", "d100", "d204", "d3810", "0.5", "-1.005", "123.45", "2.50"),
    "varchar": (
        "s", "v", "js", "iso", "'abc'", "''", "'a,b,,c'", "'  x '", "'日本語'", "'HELLO'",
        "'a😀b'", "'äÖß'", "'%'", "'12'", "'k1=v1,k2=v2'", "CAST(NULL AS varchar)",
    ),
    "char": ("c", "CAST('ab' AS char(3))"),
    "varbinary": ("bin", "X''", "X'00ff'", "X'616263'", "to_utf8('日本')"),
    "date": (
        "da", "DATE '2020-02-29'", "DATE '1969-12-31'", "DATE '0001-01-01'", "DATE '2024-12-30'",
        "DATE '9999-12-31'", "CAST(NULL AS date)",
    ),
    "time": ("TIME '01:02:03.456'", "TIME '00:00:00'", "TIME '23:59:59.999'"),
    "timestamp": (
        "ts", "TIMESTAMP '2020-02-29 23:59:59.999'", "TIMESTAMP '1969-12-31 23:00:00.001'",
        "TIMESTAMP '2021-03-28 02:30:00'", "CAST(NULL AS timestamp(3))", "CAST(da AS timestamp)",
    ),
    "moment": (
        "TIMESTAMP '2020-03-08 02:30:00 UTC'", "from_unixtime(k * 100000)",
        "TIMESTAMP '2020-03-08 03:30:00.123 America/Los_Angeles'", "(ts AT TIME ZONE 'Asia/Tokyo')",
        "with_timezone(ts, 'Europe/Berlin')", "CAST(NULL AS timestamp(3) with time zone)",
    ),
    "interval day to second": (
        "INTERVAL '1' DAY", "INTERVAL '-3' HOUR", "INTERVAL '1.5' SECOND",
        "INTERVAL '2 03:04:05.678' DAY TO SECOND",
    ),
    "interval year to month": ("INTERVAL '1' YEAR", "INTERVAL '-5' MONTH"),
    "json": (
        "json_parse(js)", "JSON '[1,2,\"x\",null,{\"a\":[true]}]'", "JSON 'null'", "JSON '3'",
        "JSON '{\"a\":{\"b\":1.50},\"c\":\"t\"}'", "JSON '\"s\"'", "CAST(ai AS json)",
    ),
    "row": ("st", "ROW(1, 'a')", "CAST(ROW(k, s) AS row(x integer, y varchar))"),
    "array(integer)": (
        "ai", "ARRAY[1, 2, 3]", "ARRAY[3, NULL, 1, 3]", "sequence(1, 4)", "ARRAY[k, 5]",
        "CAST(ARRAY[] AS array(integer))", "CAST(NULL AS array(integer))",
    ),
    "array(varchar)": ("ass", "ARRAY['a', 'B', NULL, '']", "split('x,y,x', ',')", "ARRAY[s, v]"),
    "array(double)": ("ARRAY[d]", "ARRAY[1e0, 2.5e0]", "ARRAY[0.1e0, 0.9e0]"),
    "map(varchar,integer)": ("m", "MAP(ARRAY['a'], ARRAY[1])", "MAP(ARRAY[s], ARRAY[k])"),
}  # fmt: skip
_UNITS: Final = ("'day'", "'week'", "'month'", "'quarter'", "'year'")  # of dates too
_PATTERNS: Final = (
    r"'[a-z]+'", r"'(\w)(\d*)'", "'^.'", "'a|b'", r"'\s'", "'.*'", "'(?i)H'", "'日'", "'x{2}'",
    "'[^a-c]'", r"'\d{2,}'", "'$'", r"'\p{L}+'", "'[[:alpha:]]'", r"'\.'", "''",
)  # fmt: skip
_PATHS: Final = ("'$.a'", "'$'", "'$[0]'", "'$.b[2].c'", "'$[\"a\"]'", "'$..a'", "'$.*'", "'$.日'")
_MYSQL: Final = (
    "'%Y-%m-%d'", "'%H:%i:%s'", "'%Y-%m-%d %H:%i:%s.%f'", "'%W %a'", "'%b %M %c %e'",
    "'%j %p %r %T'", "'%y/%k/%l %h %I'", "'%x %v'", "'%%'",
)  # fmt: skip
_JODA: Final = ("'yyyy-MM-dd'", "'HH:mm:ss.SSS'", "'EEE, d MMM yyyy'", "'hh a'", "'D e'", "'ZZ'")
_ZONES: Final = ("'UTC'", "'America/New_York'", "'+05:30'", "'Asia/Tokyo'", "'Europe/Berlin'")
_URLS: Final = (
    "'http://u@ex.org:80/p/q.html?a=1&b=%20x#f'", "'https://ex.org'", "s", "'mailto:x@y'",
    "'http://ex.org/?a&b=&a=2'", "'ftp://h/x%2Fy?q=a+b'",
)  # fmt: skip
_ISO: Final = (
    "iso", "'2020-01-02'", "'2020-01-02T03:04:05.123456Z'", "'2020-W01-3'", "'2020-123'",
    "'2020-01-02T03'", "'x'", "'2020-01'", "'2020'",
)  # fmt: skip
_FEW: Final = ("0", "3", "k")
# What one function's parameter has to be to say anything: by name (a pattern) and place.
_SPECIAL: Final[tuple[tuple[str, int, tuple[str, ...]], ...]] = (
    ("date_(trunc|add|diff)", 0, _UNITS),
    ("regexp_.*", 1, _PATTERNS),
    ("regexp_replace", 2, ("''", "'-'", "'<$0>'", "'$1'", r"'\$'")),
    ("json_(extract|extract_scalar|size)", 1, _PATHS),
    ("(is_)?json_.*", 0, ("js", "'[1,2]'", '\'{"a":{"b":1}}\'', "'{'", "json_parse(js)")),
    ("date_(format|parse)", 1, _MYSQL),
    ("(format|parse)_datetime", 1, _JODA),
    ("(date_parse|parse_datetime)", 0, ("'2020-01-02'", "'01:02:03'", "'2020-1-2 3:4:5'", "iso")),
    ("from_iso8601_.*", 0, _ISO),
    ("(at|with)_timezone", 1, _ZONES),
    ("url_(extract|decode).*", 0, _URLS),
    ("(repeat|[lr]pad)", 1, _FEW),
    ("combinations", 1, ("1", "2")),
    ("ngrams", 1, ("1", "2", "3")),
    ("approx_distinct", 1, ("0.0040625e0",)),
    ("approx_percentile", 1, ("0.5e0", "0e0", "1e0", "0.25e0")),
    ("(to|from)_base", 1, ("2", "16", "36", "10")),
    ("(lag|lead|nth_value)", 1, ("0", "1", "2")),
    ("ntile", 0, ("1", "3", "4")),
)
_NAMES: Final = (
    (r"varchar(\(\w+\))?", "varchar"),
    (r"char\(\w+\)", "char"),
    (r"decimal\(.*\)", "decimal"),
    (r"timestamp\(\w+\) with time zone", "moment"),
    (r"timestamp\(\w+\)", "timestamp"),
    (r"time\(\w+\)", "time"),
    (r"row\(.*\)", "row"),
    ("unknown", "integer"),
    ("joniregexp|jsonpath", "varchar"),
)


class NoValueError(Exception):
    """A parameter of a type that has no arguments here."""


class Values:
    """Draws arguments, and binds the types that a signature leaves open for one call."""

    def __init__(self, source: random.Random) -> None:
        self._random = source

    def arguments(self, name: str, parameters: str) -> list[str]:
        """Arguments for a signature: `array(T), T`.

        Raises:
            NoValueError: If there are none for one of its types.
        """
        bound: dict[str, str] = {}
        return [
            self._special(name, at) or self._argument(parameter, bound)
            for at, parameter in enumerate(parts(parameters))
        ]

    def of(self, kind: str) -> str:
        """A column or a literal of a type."""
        if kind in _OF:
            return self._random.choice(_OF[kind])
        found = re.fullmatch(r"(array|map)\((.*)\)", kind)
        if found is None:
            raise NoValueError(kind)
        drawn = [self.of(part) for part in parts(found[2])]
        if found[1] == "array":
            return f"ARRAY[{drawn[0]}]"
        return f"MAP(ARRAY[{drawn[0]}], ARRAY[{drawn[1]}])"

    def _special(self, name: str, at: int) -> str | None:
        for pattern, place, values in _SPECIAL:
            if place == at and re.fullmatch(pattern, name):
                return self._random.choice(values)
        return None

    def _argument(self, parameter: str, bound: dict[str, str]) -> str:
        if parameter.startswith("function("):
            return self._lambda(parameter, bound)
        return self.of(self._kind(parameter, bound))

    def _kind(self, text: str, bound: dict[str, str]) -> str:
        for pattern, kind in _NAMES:
            if re.fullmatch(pattern, text):
                return kind
        if re.fullmatch(r"[A-Za-z]\d?", text):
            kinds = KINDS[:-2] if text not in {"K", "k"} else ("integer", "varchar", "date")
            return bound.setdefault(text, self._random.choice(kinds))
        found = re.fullmatch(r"(array|map)\((.*)\)", text)
        if found is None:
            return text
        inner = ",".join(self._kind(part, bound) for part in parts(found[2]))
        return f"{found[1]}({inner})"

    def _lambda(self, parameter: str, bound: dict[str, str]) -> str:
        *takes, gives = (self._kind(part, bound) for part in parts(parameter[9:-1]))
        names = ["x", "y", "z"][: len(takes)]
        bodies = [name for name, kind in zip(names, takes, strict=True) if kind == gives]
        if gives == "boolean":
            bodies += [f"{name} IS NOT NULL" for name in names]
        if gives == "integer" and takes[0] == "integer":
            bodies.append("x + 1")
        body = self._random.choice(bodies or [self.of(gives)])
        return f"({', '.join(names)}) -> {body}"


def parts(text: str) -> list[str]:
    """What stands between commas outside of brackets."""
    found, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            found.append(text[start:at].strip())
            start = at + 1
    last = text[start:].strip()
    return [re.sub(r"\.\.\.$", "", part) for part in [*found, *([last] if last else [])]]
