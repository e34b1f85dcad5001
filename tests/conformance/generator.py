"""Random valid queries over the suite's tables: `Generator(seed).query()`, the same for a seed.

The grammar is typed, so that what it makes is valid in Trino: an expression of a kind is a column
of the kind, a literal, or a function of expressions of the kinds it takes. What depends on the
order of rows or on the clock is left out, and a double never becomes a text, since its last digit
may depend on the order of a sum.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Final

INT, DOUBLE, DECIMAL, TEXT, BOOL, DATE, TIME, CLOCK, INTS = (
    "int", "double", "decimal", "text", "bool", "date", "time", "clock", "ints",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Source:
    """A table with its columns by kind, its key, and a condition that keeps extremes out."""

    name: str
    key: str
    columns: dict[str, tuple[str, ...]]
    where: str = "true"
    groups: tuple[str, ...] = ()


SOURCES: Final = (
    Source(
        "typed", "k",
        {
            INT: ("k", "i", "ti", "si"), DOUBLE: ("d", "r"), DECIMAL: ("d52", "d204"),
            TEXT: ("s", "v"), BOOL: ("b",), DATE: ("da",), TIME: ("ts",), INTS: ("ai",),
        },
        "k NOT IN (4, 5)", ("b", "ti", "da"),
    ),
    Source(
        "sales", "id",
        {
            INT: ("id", "amount"), DOUBLE: ("weight",), DECIMAL: ("price",),
            TEXT: ("shop", "item", "dt"), TIME: ("sold_at",),
        },
        "true", ("shop", "item", "dt", "amount"),
    ),
    Source(
        "people", "id",
        {INT: ("id",), DOUBLE: ("amount",), TEXT: ("name",), BOOL: ("ok",), DATE: ("born",)},
        "id IS NOT NULL", ("ok", "name"),
    ),
)  # fmt: skip
_LITERALS: Final = {
    INT: ("0", "1", "2", "7", "-3", "10", "NULL"),
    DOUBLE: ("0e0", "1.5e0", "-2.25e0", "1e2"),
    DECIMAL: ("0.5", "1.25", "-10.10", "100.0"),
    TEXT: ("'a'", "''", "'item-1'", "'north'", "'日本'", "'2024-03-31'"),
    BOOL: ("true", "false"),
    DATE: ("DATE '2020-02-29'", "DATE '1999-12-31'", "DATE '2024-03-31'"),
    TIME: ("TIMESTAMP '2024-03-31 12:30:00.500'", "TIMESTAMP '2004-02-29 00:00:00'"),
    CLOCK: ("TIME '08:30:00'", "TIME '22:15:30.500'", "TIME '00:00:00'"),
    INTS: ("ARRAY[1, 2, 3]", "ARRAY[5]", "ARRAY[3, NULL]"),
}
# {kind} stands for an expression of that kind; a number in it would be a literal of the text.
_FORMS: Final = {
    INT: (
        "({int} + {int})", "({int} - {int})", "({int} * 2)", "({int} / NULLIF({int}, 0))",
        "({int} % 5)", "abs({int})", "coalesce({int}, {int})", "nullif({int}, {int})",
        "if({bool}, {int}, {int})", "CASE WHEN {bool} THEN {int} WHEN {bool} THEN {int} END",
        "greatest({int}, {int})", "least({int}, {int})", "length({text})", "strpos({text}, 'a')",
        "year({date})", "month({time})", "day_of_week({date})", "hour({time})", "week({date})",
        "date_diff('day', {date}, {date})", "date_diff('hour', {time}, {time})",
        "date_diff('month', {date}, {date})", "cardinality({ints})", "element_at({ints}, 1)",
        "array_max({ints})", "reduce({ints}, 0, (s, x) -> s + coalesce(x, 0), s -> s)",
        "CAST(round({double}) AS bigint)", "TRY_CAST({text} AS integer)", "bitwise_and({int}, 7)",
        "CAST({decimal} AS bigint)", "quarter({date})", "day({time})", "sign({int})",
        "bitwise_left_shift({int}, 3)", "bitwise_right_shift({int}, 2)", "hour({clock})",
        "second({clock})", "date_diff('minute', {clock}, {clock})",
    ),
    DOUBLE: (
        "({double} + {double})", "({double} * {double})", "({double} - {int})",
        "({int} / 4e0)", "CAST({int} AS double)", "CAST({decimal} AS double)", "abs({double})",
        "round({double}, 2)", "floor({double})", "sqrt(abs({double}))", "coalesce({double}, 0e0)",
        "if({bool}, {double}, {double})", "power({double}, 2)", "greatest({double}, {double})",
        "nullif({double}, {double})", "ln(abs({double}) + 1e0)", "to_unixtime({time})",
        "truncate({double})", "ceil({double})", "TRY_CAST({text} AS double)",
    ),
    DECIMAL: (
        "({decimal} + {decimal})", "({decimal} - {int})", "({decimal} * 2)",
        "({decimal} / NULLIF({decimal}, 0))", "({decimal} / 3)", "CAST({int} AS decimal(20,2))",
        "round({decimal}, 1)", "round({decimal})", "abs({decimal})", "floor({decimal})",
        "coalesce({decimal}, {decimal})", "if({bool}, {decimal}, {decimal})",
        "CAST({decimal} AS decimal(12,1))", "greatest({decimal}, {decimal})", "ceil({decimal})",
        "nullif({decimal}, {decimal})", "truncate({decimal})", "(- {decimal})",
    ),
    TEXT: (
        "upper({text})", "lower({text})", "substr({text}, 2)", "substr({text}, -2, 1)",
        "concat({text}, {text})", "({text} || '-')", "replace({text}, 'a', 'bb')", "trim({text})",
        "reverse({text})", "lpad({text}, 4, '*')", "split_part({text}, '-', 2)",
        "coalesce({text}, 'none')", "if({bool}, {text}, {text})", "CAST({int} AS varchar)",
        "CAST({date} AS varchar)", "CAST({time} AS varchar)", "CAST({decimal} AS varchar)",
        "CAST({bool} AS varchar)", "date_format({time}, '%Y-%m-%d %H:%i')",
        "nullif({text}, {text})", "CAST({clock} AS varchar)",
        "regexp_replace({text}, '[aeiou]', '*')", "regexp_extract({text}, '[a-z]+')",
        "array_join({ints}, ',')", "greatest({text}, {text})", "to_hex(to_utf8({text}))",
        "CASE {text} WHEN 'north' THEN 'N' WHEN 'abc' THEN 'A' ELSE {text} END",
    ),
    BOOL: (
        "({int} > {int})", "({int} = {int})", "({double} < {double})", "({double} = {double})",
        "({decimal} >= {decimal})", "({decimal} <> {double})", "({int} <= {decimal})",
        "({text} = {text})", "({text} < {text})", "({date} > {date})", "({time} <= {time})",
        "({date} <= {time})", "({bool} AND {bool})", "({bool} OR {bool})", "(NOT {bool})",
        "({int} IS NULL)", "({text} IS NOT NULL)", "({int} BETWEEN -5 AND {int})",
        "({int} IN (1, 2, {int}))", "({text} IN ('a', 'north', {text}))", "({text} LIKE '%a%')",
        "({text} NOT LIKE 'i%')", "({int} NOT IN (3, 4))", "({int} IS DISTINCT FROM {int})",
        "({double} IS NOT DISTINCT FROM {double})", "regexp_like({text}, '[0-9]')",
        "contains({ints}, 1)", "any_match({ints}, x -> x > 1)", "({double} NOT BETWEEN 0 AND 1)",
        "starts_with({text}, 'i')", "is_nan({double})", "coalesce({bool}, false)",
        "({clock} < {clock})", "({clock} BETWEEN TIME '06:00:00' AND {clock})",
    ),
    DATE: (
        "date_add('day', 3, {date})", "date_add('month', -1, {date})",
        "date_trunc('month', {date})",
        "CAST({time} AS date)", "coalesce({date}, {date})", "({date} + INTERVAL '1' YEAR)",
        "date_trunc('week', {date})", "if({bool}, {date}, {date})", "TRY_CAST({text} AS date)",
        "CAST({time} AT TIME ZONE 'Asia/Tokyo' AS date)", "last_day_of_month({date})",
    ),
    TIME: (
        "date_trunc('hour', {time})", "date_trunc('day', {time})", "date_add('minute', 90, {time})",
        "({time} - INTERVAL '2' HOUR)", "CAST({date} AS timestamp)", "coalesce({time}, {time})",
        "if({bool}, {time}, {time})", "date_add('month', 1, {time})", "({time} + INTERVAL '3' DAY)",
        "CAST({time} AT TIME ZONE 'America/New_York' AS timestamp)",
    ),
    CLOCK: (
        "CAST({time} AS time)", "CAST({time} AS time(0))", "date_trunc('minute', {clock})",
        "date_add('minute', {int}, {clock})", "({clock} + INTERVAL '7' HOUR)",
        "({clock} - INTERVAL '90' SECOND)", "coalesce({clock}, {clock})",
        "if({bool}, {clock}, {clock})", "greatest({clock}, {clock})", "TRY_CAST({text} AS time)",
    ),
    INTS: (
        "transform({ints}, x -> x * 2)", "filter({ints}, x -> x > 1)", "array_sort({ints})",
        "array_distinct({ints})", "slice({ints}, 1, 2)", "ARRAY[{int}, {int}]", "({ints} || 9)",
        "coalesce({ints}, ARRAY[0])", "if({bool}, {ints}, {ints})", "reverse({ints})",
    ),
}  # fmt: skip
_AGGREGATES: Final = (
    "count(*)", "count({int})", "count(DISTINCT {text})", "sum({int})", "avg({int})", "min({int})",
    "max({text})", "sum({decimal})", "avg({decimal})", "min({decimal})", "sum({double})",
    "avg({double})", "max({double})", "min({date})", "max({time})", "count_if({bool})",
    "max({clock})", "bool_or({bool})", "bool_and({bool})", "sum({int}) FILTER (WHERE {bool})",
    "count(DISTINCT {int})", "array_sort(array_agg(DISTINCT {int}))", "stddev({int})",
    "sum({int}) * 1.0 / count(*)", "max_by({key}, {key})", "approx_distinct({text})",
    "array_agg({text} ORDER BY {key})", "sum(DISTINCT {int})",
    "avg({decimal}) FILTER (WHERE {bool})",
)  # fmt: skip
_WINDOWS: Final = (
    "row_number() OVER ({part}ORDER BY {key})", "rank() OVER ({part}ORDER BY {int}{dir})",
    "dense_rank() OVER ({part}ORDER BY {text}{dir})", "sum({int}) OVER ({part}ORDER BY {key})",
    "sum({decimal}) OVER ({part}ORDER BY {key} ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)",
    "lag({int}) OVER ({part}ORDER BY {key})", "lead({text}, 2) OVER ({part}ORDER BY {key})",
    "first_value({int}) OVER ({part}ORDER BY {key})", "count({text}) OVER ({part}ORDER BY {int})",
    "last_value({date}) OVER ({part}ORDER BY {key})", "ntile(3) OVER ({part}ORDER BY {key})",
    "avg({int}) OVER ({part}ORDER BY {key} ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)",
    "max({double}) OVER ({part}ORDER BY {key})", "cume_dist() OVER ({part}ORDER BY {int}{dir})",
    "min({decimal}) OVER ({part}ORDER BY {int}{dir})", "count(*) OVER ({part}ORDER BY {date}{dir})",
)  # fmt: skip


class Generator:
    """Queries one after the other, all from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._source = SOURCES[0]

    def query(self) -> str:
        """The next query."""
        self._source = self._random.choice(SOURCES)
        makers = (
            self._rows, self._rows, self._groups, self._groups, self._windows, self._sets,
            self._join, self._unnest, self._nested, self._grouping_sets,
        )  # fmt: skip
        return self._random.choice(makers)()

    def expression(self, kind: str, depth: int) -> str:
        """An expression of a kind, with at most so many functions inside one another."""
        columns = self._source.columns.get(kind, ())
        if depth <= 0 or self._random.random() < 0.2:
            if columns and self._random.random() < 0.85:
                return self._random.choice(columns)
            return self._random.choice(_LITERALS[kind])
        return self._filled(self._random.choice(_FORMS[kind]), depth - 1)

    def _filled(self, form: str, depth: int) -> str:
        text = form.replace("{key}", self._source.key)
        for kind in _FORMS:
            while f"{{{kind}}}" in text:
                text = text.replace(f"{{{kind}}}", self.expression(kind, depth), 1)
        return text

    def _any(self, depth: int = 2) -> str:
        return self.expression(self._random.choice(list(_FORMS)), depth)

    def _from(self) -> str:
        where = self._source.where
        if self._random.random() < 0.6:
            where = f"{where} AND {self.expression(BOOL, 2)}"
        return f"FROM {self._source.name} WHERE {where}"

    def _listed(self, forms: list[str]) -> str:
        return ", ".join(f"{form} AS c{at}" for at, form in enumerate(forms))

    def _rows(self) -> str:
        items = [self._any(3) for _ in range(self._random.randint(1, 4))]
        key = self._source.key
        return f"SELECT {key}, {self._listed(items)} {self._from()} ORDER BY {key}"

    def _aggregates(self, most: int = 3) -> str:
        chosen = [self._random.choice(_AGGREGATES) for _ in range(self._random.randint(1, most))]
        return self._listed([self._filled(form, 1) for form in chosen])

    def _groups(self) -> str:
        if self._random.random() < 0.3:
            return f"SELECT {self._aggregates()} {self._from()}"
        by = self._random.choice([*self._source.groups, self.expression(TEXT, 1)])
        having = " HAVING count(*) > 1" if self._random.random() < 0.3 else ""
        return f"SELECT {by} AS g, {self._aggregates()} {self._from()} GROUP BY {by}{having}"

    def _grouping_sets(self) -> str:
        one, other = self._random.sample(self._source.groups, 2)
        sets = self._random.choice(
            (f"ROLLUP ({one}, {other})", f"CUBE ({one}, {other})", f"GROUPING SETS (({one}), ())")
        )
        shown = f"{one}, grouping({one}) AS g" if "SETS" in sets else f"{one}, {other}"
        return f"SELECT {shown}, {self._aggregates(2)} {self._from()} GROUP BY {sets}"

    def _windows(self) -> str:
        items = []
        for _ in range(self._random.randint(1, 3)):
            form = self._random.choice(_WINDOWS)
            part = self._random.choice(("", f"PARTITION BY {self._source.groups[0]} "))
            ways = ("", " DESC", " DESC NULLS LAST", " NULLS FIRST")
            form = form.replace("{part}", part).replace("{dir}", self._random.choice(ways))
            items.append(self._filled(form, 1))
        key = self._source.key
        return f"SELECT {key}, {self._listed(items)} {self._from()} ORDER BY {key}"

    def _sets(self) -> str:
        kind = self._random.choice([INT, DECIMAL, TEXT, DATE, BOOL])
        left = f"SELECT {self.expression(kind, 2)} AS x {self._from()}"
        self._source = self._random.choice(SOURCES)
        right = f"SELECT {self.expression(kind, 2)} AS x {self._from()}"
        between = self._random.choice(("UNION", "UNION ALL", "INTERSECT", "EXCEPT"))
        return f"{left} {between} {right}"

    def _join(self) -> str:
        how = self._random.choice(("JOIN", "LEFT JOIN", "FULL JOIN"))
        item = self._any(2)
        left = f"SELECT {self._source.key} AS k1, {item} AS x {self._from()}"
        self._source = self._random.choice(SOURCES)
        right = f"SELECT {self._source.key} AS k2, {self._any(2)} AS y {self._from()}"
        on = self._random.choice(("k1 = k2", "k1 = k2 + 1", "k1 = k2 AND k2 > 3"))
        return f"SELECT k1, k2, x, y FROM ({left}) AS a {how} ({right}) AS b ON {on}"

    def _unnest(self) -> str:
        self._source = SOURCES[0]
        ints = self.expression(INTS, 1)
        return (
            f"SELECT k, n, {self._any(1)} AS c FROM typed CROSS JOIN UNNEST({ints}) AS t (n) "
            f"WHERE {self._source.where}"
        )

    def _nested(self) -> str:
        inner = f"SELECT {self._source.key} AS k, {self.expression(INT, 2)} AS x {self._from()}"
        test = self._random.choice(
            ("x IN (SELECT amount FROM sales)", "x > (SELECT avg(amount) FROM sales)",
             "EXISTS (SELECT 1 FROM sales WHERE sales.id = w.k)", "x IS NOT NULL"),
        )  # fmt: skip
        shown = "count(*) AS n, sum(k) AS s, max(x) AS m"
        return f"WITH w AS ({inner}) SELECT {shown} FROM w WHERE {test}"
