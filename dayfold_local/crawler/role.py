"""The crawler's role: its temporary credentials, and what its policies let it do.

Glue and CloudWatch Logs are called through the stack's own endpoint with these credentials, so
that IAM decides as it does on AWS. Objects are read in place, since a request per small file costs
more than looking at it; the same policies are asked before each.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dayfold_local.crawler.layout import S3Object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.crawler.layout import Target

SESSION_NAME = "AWS-Crawler"
_SERVICE = "glue.amazonaws.com"
# Of this process only: the credentials mean nothing to a later one.
_SEED = secrets.token_hex(16)
_clients: dict[tuple[str, str, str], Any] = {}


class RightsError(Exception):
    """Raised when the crawler's role may not do what the crawl needs; one line says what."""


class CrawlerRole:
    """One role in one account and region, as assumed by Glue."""

    def __init__(self, role: str, account: str, region: str) -> None:
        """Assumes the role.

        Args:
            role: its ARN or its name.
            account: the account of the crawler.
            region: the region of the crawler.

        Raises:
            RightsError: there is no such role, or it does not trust Glue.
        """
        self.name = role.rpartition("/")[2]
        self.account = account
        self.region = region
        self.arn = f"arn:aws:sts::{account}:assumed-role/{self.name}/{SESSION_NAME}"
        digest = hashlib.sha256(f"{_SEED}:{account}:{self.name}".encode()).hexdigest()
        self._key = f"ASIA{digest[:16].upper()}"
        self._secret, self._token = digest[16:48], digest[24:]
        self._principal = self._assume(role)

    def _assume(self, role: str) -> Any:  # noqa: ANN401 - the emulator's principal
        from ministack.core.iam_evaluator import AuthError, resolve_principal
        from ministack.services import iam, sts

        record = iam._roles.get(self.name)  # noqa: SLF001 - its only way in
        if record is None or not _trusts_glue(record.get("AssumeRolePolicyDocument")):
            raise RightsError(
                f"Service is unable to assume provided role {role}. "
                f"Please verify the role's trust policy allows {_SERVICE}"
            )
        sts.register_session(
            self._key,
            {
                "Arn": self.arn,
                "UserId": f"{self.name}:{SESSION_NAME}",
                "SecretAccessKey": self._secret,
                "SessionToken": self._token,
            },
        )
        principal = resolve_principal(self._key, self.account)
        if isinstance(principal, AuthError):
            raise RightsError(f"{self.arn}: {principal.message}")
        return principal

    def client(self, service: str) -> Any:  # noqa: ANN401 - a boto3 client
        """A client with the role's credentials."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL") or (
            f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT', '4566')}"
        )
        cached = _clients.get((service, self._key, endpoint))
        if cached is not None:
            return cached
        import boto3
        from botocore.config import Config

        session: Any = boto3.session.Session()  # one of its own: the default is not thread-safe
        client = session.client(
            service,
            endpoint_url=endpoint,
            region_name=self.region,
            aws_access_key_id=self._key,
            aws_secret_access_key=self._secret,
            aws_session_token=self._token,
            config=Config(
                retries={"mode": "standard", "max_attempts": 3},
                s3={"addressing_style": "path"},
                user_agent_extra="dayfold-crawler",
            ),
        )
        _clients[(service, self._key, endpoint)] = client
        return client

    def require(self, action: str, resource: str) -> None:
        """Asks the role's policies and the resource's own.

        Raises:
            RightsError: one of them denies, or none allows.
        """
        from ministack import app
        from ministack.core import iam_evaluator as iam

        if not app.AUTH:
            return
        context = iam.EvalContext(
            principal_arn=self._principal.arn,
            principal_type=self._principal.type,
            principal_account=self._principal.account,
            action=action,
            resource_arn=resource,
            region=self.region,
            service_context={"aws:tagkeys": None},
            principal_keys=self._principal.keys,
        )
        limits = self._principal.limits
        result = iam.evaluate(context, self._principal.policies, *limits)
        own = iam._resource_policy("s3", resource)  # noqa: SLF001 - as its own requests do
        if own is not None:
            result = iam.combine_resource_policy(result, context, *own, limits=limits)
        if result.decision != "Allow":
            raise RightsError(
                f"User: {self.arn} is not authorized to perform: {action} on resource: {resource}"
            )


def _trusts_glue(document: Any) -> bool:  # noqa: ANN401 - text or parsed JSON
    import json

    parsed = json.loads(document) if isinstance(document, str) else document or {}
    statements = parsed.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        named = [services] if isinstance(services, str) else services
        if statement.get("Effect") == "Allow" and _SERVICE in named:
            return True
    return False


class Extracts:
    """The objects of one bucket, as the role may see them."""

    def __init__(self, role: CrawlerRole, bucket: str) -> None:
        self._role = role
        self._bucket = bucket

    def list(self, target: Target) -> Iterator[S3Object]:
        """Lists everything under the target."""
        pages = self._role.client("s3").get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=target.prefix):
            for item in page.get("Contents", ()):
                yield S3Object(item["Key"], item["Size"], item["ETag"].strip('"'))

    def read(self, key: str, first: int, count: int) -> bytes:
        """Reads `count` bytes of an object from the byte `first` on.

        Raises:
            RightsError: the role may not get the object.
            FileNotFoundError: it was deleted since it was listed.
        """
        from ministack.services import s3

        self._role.require("s3:GetObject", f"arn:aws:s3:::{self._bucket}/{key}")
        path = s3._object_disk_path(self._bucket, key)  # noqa: SLF001 - its only way in
        if path is not None and Path(path).is_file():
            with Path(path).open("rb") as file:
                file.seek(first)
                return file.read(count)
        data = s3._get_object_data(self._bucket, key)  # noqa: SLF001 - its only way in
        if data is None:
            raise FileNotFoundError(key)
        return bytes(data[first : first + count])
