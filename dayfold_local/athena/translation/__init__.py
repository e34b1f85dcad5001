"""Athena SQL, typed by Trino's rules, written as DuckDB SQL.

`parse` reads, `queries` and `relations` resolve names, `expressions` and the `*_functions` modules
type every expression and write it for the engine. What is not known is refused, never guessed.
"""

from __future__ import annotations

# The function modules register what they know.
from dayfold_local.athena.translation import (
    array_functions,
    bit_functions,
    collection_aggregates,
    collection_functions,
    conditions,
    format_functions,
    json_constructors,
    json_functions,
    json_path_functions,
    map_functions,
    more_aggregates,
    random_functions,
    regexp_functions,
    scalar_functions,
    sequences,
    share_functions,
    text_functions,
    time_functions,
    time_texts,
    url_functions,
    window_functions,
)

__all__ = [
    "array_functions",
    "bit_functions",
    "collection_aggregates",
    "collection_functions",
    "conditions",
    "format_functions",
    "json_constructors",
    "json_functions",
    "json_path_functions",
    "map_functions",
    "more_aggregates",
    "random_functions",
    "regexp_functions",
    "scalar_functions",
    "sequences",
    "share_functions",
    "text_functions",
    "time_functions",
    "time_texts",
    "url_functions",
    "window_functions",
]
