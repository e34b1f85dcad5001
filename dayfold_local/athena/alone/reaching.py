"""A first look at Glue and S3, so that a wrong endpoint or key is known before anybody asks."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Final

import boto3
import botocore.exceptions
from botocore.config import Config

from dayfold.errors import ConfigurationError
from dayfold_local.athena.catalog.endpoint_calls import asked, code_of
from dayfold_local.athena.errors import AccessDeniedError, QueryFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.athena.catalog.endpoint_calls import Service
    from dayfold_local.athena.catalog.endpoints import Endpoints

_QUICKLY: Final = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})


def session() -> boto3.Session:
    """The session of this process's own credentials and Region (us-east-1 if none is set).

    Raises:
        ConfigurationError: If there are none, or they cannot be read.
    """
    try:
        # AWS_REGION, which boto3 does not read, is the name that Lambda and other SDKs use.
        region = os.environ.get("AWS_REGION") or boto3.Session().region_name
        made = boto3.Session(region_name=region or "us-east-1")
        found = made.get_credentials()
    except botocore.exceptions.BotoCoreError as error:
        raise ConfigurationError(f"AWS credentials: {error}") from None
    if not found:
        raise ConfigurationError(
            "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
            "(any values do for an emulator), or AWS_PROFILE"
        )
    return made


def look_at(made: boto3.Session, endpoints: Endpoints) -> None:
    """Asks Glue and S3 for something small; being refused the right to it is an answer too.

    Raises:
        ConfigurationError: If one of them is not there, or does not know the credentials.
    """
    try:
        glue = made.client("glue", endpoint_url=endpoints.glue, config=_QUICKLY)
        s3 = made.client("s3", endpoint_url=endpoints.s3, config=_QUICKLY)
    except (ValueError, botocore.exceptions.BotoCoreError) as error:
        raise ConfigurationError(f"AWS configuration: {error}") from None
    databases = functools.partial(glue.get_databases, MaxResults=1)
    _look("Glue", "--glue-endpoint", glue.meta.endpoint_url, databases)
    _look("S3", "--s3-endpoint", s3.meta.endpoint_url, s3.list_buckets)


def _look(service: Service, option: str, url: str, call: Callable[[], object]) -> None:
    try:
        asked(service, "", "", call)
    except AccessDeniedError:
        return
    except QueryFailure as failure:
        raise ConfigurationError(f"{option}: {failure.message}") from None
    except botocore.exceptions.ClientError as error:
        said = error.response.get("Error", {}).get("Message") or "no message"
        raise ConfigurationError(
            f"{option}: {service} at {url} answers {code_of(error)}: {' '.join(said.split())}"
        ) from None
