"""Making AWS clients, and telling AWS's refusals apart."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from dayfold.errors import RetriableError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Both kinds: too many active queries in the account, and too many calls a second.
_THROTTLING = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_TRIES = 4
# Who starts queries waits by itself, with its other queries in view: a try in the client is blind.
_ATHENA_TRIES = 2
# What may come of asking AWS, for whoever may not be stopped by it.
UNREACHABLE = (BotoCoreError, ClientError, RetriableError)
# Every call's form is the code's own, and its tests check each; in a backfill, checking again what
# boto3 sends, and telling it anew what it runs on, took a quarter of the functions' time.
VALIDATES = False
_USER_AGENT = "dayfold"
_OWN_FAULT = 500  # from here on a status says that the service, not the call, is to blame


@functools.cache
def client(service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    """The process's client of a service, with short time-outs and a few adaptive retries.

    The time-outs are far below a lease, so that no call of a writer that hung lands after its
    lease has gone to another. What is left after the retries and may pass by itself, a throttled
    call, a lost answer, a service's own fault, is raised as an error that says to try again, so
    that no adapter has to think of it.
    """
    import boto3
    from botocore.config import Config

    tries = _ATHENA_TRIES if service == "athena" else _TRIES
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": tries},
        max_pool_connections=20,
        parameter_validation=VALIDATES,
        user_agent=_USER_AGENT,
    )
    made: Any = boto3.client(service, config=config)  # type: ignore[call-overload]
    made.meta.events.register("after-call", _judge_answer)
    made.meta.events.register("after-call-error", _judge_silence)
    return made


def _judge_answer(parsed: Mapping[str, Any], **_: object) -> None:
    raise_if_passing(parsed)


def _judge_silence(exception: Exception, **_: object) -> None:
    raise_if_lost(exception)


def raise_if_passing(answer: Mapping[str, Any]) -> None:
    """Turn a refusal that passes by itself into the error that says to try again.

    Args:
        answer: of a call, `Error` and `ResponseMetadata` as botocore parses them.

    Raises:
        ThrottledError: the service asked to be called less often, or later.
        RetriableError: the service failed by its own fault.
    """
    error = answer.get("Error", {})
    code, status = str(error.get("Code", "")), answer.get("ResponseMetadata", {})
    text = f"{code}: {' '.join(str(error.get('Message', '')).split())}"
    if code in _THROTTLING:
        raise ThrottledError(text)
    if error and int(status.get("HTTPStatusCode", 0)) >= _OWN_FAULT:
        raise RetriableError(text)


def raise_if_lost(error: Exception) -> None:
    """Turn a call without an answer into the error that says to try again.

    Raises:
        RetriableError: no connection, or no answer in time; the call may have taken effect.
    """
    from botocore.exceptions import ConnectionError as NoConnectionError
    from botocore.exceptions import HTTPClientError

    if isinstance(error, HTTPClientError | NoConnectionError):
        raise RetriableError(f"no answer: {' '.join(str(error).split())}") from error


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
