"""What the engine says, in Athena's words, naming table and file where Athena does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import duckdb

from dayfold_local.athena.errors import AccessDeniedError, QueryFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARKED: Final = re.compile(r"\x01([A-Z_]+): (.*?)(?:\x02|$)", re.DOTALL)
_QUOTED_FILE: Final = re.compile(r'file "([^"]+)"')


def describe(error: duckdb.Error, files: Mapping[str, str]) -> QueryFailure:
    """The failure that a query ends with; `files` gives the s3:// name and table of each path."""
    text = str(error)
    for path, shown in files.items():
        if path in text:
            text = text.replace(path, shown)
    marked = _MARKED.search(text)
    if marked is not None:
        return QueryFailure(marked.group(1), marked.group(2))
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryFailure(
            "EXCEEDED_LOCAL_MEMORY_LIMIT",
            "Query exhausted resources at this scale factor",
        )
    for pattern, code, message in _KNOWN:
        match = re.search(pattern, text, re.DOTALL)
        if match is not None:
            # Columns have a prefix inside the engine that keeps them apart.
            shown = re.sub(r"\bc\d+_(?=\w)", "", match.expand(message))
            return QueryFailure(code, shown)
    first = text.partition("\n")[0].strip()
    return QueryFailure("NOT_SUPPORTED", f"the local Athena cannot run this: {first}")


_KNOWN: Final = (
    (r"Division by zero", "DIVISION_BY_ZERO", "Division by zero"),
    (
        r'JSON transform error in file "([^"]+)", in line (\d+): [^"\n]*"?([^"\n]*)"?',
        "HIVE_BAD_DATA",
        r"Error parsing a column in the table: Error parsing field value '\3' in \1, line \2",
    ),
    (
        r'Malformed JSON in file "([^"]+)", at byte \d+ in line (\d+): ([^\n]*)',
        "HIVE_CURSOR_ERROR",
        r"Row is not a valid JSON Object - JSONException: \3 [file \1, line \2]",
    ),
    (
        r"(?:Unexpected end of GZIP stream|Failed to decode gzip stream)[^:]*:? ?([^\n]*)",
        "HIVE_CURSOR_ERROR",
        r"Failed to read file at \1: Unexpected end of input stream",
    ),
    (
        r"(?i)(input is not a gzip stream|gzip)[^\n]*?:? ?(s3://\S+)?",
        "HIVE_CURSOR_ERROR",
        r"Failed to read file at \2: incorrect header check",
    ),
    (
        r"(?i)overflow in \w+ of (?:INT128|HUGEINT)",
        "NOT_SUPPORTED",
        "the local Athena computes decimals with at most 38 digits on the way",
    ),
    (
        r"(?i)overflow in (\w+) of (\S+ \([^)]*\))",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        r"bigint \1 overflow: \2",
    ),
    (
        (
            r"with value (\S+) can't be cast because the value is out of range for the destination "
            r"type (\w+)"
        ),
        "NUMERIC_VALUE_OUT_OF_RANGE",
        r"Out of range for \2: \1",
    ),
    (r"(?i)out of range error: ([^\n]*)", "NUMERIC_VALUE_OUT_OF_RANGE", r"\1"),
    (
        r"column \"?([^\"\n]*?)\"? must appear in the GROUP BY clause",
        "EXPRESSION_NOT_AGGREGATE",
        r"'\1' must be an aggregate expression or appear in GROUP BY clause",
    ),
    (
        r"More than one row returned by a subquery",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    (
        r'No files found that match the pattern "([^"]+)"|Cannot open file "([^"]+)"',
        "HIVE_CANNOT_OPEN_SPLIT",
        r"Error opening Hive split \1\2: the file does not exist",
    ),
    (
        r"(?i)could not parse string \"([^\"]*)\" according to format",
        "INVALID_FUNCTION_ARGUMENT",
        r"Invalid format: \"\1\"",
    ),
    (
        r"(?i)duplicate(?:d)? keys?|Map keys must be unique",
        "INVALID_FUNCTION_ARGUMENT",
        "Duplicate map keys are not allowed",
    ),
    (r"Conversion Error: ([^\n]*)", "INVALID_CAST_ARGUMENT", r"\1"),
    (r"CSV Error[^\n]*", "HIVE_BAD_DATA", r"\g<0>"),
)


def denied(error: AccessDeniedError) -> QueryFailure:
    """A right that the caller lacks, as Athena words it per service."""
    if error.action.startswith("glue:"):
        text = (
            f"Insufficient permissions to execute the query. {error} (Service: AWSGlue; "
            "Status Code: 400; Error Code: AccessDeniedException)"
        )
        return QueryFailure("PERMISSION_DENIED", text)
    target = error.resource.removeprefix("arn:aws:s3:::")
    return QueryFailure(
        "PERMISSION_DENIED",
        f"Access Denied on S3 path: s3://{target} ({error}) (Service: Amazon S3; Status Code: 403; "
        "Error Code: AccessDenied)",
    )
