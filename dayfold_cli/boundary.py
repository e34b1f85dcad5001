"""The error boundary: any error becomes one line and an exit code."""

from __future__ import annotations

import sys
from typing import Any

import click

from dayfold.errors import DayfoldError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130  # what a shell reports after Ctrl-C
EXIT_PIPE = 141  # what a shell reports when the reader of a pipe has gone

_ADVICE = {
    "ExpiredToken": "sign in again (aws sso login, or new keys)",
    "ExpiredTokenException": "sign in again (aws sso login, or new keys)",
    "InvalidClientTokenId": "check the access key, the profile and the region",
    "UnrecognizedClientException": "check the access key, the profile and the region",
    "SignatureDoesNotMatch": "check the secret key and the machine's clock",
    "AccessDenied": "the caller lacks this right",
    "AccessDeniedException": "the caller lacks this right",
    "ThrottlingException": "AWS refuses for now: try again in a minute",
    "TooManyRequestsException": "AWS refuses for now: try again in a minute",
    "NoSuchBucket": "is the stack being deleted? `dayfold doctor` looks into it",
    "ResourceNotFoundException": "is the stack deployed completely? deploy it again",
}


def explain(error: Exception) -> tuple[str, int]:
    """The line that says what went wrong and what to do, and the exit code."""
    if isinstance(error, click.UsageError):
        return _usage_line(error), EXIT_USAGE
    if isinstance(error, click.ClickException):
        return f"dayfold: {_one_line(error.format_message())}", EXIT_FAILED
    if isinstance(error, DayfoldError):
        return f"dayfold: {_one_line(str(error))}", EXIT_FAILED
    line = _aws_line(error)
    if line is None and isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        line = f"{place}{error.strerror or error}"
    if line is None:
        line = (
            f"unexpected {type(error).__name__}: {_one_line(str(error))} "
            "(a defect of Dayfold: --debug shows where)"
        )
    return f"dayfold: {line}", EXIT_FAILED


def _usage_line(error: click.UsageError) -> str:
    message = _one_line(error.format_message()).rstrip(".")
    path = error.ctx.command_path if error.ctx is not None else "dayfold"
    return f"dayfold: {message} (see `{path} --help`)"


def _aws_line(error: Exception) -> str | None:
    """What AWS or its client says. The client's classes are looked up, not imported: late."""
    exceptions: Any = sys.modules.get("botocore.exceptions")
    if exceptions is None:
        return None
    if isinstance(error, exceptions.ClientError):
        return _refusal(error)
    text = _one_line(str(error)).rstrip(".")
    own_words: list[tuple[tuple[type, ...], str]] = [
        (
            (exceptions.NoCredentialsError, exceptions.PartialCredentialsError),
            "no AWS credentials: give --profile NAME, or sign in (aws sso login)",
        ),
        ((exceptions.NoRegionError,), "no AWS region: give --region NAME or set AWS_REGION"),
        (
            (exceptions.EndpointConnectionError, exceptions.ConnectionClosedError),
            f"{text}: is the stack up? `dayfold up` starts the local one",
        ),
        ((exceptions.BotoCoreError,), text),
    ]
    return next((words for kinds, words in own_words if isinstance(error, kinds)), None)


def _refusal(error: Any) -> str:  # noqa: ANN401 - a class that is not imported here
    """What a service answered instead of doing what was asked."""
    answer = error.response.get("Error", {})
    code = answer.get("Code", "error")
    text = _one_line(answer.get("Message", "")) or "no reason given"
    advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
    return f"{error.operation_name}: {text} ({code}){advice}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
