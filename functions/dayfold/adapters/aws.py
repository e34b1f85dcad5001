"""Making AWS clients, and telling AWS's refusals apart."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from dayfold.errors import ThrottledError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# Both kinds: too many active queries in the account, and too many calls a second.
_THROTTLING = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_CONNECT_SECONDS = 5
_READ_SECONDS = 20


@functools.cache
def client(service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    """The process's client of a service, with short time-outs and a few adaptive retries.

    The time-outs are far below a lease, so that no call of a writer that hung lands after its
    lease has gone to another.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "max_attempts": 4},
        max_pool_connections=20,
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]


def error_code(error: ClientError) -> str:
    """AWS's code of a client error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: ClientError) -> str:
    """AWS's text of a client error, on one line."""
    return " ".join(str(error.response.get("Error", {}).get("Message", error)).split())


def raise_if_throttled(error: ClientError) -> None:
    """Turn a throttling refusal into the error that says to wait.

    Raises:
        ThrottledError: the service asked to be called less often, or later.
    """
    if error_code(error) in _THROTTLING:
        raise ThrottledError(f"{error_code(error)}: {error_message(error)}") from error
