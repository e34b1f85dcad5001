"""Failures as Athena words them: of a request (an API error) and of a query (its final state)."""

from __future__ import annotations

from typing import Any

# Athena's error catalogue: ErrorType by the engine's error code. 1000 "User error" is the default.
_ERROR_TYPES = {
    "HIVE_BAD_DATA": 1001,
    "HIVE_CURSOR_ERROR": 1001,
    "HIVE_CANNOT_OPEN_SPLIT": 1001,
    "HIVE_INVALID_PARTITION_VALUE": 1001,
    "INVALID_CAST_ARGUMENT": 1001,
    "DIVISION_BY_ZERO": 1001,
    "NUMERIC_VALUE_OUT_OF_RANGE": 1001,
    "FAILED": 1003,
    "SCHEMA_NOT_FOUND": 1004,
    "COLUMN_NOT_FOUND": 1006,
    "SYNTAX_ERROR": 1006,
    "TYPE_MISMATCH": 1006,
    "MISSING_COLUMN_NAME": 1006,
    "EXPRESSION_NOT_AGGREGATE": 1006,
    "QUERY_REJECTED": 1008,
    "INVALID_FUNCTION_ARGUMENT": 1106,
    "INVALID_TABLE_PROPERTY": 1103,
    "INVALID_VIEW": 1107,
    "TABLE_NOT_FOUND": 1110,
    "NOT_SUPPORTED": 1200,
    "FUNCTION_NOT_FOUND": 1303,
    "PERMISSION_DENIED": 1500,
    "HIVE_FILESYSTEM_ERROR": 1501,
    "EXCEEDED_LOCAL_MEMORY_LIMIT": 0,
    "GENERIC_INTERNAL_ERROR": 200,
    "RESULT_WRITE_FAILED": 401,
    "USER_CANCELED": 1014,
}
_SYSTEM_CODES = {"GENERIC_INTERNAL_ERROR", "EXCEEDED_LOCAL_MEMORY_LIMIT"}


class RequestError(Exception):
    """An API call that is refused: it gets an error response and no query runs."""

    def __init__(self, code: str, message: str, athena_code: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.athena_code = athena_code

    @classmethod
    def invalid(cls, message: str, athena_code: str | None = None) -> RequestError:
        """The error that most refused calls get."""
        return cls("InvalidRequestException", message, athena_code)


class QueryFailure(Exception):  # noqa: N818 - it is the end of a query, not a fault of ours
    """The reason why a query ended as FAILED."""

    def __init__(self, code: str, message: str, *, bare: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.bare = bare  # Athena shows some texts without the code in front
        self.retryable = code == "EXCEEDED_LOCAL_MEMORY_LIMIT"

    @property
    def reason(self) -> str:
        """The StateChangeReason."""
        return self.message if self.bare else f"{self.code}: {self.message}"

    @property
    def category(self) -> int:
        """1 for a fault of the system, 2 for one of the user."""
        return 1 if self.code in _SYSTEM_CODES else 2

    @property
    def error_type(self) -> int:
        """The number of Athena's error catalogue."""
        return _ERROR_TYPES.get(self.code, 1000)


class AccessDeniedError(Exception):
    """The caller may not do what a query needs."""

    def __init__(self, principal: str, action: str, resource: str, *, explicit: bool) -> None:
        why = (
            "with an explicit deny"
            if explicit
            else f"because no identity-based policy allows the {action} action"
        )
        super().__init__(
            f"User: {principal} is not authorized to perform: {action} on resource: {resource} "
            f"{why}",
        )
        self.action = action
        self.resource = resource


def not_supported(what: str) -> QueryFailure:
    """The refusal of what this Athena does not know to answer exactly as Athena does."""
    return QueryFailure("NOT_SUPPORTED", what)


def glue_failure(action: str, document: dict[str, Any]) -> QueryFailure:
    """A Glue call that went wrong; `document` is its answer: an error, or a batch's `Errors`."""
    errors = document.get("Errors") or [{}]
    detail = errors[0].get("ErrorDetail") or {}
    code = str(document.get("__type") or detail.get("ErrorCode") or "InternalServiceException")
    message = document.get("message") or document.get("Message") or detail.get("ErrorMessage")
    return QueryFailure(
        "HIVE_METASTORE_ERROR",
        f"{message} (Service: AWSGlue; {action}; Error Code: {code})",
    )
