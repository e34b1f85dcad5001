"""Calls to a Glue or an S3 behind an endpoint, and what their failures are to a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeVar

import botocore.exceptions

from dayfold_local.athena.errors import AccessDeniedError, QueryFailure

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
Service = Literal["Glue", "S3"]
MISSING: Final = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "403", "Forbidden"})
_CODES: Final[dict[Service, str]] = {"Glue": "HIVE_METASTORE_ERROR", "S3": "HIVE_FILESYSTEM_ERROR"}


def asked(service: Service, action: str, resource: str, call: Callable[[], T]) -> T:
    """Makes a call.

    Args:
        service: Whom it asks.
        action: The right that it needs, as `s3:GetObject`.
        resource: What the right is needed for.
        call: The call itself.

    Raises:
        AccessDeniedError: If the service refuses this process the right.
        QueryFailure: If the service does not answer, or does not know what it was asked.
        botocore.exceptions.ClientError: Whatever else the service says.
    """
    try:
        return call()
    except botocore.exceptions.ClientError as error:
        if code_of(error) in _DENIED:
            raise AccessDeniedError("this process", action, resource, explicit=False) from None
        raise
    except botocore.exceptions.BotoCoreError as error:
        said = " ".join(str(error).split())
        raise QueryFailure(_CODES[service], f"{service} cannot be asked: {said}") from None


def code_of(error: botocore.exceptions.ClientError) -> str:
    """The error's code, as `EntityNotFoundException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def unknown(service: Service, error: botocore.exceptions.ClientError) -> QueryFailure:
    """An error for which there is no rule."""
    return QueryFailure(_CODES[service], " ".join(str(error).split()))
