"""The names of Athena's functions, to tell a misspelt one from one that exists."""

from __future__ import annotations

import difflib
import itertools
from typing import TYPE_CHECKING

from dayfold.domain.query_problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold.domain.sql_tokens import Token

_NAMES = """
    all and any array as between by case distinct else except exists filter from group having if
    in intersect is join like limit not on or order over partition row select sets some then
    union unnest using values when where with within rollup cube grouping decimal varchar char
    timestamp time varbinary lateral map escape interval
    approx_distinct approx_most_frequent approx_percentile approx_set arbitrary any_value
    array_agg avg bitwise_and_agg bitwise_or_agg bool_and bool_or checksum corr count count_if
    covar_pop covar_samp cume_dist dense_rank every evaluate_classifier_predictions first_value
    geometric_mean histogram kurtosis lag last_value lead listagg map_agg map_union max max_by
    merge min min_by multimap_agg nth_value ntile numeric_histogram percent_rank qdigest_agg
    rank reduce_agg regr_intercept regr_slope row_number set_agg set_union skewness stddev
    stddev_pop stddev_samp sum tdigest_agg var_pop var_samp variance empty_approx_set
    cardinality
    chr codepoint concat concat_ws from_utf8 hamming_distance length levenshtein_distance lower
    lpad ltrim luhn_check normalize position regexp_count regexp_extract regexp_extract_all
    regexp_like regexp_position regexp_replace regexp_split replace reverse rpad rtrim soundex
    split split_part split_to_map split_to_multimap starts_with strpos substr substring to_utf8
    translate trim upper word_stem format format_number url_decode url_encode
    url_extract_fragment url_extract_host url_extract_parameter url_extract_path
    url_extract_port url_extract_protocol url_extract_query
    abs acos asin atan atan2 bit_count bitwise_and bitwise_left_shift bitwise_not bitwise_or
    bitwise_right_shift bitwise_xor cbrt ceil ceiling cos cosh cosine_similarity degrees e exp
    floor from_base infinity is_finite is_infinite is_nan ln log log10 log2 mod nan pi pow power
    radians rand random round sign sin sinh sqrt tan tanh to_base truncate width_bucket
    wilson_interval_lower wilson_interval_upper normal_cdf inverse_normal_cdf beta_cdf
    at_timezone current_timezone date date_add date_diff date_format date_parse date_trunc day
    day_of_month day_of_week day_of_year dow doy extract format_datetime from_iso8601_date
    from_iso8601_timestamp from_iso8601_timestamp_nanos from_unixtime from_unixtime_nanos hour
    human_readable_seconds last_day_of_month millisecond minute month now parse_datetime
    parse_duration quarter second sequence timezone_hour timezone_minute to_iso8601
    to_milliseconds to_unixtime week week_of_year with_timezone year year_of_week yow
    current_timestamp localtimestamp current_time localtime
    all_match any_match array_distinct array_except array_histogram array_intersect array_join
    array_max array_min array_position array_remove array_sort array_union arrays_overlap
    combinations contains contains_sequence element_at flatten ngrams none_match reduce repeat
    shuffle slice transform trim_array zip zip_with map_concat map_entries map_filter
    map_from_entries map_keys map_values map_zip_with multimap_from_entries transform_keys
    transform_values is_json_scalar json_array json_array_contains json_array_get
    json_array_length json_exists json_extract json_extract_scalar json_format json_object
    json_parse json_query json_size json_value
    cast coalesce greatest least nullif try try_cast typeof version uuid crc32 from_base64
    from_base64url from_big_endian_32 from_big_endian_64 from_hex from_ieee754_32
    from_ieee754_64 hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 md5 murmur3 sha1 sha256 sha512
    spooky_hash_v2_32 spooky_hash_v2_64 to_base32 to_base64 to_base64url to_big_endian_32
    to_big_endian_64 to_hex to_ieee754_32 to_ieee754_64 xxhash64 value_at_quantile
    values_at_quantiles quantile_at_value
"""  # words before brackets; aggregates; text; numbers; times; collections; the rest
_KNOWN = frozenset(_NAMES.split())


def check_functions(path: str, code: list[Token]) -> Iterator[Problem]:
    """Calls of what is no function but nearly one; what is not near any is left to Athena."""
    pairs = list(itertools.pairwise(code))
    # Names that the query gives itself: `WITH days (day) AS (...)`, `AS t (day)`.
    own = {after.text.lower() for word, after in pairs if word.is_word("as", "with")}
    for token, following in pairs:
        name = token.text.lower()
        if token.kind != "word" or following.text != "(" or name in _KNOWN or name in own:
            continue
        near = difflib.get_close_matches(name, _KNOWN, n=1, cutoff=0.8)
        if near:
            what = f"Athena has no function {name}: did you mean {near[0]}?"
            yield Problem(path, token.line, what)
