# ruff: noqa: E501 - one function a line
"""Functions that need no more than their arguments' types: one line each.

Also the other names of functions, and those that Trino has and we refuse.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from dayfold_local.athena.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    JSON,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
)
from dayfold_local.athena.translation.coercion import coerce, coercible
from dayfold_local.athena.translation.failing import unless_null
from dayfold_local.athena.translation.scope import Typed

_KINDS: Final[dict[str, Type]] = {
    "text": VARCHAR,
    "int": BIGINT,
    "double": DOUBLE,
    "bool": BOOLEAN,
    "date": DATE,
    "json": JSON,
    "bin": VARBINARY,
}
_RESULTS: Final[dict[str, Type]] = {**_KINDS, "texts": Type("array", (VARCHAR,))}


@dataclasses.dataclass(frozen=True, slots=True)
class Signature:
    """`template` takes the arguments as {0}, {1}...; `first` is the type of argument 0.

    `firsts` is an array of that type.
    """

    params: tuple[str, ...]
    result: str
    template: str

    def match(self, args: list[Typed]) -> Typed | None:
        """The call, if the arguments fit."""
        if len(args) != len(self.params):
            return None
        texts = []
        for arg, param in zip(args, self.params, strict=True):
            kind = arg.type
            if param == "number":
                if not kind.is_numeric:
                    return None
                texts.append(arg.sql)
                continue
            wanted = _KINDS[param]
            if not coercible(kind, wanted) and not (param == "double" and kind.is_numeric):
                return None
            texts.append(coerce(arg, wanted).sql)
        sql = self.template.format(*texts)
        if "CASE" in self.template and len(args) > 1:
            sql = unless_null(sql, *texts)
        return Typed(sql, self._result(args))

    def _result(self, args: list[Typed]) -> Type:
        if not self.result.startswith("first"):
            return _RESULTS[self.result]
        # A text keeps its length; a NULL without a type takes the parameter's.
        kind = _KINDS[self.params[0]] if args[0].type == UNKNOWN else args[0].type
        return Type("array", (kind,)) if self.result == "firsts" else kind


def _signatures(text: str) -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        head, _, template = line.partition(" => ")
        call, _, result = head.rpartition(" -> ")
        name, _, params = call.rstrip(")").partition("(")
        kinds = tuple(filter(None, (part.strip() for part in params.split(","))))
        found.setdefault(name, []).append(Signature(kinds, result.strip(), template))
    return found


SIGNATURES: Final = _signatures("""
    upper(text) -> first => CASE WHEN contains({0}, 'ß') THEN replace(upper({0}), 'ẞ', 'ß') ELSE upper({0}) END
    lower(text) -> first => lower({0})
    length(text) -> int => length({0})
    length(bin) -> int => octet_length({0})
    trim(text) -> first => trino_trim({0})
    ltrim(text) -> first => trino_ltrim({0})
    rtrim(text) -> first => trino_rtrim({0})
    strpos(text, text) -> int => strpos({0}, {1})
    strpos(text, text, int) -> int => CASE WHEN {2} = 0 THEN CAST(chr(1) || 'INVALID_FUNCTION_ARGUMENT: ''instance'' must be a positive or negative number.' || chr(2) AS BIGINT) WHEN {1} = '' THEN 1 ELSE coalesce(list_filter(generate_series(1, length({0})), lambda p_: starts_with(substr({0}, p_), {1}))[{2}], CASE WHEN {0} IS NULL THEN NULL ELSE 0 END) END
    starts_with(text, text) -> bool => starts_with({0}, {1})
    split_part(text, text, int) -> first => CASE WHEN {2} < 1 THEN CAST(CAST(chr(1) || 'INVALID_FUNCTION_ARGUMENT: Index must be greater than zero' || chr(2) AS BIGINT) AS VARCHAR) WHEN {2} > len(str_split({0}, {1})) THEN NULL ELSE split_part({0}, {1}, {2}) END
    substr(text, int) -> first => trino_substr({0}, {1})
    substring(text, int) -> first => trino_substr({0}, {1})
    substr(text, int, int) -> first => trino_substr3({0}, {1}, {2})
    substring(text, int, int) -> first => trino_substr3({0}, {1}, {2})
    lpad(text, int, text) -> text => CASE WHEN {2} = '' THEN CAST(CAST(chr(1) || 'INVALID_FUNCTION_ARGUMENT: Padding string must not be empty' || chr(2) AS BIGINT) AS VARCHAR) ELSE lpad({0}, CAST({1} AS INTEGER), {2}) END
    rpad(text, int, text) -> text => CASE WHEN {2} = '' THEN CAST(CAST(chr(1) || 'INVALID_FUNCTION_ARGUMENT: Padding string must not be empty' || chr(2) AS BIGINT) AS VARCHAR) ELSE rpad({0}, CAST({1} AS INTEGER), {2}) END
    translate(text, text, text) -> text => translate({0}, {1}, {2})
    to_utf8(text) -> bin => encode({0})
    md5(bin) -> bin => unhex(md5({0}))
    sha1(bin) -> bin => unhex(sha1({0}))
    sha256(bin) -> bin => unhex(sha256({0}))
    sha512(bin) -> bin => sha512_of({0})
    crc32(bin) -> int => crc32_of({0})
    xxhash64(bin) -> bin => xxhash64_of({0})
    from_base(text, int) -> int => from_base_of({0}, {1})
    from_big_endian_64(bin) -> int => from_big_endian_of({0})
    to_big_endian_64(int) -> bin => to_big_endian_of({0})
    hmac_md5(bin, bin) -> bin => hmac_md5_of({0}, {1})
    hmac_sha1(bin, bin) -> bin => hmac_sha1_of({0}, {1})
    hmac_sha256(bin, bin) -> bin => hmac_sha256_of({0}, {1})
    hmac_sha512(bin, bin) -> bin => hmac_sha512_of({0}, {1})
    to_hex(bin) -> text => hex({0})
    from_hex(text) -> bin => unhex(CASE WHEN length({0}) % 2 = 1 THEN CAST(CAST(chr(1) || 'INVALID_FUNCTION_ARGUMENT: invalid input length ' || length({0}) || chr(2) AS BIGINT) AS VARCHAR) ELSE {0} END)
    to_base64(bin) -> text => to_base64({0})
    from_base64(text) -> bin => from_base64(CASE WHEN length({0}) % 4 > 1 THEN rpad({0}, CAST(length({0}) + 4 - length({0}) % 4 AS INTEGER), '=') ELSE {0} END)
    to_base64url(bin) -> text => replace(replace(to_base64({0}), '+', '-'), '/', '_')
    to_base32(bin) -> text => to_base32_of({0})
    luhn_check(text) -> bool => passes_luhn({0})
    normal_cdf(double, double, double) -> double => CASE WHEN isnan({1}) OR {1} <= 0 THEN CAST(chr(1) || 'INVALID_FUNCTION_ARGUMENT: standardDeviation must be > 0' || chr(2) AS DOUBLE) WHEN isnan(({2} - {0}) / {1}) THEN CAST('nan' AS DOUBLE) ELSE normal_cdf_of({0}, {1}, {2}) END
    inverse_normal_cdf(double, double, double) -> double => CASE WHEN isnan({0}) AND {1} > 0 AND {2} > 0 AND {2} < 1 THEN {0} ELSE inverse_normal_cdf_of({0}, {1}, {2}) END
    sinh(double) -> double => sinh({0})
    cosh(double) -> double => cosh({0})
    tanh(double) -> double => tanh({0})
    url_decode(text) -> first => form_decode({0})
    regexp_like(text, text) -> bool => regexp_matches({0}, {1})
    regexp_extract(text, text) -> first => CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}) END
    regexp_extract_all(text, text) -> firsts => regexp_extract_all({0}, {1})
    current_timezone() -> text => 'UTC'
    regexp_count(text, text) -> int => len(regexp_extract_all({0}, {1}))
    abs(number) -> first => abs({0})
    sqrt(double) -> double => trino_sqrt({0})
    cbrt(double) -> double => trino_cbrt({0})
    exp(double) -> double => exp({0})
    ln(double) -> double => trino_ln({0})
    log2(double) -> double => trino_ln({0}) / ln(2)
    log10(double) -> double => trino_log10({0})
    power(double, double) -> double => pow({0}, {1})
    pow(double, double) -> double => pow({0}, {1})
    sin(double) -> double => sin({0})
    cos(double) -> double => cos({0})
    tan(double) -> double => tan({0})
    asin(double) -> double => asin({0})
    acos(double) -> double => acos({0})
    atan(double) -> double => atan({0})
    atan2(double, double) -> double => atan2({0}, {1})
    degrees(double) -> double => degrees({0})
    radians(double) -> double => radians({0})
    pi() -> double => pi()
    e() -> double => exp(CAST(1 AS DOUBLE))
    infinity() -> double => CAST('inf' AS DOUBLE)
    nan() -> double => CAST('nan' AS DOUBLE)
    is_nan(double) -> bool => isnan({0})
    is_finite(double) -> bool => isfinite({0})
    is_infinite(double) -> bool => isinf({0})
    bitwise_and(int, int) -> int => ({0} & {1})
    bitwise_or(int, int) -> int => ({0} | {1})
    bitwise_xor(int, int) -> int => xor({0}, {1})
    bitwise_not(int) -> int => (~{0})
""")
ALIASES: Final = {
    "ceiling": "ceil",
    "random": "rand",
    "power": "pow",
    "any_value": "arbitrary",
    "every": "bool_and",
    "day_of_month": "day",
    "dow": "day_of_week",
    "doy": "day_of_year",
    "week_of_year": "week",
    "year_of_week": "yow",
}
# Trino has them; what the engine would answer is not known to be the same.
REFUSED: Final = frozenset(
    [
        "approx_set",
        "merge",
        "empty_approx_set",
        "tdigest_agg",
        "qdigest_agg",
        "value_at_quantile",
        "numeric_histogram",
        "checksum",
        "entropy",
        "word_stem",
        "soundex",
        "human_readable_seconds",
        "array_sort_by",
        "array_normalize",
        "bing_tile",
        "st_point",
        "st_contains",
        "st_distance",
        "to_geometry",
        "murmur3",
        "spooky_hash_v2_64",
        "beta_cdf",
        "cosine_similarity",
        "parse_duration",
        "parse_data_size",
        "from_iso8601_timestamp_nanos",
        "set_agg",
        "set_union",
        "max_n",
        "sequence_agg",
    ],
)
