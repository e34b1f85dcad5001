"""What expressions answer, with their Trino types: the translation and the engine, no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_athena.evaluation import evaluate

if TYPE_CHECKING:
    from dayfold_local.athena.execution.engine import DuckDbEngine


EXPRESSIONS = [
    # arithmetic
    ("7/2", "3", "integer"),
    ("-7/2", "-3", "integer"),
    ("-7%2", "-1", "integer"),
    ("7.0/2", "3.5", "decimal(2,1)"),
    ("2/3.00", "0.67", "decimal(14,2)"),
    ("1.5*2.25", "3.375", "decimal(5,3)"),
    ("1.5+2", "3.5", "decimal(12,1)"),
    ("1e0/3", "0.3333333333333333", "double"),
    ("1e0/0", "Infinity", "double"),
    ("CAST(3 AS bigint)/CAST(2 AS double)", "1.5", "double"),
    ("123456789012e0", "1.23456789012E11", "double"),
    ("2147483647 + CAST(1 AS bigint)", "2147483648", "bigint"),
    ("round(2.567, 2)", "2.570", "decimal(5,3)"),
    ("round(-2.5e0)", "-3.0", "double"),
    ("nullif(2, 2)", None, "integer"),
    ("greatest(1, 2, NULL)", None, "integer"),
    # casts
    ("CAST(2.5e0 AS bigint)", "3", "bigint"),
    ("CAST(-2.5e0 AS integer)", "-3", "integer"),
    ("CAST('12' AS bigint)", "12", "bigint"),
    ("TRY_CAST('1.5' AS bigint)", None, "bigint"),
    ("TRY_CAST(' 1' AS bigint)", None, "bigint"),
    ("TRY_CAST('2020-01-01T00:00:00' AS timestamp)", None, "timestamp(3)"),
    ("CAST('2020-01-01 01:02:03.4' AS timestamp)", "2020-01-01 01:02:03.400", "timestamp(3)"),
    ("CAST(1.115e0 AS decimal(10,2))", "1.12", "decimal(10,2)"),
    ("CAST(date '2020-01-01' AS varchar)", "2020-01-01", "varchar"),
    ("CAST(timestamp '2020-01-01 01:02:03.456' AS varchar)", "2020-01-01 01:02:03.456", "varchar"),
    ("CAST(true AS varchar)", "true", "varchar"),
    ("try(1/0)", None, "integer"),
    # words that take brackets and are no functions
    ("1 = 1 AND (2 = 2 OR (3 = 4))", "true", "boolean"),
    ("'ab' LIKE ('a%')", "true", "boolean"),
    ("CASE (1) WHEN 1 THEN 'a' END", "a", "varchar(1)"),
    ("try(CAST('x' AS bigint))", None, "bigint"),
    # dates and zones
    ("date_add('day', -6, DATE '2004-05-20')", "2004-05-14", "date"),
    ("date_add('month', 1, DATE '2020-01-31')", "2020-02-29", "date"),
    ("date_diff('day', DATE '2020-01-01', DATE '2020-01-10')", "9", "bigint"),
    (
        "date_diff('hour', timestamp '2020-01-01 00:59:00', timestamp '2020-01-01 02:00:00')",
        "1",
        "bigint",
    ),
    ("date_trunc('week', DATE '2020-01-02')", "2019-12-30", "date"),
    ("day_of_week(DATE '2020-01-05')", "7", "bigint"),
    ("extract(month FROM DATE '2020-03-01')", "3", "bigint"),
    (
        "from_iso8601_timestamp('2020-01-01T00:00:00Z')",
        "2020-01-01 00:00:00.000 UTC",
        "timestamp(3) with time zone",
    ),
    (
        "CAST(from_iso8601_timestamp('2020-01-01T20:00:00Z') AT TIME ZONE 'Asia/Tokyo' AS date)",
        "2020-01-02",
        "date",
    ),
    (
        "CAST(from_iso8601_timestamp('2020-01-01T05:00:00+09:00') AT TIME ZONE 'UTC' AS date)",
        "2019-12-31",
        "date",
    ),
    (
        "date_trunc('day', at_timezone(timestamp '2020-01-01 20:00:00 UTC', 'Asia/Tokyo'))",
        "2020-01-02 00:00:00 Asia/Tokyo",
        "timestamp(0) with time zone",
    ),
    (
        "with_timezone(timestamp '2020-07-01 00:00:00', 'America/New_York') AT TIME ZONE 'UTC'",
        "2020-07-01 04:00:00 UTC",
        "timestamp(0) with time zone",
    ),
    (
        "format_datetime(timestamp '2020-01-02 03:04:05', 'yyyy/MM/dd HH:mm')",
        "2020/01/02 03:04",
        "varchar",
    ),
    (
        "date_format(timestamp '2020-01-02 03:04:05', '%Y-%m-%d %H:%i:%s')",
        "2020-01-02 03:04:05",
        "varchar",
    ),
    ("date_parse('2020-01-02', '%Y-%m-%d')", "2020-01-02 00:00:00.000", "timestamp(3)"),
    ("to_unixtime(timestamp '1970-01-01 00:00:01')", "1.0", "double"),
    (
        "timestamp '2020-01-01 00:00:00' + INTERVAL '1' DAY",
        "2020-01-02 00:00:00.000",
        "timestamp(3)",
    ),
    # texts
    ("'a' || NULL", None, "varchar"),
    ("concat('a', 'b')", "ab", "varchar"),
    ("concat_ws(',', 'a', NULL, 'b')", "a,b", "varchar"),
    ("substr('hello', 0)", "", "varchar(5)"),
    ("substring('hello', -3)", "llo", "varchar(5)"),
    ("split_part('a,b', ',', 5)", None, "varchar(3)"),
    ("split('a,b', ',')", "[a, b]", "array(varchar(3))"),
    ("regexp_extract('abc123', '([a-z]+)([0-9]+)', 2)", "123", "varchar(6)"),
    ("regexp_extract('abc', '[0-9]')", None, "varchar(3)"),
    ("regexp_replace('abc123', '([a-z]+)', '<$1>')", "<abc>123", "varchar(90)"),
    ("regexp_like('abc', 'b')", "true", "boolean"),
    ("to_hex(md5(to_utf8('a')))", "0CC175B9C0F1B6A831C399E269772661", "varchar"),
    # arrays, maps, rows, JSON
    ("ARRAY[1, 2][2]", "2", "integer"),
    ("element_at(ARRAY[1, 2], 5)", None, "integer"),
    ("cardinality(ARRAY[1, 2])", "2", "bigint"),
    ("transform(ARRAY[1, 2], x -> x * 2)", "[2, 4]", "array(integer)"),
    ("filter(ARRAY[1, 2, 3], x -> x > 1)", "[2, 3]", "array(integer)"),
    ("reduce(ARRAY[1, 2, 3], 0, (s, x) -> s + x, s -> s)", "6", "integer"),
    ("contains(ARRAY[1, NULL], 2)", None, "boolean"),
    ("array_join(ARRAY[1, NULL, 3], ',')", "1,3", "varchar"),
    ("map(ARRAY['a'], ARRAY[1])['a']", "1", "integer"),
    ("element_at(map(ARRAY['a'], ARRAY[1]), 'b')", None, "integer"),
    (
        "json_format(CAST(ARRAY[map(ARRAY['b', 'a'], ARRAY[1, 2]), NULL] AS JSON))",
        '[{"a":2,"b":1},null]',
        "varchar",
    ),
    ("CAST(ROW(1, 'a') AS ROW(x bigint, y varchar)).y", "a", "varchar"),
    ("json_extract_scalar('{\"a\": {\"b\": 2}}', '$.a.b')", "2", "varchar(15)"),
    ("json_extract_scalar('{\"a\": {\"b\": 2}}', '$.a')", None, "varchar(15)"),
    ("json_extract_scalar('no json', '$.a')", None, "varchar(7)"),
    (
        "json_format(CAST(ARRAY[CAST(ROW(1, NULL) AS ROW(n bigint, s varchar))] AS json))",
        '[{"n":1,"s":null}]',
        "varchar",
    ),
    ("json_format(CAST(map(ARRAY['b', 'a'], ARRAY[1, 2]) AS json))", '{"a":2,"b":1}', "varchar"),
    (
        "sequence(DATE '2020-01-01', DATE '2020-01-03')",
        "[2020-01-01, 2020-01-02, 2020-01-03]",
        "array(date)",
    ),
]


@pytest.mark.parametrize(("sql", "value", "kind"), EXPRESSIONS)
def test_expression(engine: DuckDbEngine, sql: str, value: str | None, kind: str) -> None:
    # Given an expression of Athena's dialect
    # When it is translated and run
    rows, kinds = evaluate(engine, f"SELECT {sql}")

    # Then value and type are Trino's
    assert rows == [(value,)]
    assert kinds == [kind]


QUERIES = [
    (
        (
            "SELECT count(*), count(x), sum(x), avg(x), max_by(x, -x), count_if(x > 1), "
            "array_agg(x ORDER BY x DESC)"
            " FROM (VALUES 1, 2, 3, NULL) t(x)"
        ),
        [("4", "3", "6", "2.0", "1", "2", "[3, 2, 1, null]")],
    ),
    (
        "SELECT avg(x), sum(x) FROM (VALUES 1.00, 2.01) t(x)",
        [("1.51", "3.01")],
    ),
    (
        (
            "SELECT k, sum(v) FILTER (WHERE v > 1) FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) "
            "t(k, v) GROUP BY k ORDER BY k"
        ),
        [("a", "3"), ("b", "2")],
    ),
    (
        (
            "SELECT grouping(a, b), a, b, count(*) FROM (VALUES (1, 2), (1, 3)) t(a, b)"
            " GROUP BY GROUPING SETS ((a), (a, b), ()) ORDER BY 1, 2, 3"
        ),
        [("0", "1", "2", "1"), ("0", "1", "3", "1"), ("1", "1", None, "2"), ("3", None, None, "2")],
    ),
    (
        (
            "SELECT v, row_number() OVER (PARTITION BY k ORDER BY v DESC), lag(v) IGNORE NULLS "
            "OVER (ORDER BY v)"
            " FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) t(k, v) ORDER BY v"
        ),
        [("1", "2", None), ("2", "1", "1"), ("3", "1", "2")],
    ),
    (
        (
            "SELECT sum(x) OVER later FROM (VALUES 1, 2) t(x)"
            " WINDOW later AS (ORDER BY x GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        ),
        [(None,), ("1",)],
    ),
    (
        (
            "SELECT t.k, u.x, u.n FROM (VALUES ('a', ARRAY[1, 2]), ('b', ARRAY[3])) t(k, a)"
            " CROSS JOIN UNNEST(a) WITH ORDINALITY AS u(x, n) ORDER BY 1, 2"
        ),
        [("a", "1", "1"), ("a", "2", "2"), ("b", "3", "1")],
    ),
    ("SELECT * FROM UNNEST(map(ARRAY['a'], ARRAY[1])) AS t(k, v)", [("a", "1")]),
    (
        "SELECT * FROM (VALUES (1, 'x')) a(i, n) JOIN (VALUES (1, 'y')) b(i, m) USING (i)",
        [("1", "x", "y")],
    ),
    (
        (
            "WITH a AS (SELECT 1 x UNION ALL SELECT 2), b AS (SELECT max(x) AS m FROM a)"
            " SELECT x FROM a WHERE x = (SELECT m FROM b) AND x IN (SELECT x FROM a) ORDER BY x "
            "LIMIT 1"
        ),
        [("2",)],
    ),
    ("SELECT x FROM (VALUES 2, NULL, 1) t(x) ORDER BY x DESC", [("2",), ("1",), (None,)]),
    ("SELECT listagg(x, ',') WITHIN GROUP (ORDER BY x) FROM (VALUES 'b', 'a') t(x)", [("a,b",)]),
    # an exact median: the mean of the middle two
    (
        (
            "SELECT avg(x) FROM (SELECT x, row_number() OVER (ORDER BY x) AS p, count(*) OVER () "
            "AS n FROM (VALUES 1e0, 5e0, 2e0, 10e0) t(x)) WHERE 2 * p BETWEEN n AND n + 2"
        ),
        [("3.5",)],
    ),
]


@pytest.mark.parametrize(("sql", "expected"), QUERIES)
def test_query(engine: DuckDbEngine, sql: str, expected: list[tuple[str | None, ...]]) -> None:
    # Given a query without tables
    # When it is translated and run
    rows, _ = evaluate(engine, sql)

    # Then its rows are Trino's
    assert rows == expected
