"""A deployed stack: its outputs, and clients that reach it. The first place that needs boto3."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, Literal, overload

from dayfold_cli.errors import NoDeploymentError

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.session import Session as CoreSession
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

    from dayfold.adapters.ledger import Ledger
    from dayfold_cli.target import Target

LOCAL_ACCESS_KEY = "000000000000"  # the local stack's root
LOCAL_SECRET_KEY = "local"  # noqa: S105 - the emulator checks the key's owner, not its secret
CONNECT_TIMEOUT = 5  # seconds
READ_TIMEOUT = 910  # seconds: a function may take 900
CALL_ATTEMPTS = 5
LOCAL_POLL = 0.05  # seconds between two looks at something that is going on
AWS_POLL = 2.0


class Deployment:
    """One stack, local or on AWS.

    Args:
        session: credentials and region.
        stack_name: of the CloudFormation stack.
        endpoint_url: where the local stack listens; None on AWS.
        outputs: the stack's outputs, where they are known already.
    """

    def __init__(
        self,
        session: Session | LocalSession,
        stack_name: str,
        endpoint_url: str | None = None,
        outputs: dict[str, str] | None = None,
    ) -> None:
        self.session = session
        self.stack_name = stack_name
        self.endpoint_url = endpoint_url
        self._clients: dict[str, Any] = {}
        self._known_outputs = outputs

    @property
    def poll_seconds(self) -> float:
        """How often to look at something that is going on."""
        local = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return LOCAL_POLL if local else AWS_POLL

    @functools.cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name.

        Raises:
            NoDeploymentError: there is no such stack.
        """
        if self._known_outputs:
            return self._known_outputs
        from botocore.exceptions import ClientError

        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=self.stack_name)
        except ClientError as error:
            if error.response["Error"].get("Code") != "ValidationError":
                raise
            raise NoDeploymentError(self._missing()) from error
        if not stacks["Stacks"]:
            raise NoDeploymentError(self._missing())
        listed = stacks["Stacks"][0].get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in listed}

    def output(self, name: str) -> str:
        """One output.

        Raises:
            NoDeploymentError: the stack has none of that name: another template, or half deployed.
        """
        try:
            return self.outputs[name]
        except KeyError:
            raise NoDeploymentError(
                f"stack {self.stack_name!r} has no output {name!r}: "
                "is it Dayfold's template, and deployed completely?"
            ) from None

    @property
    def bucket(self) -> str:
        """The bucket with extracts, builds, plans and results."""
        return self.output("Bucket")

    @functools.cached_property
    def ledger(self) -> Ledger:
        """The ledger of partitions, builds and runs."""
        from dayfold.adapters.ledger import Ledger

        return Ledger(self.client("dynamodb"), self.output("LedgerTable"))

    @overload
    def client(self, service: Literal["athena"]) -> AthenaClient: ...
    @overload
    def client(self, service: Literal["cloudformation"]) -> CloudFormationClient: ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["glue"]) -> GlueClient: ...
    @overload
    def client(self, service: Literal["lambda"]) -> LambdaClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["stepfunctions"]) -> SFNClient: ...
    def client(self, service: Any) -> Any:
        """The client of a service; one per service, for they are dear to make."""
        if service not in self._clients:
            factory: Any = self.session.client
            self._clients[service] = factory(service, **self._client_arguments())
        return self._clients[service]

    def _client_arguments(self) -> dict[str, Any]:
        from botocore.config import Config

        settings: dict[str, Any] = {
            "connect_timeout": CONNECT_TIMEOUT,
            "read_timeout": READ_TIMEOUT,
            "retries": {"mode": "standard", "total_max_attempts": CALL_ATTEMPTS},
            "max_pool_connections": 16,
        }
        if self.endpoint_url is None:
            return {"config": Config(**settings)}
        # A proxy for the world outside must not be asked for a port of this machine.
        local = Config(proxies={}, s3={"addressing_style": "path"}, **settings)
        return {"config": local, "endpoint_url": self.endpoint_url}

    def _missing(self) -> str:
        if self.endpoint_url is not None:
            return "the local stack runs but nothing is deployed on it: `dayfold up` deploys it"
        return (
            f"there is no stack {self.stack_name!r} in {self.session.region_name}: "
            "check --stack, --region and --profile, or deploy it (sam build && sam deploy)"
        )


def open_deployment(target: Target) -> Deployment:
    """Find the stack that the command line names.

    Raises:
        NoDeploymentError: the local stack is not running, or the profile does not exist.
    """
    return _open_local(target) if target.is_local else _open_aws(target)


def _open_local(target: Target) -> Deployment:
    if target.profile or target.region:
        raise NoDeploymentError("--profile and --region go with --stack NAME: say which stack")
    try:
        from dayfold_local import stack
    except ImportError as error:
        raise NoDeploymentError(
            "the local stack is not installed: pip install 'dayfold[local]', or give --stack NAME"
        ) from error
    info = stack.info(target.state_dir())
    if info is None:
        raise NoDeploymentError(
            f"the local stack is not running ({target.state_dir()}): `dayfold up` starts it, "
            "or give --stack NAME for one on AWS"
        )
    session = LocalSession(info.region)
    return Deployment(session, info.stack_name, info.endpoint_url, info.outputs)


class LocalSession:
    """A session for the local stack that no profile or file of the user's can disturb.

    It makes clients as boto3's does. Importing boto3 takes longer than all that a command does
    before its first request, and only S3's transfers are of its making.
    """

    def __init__(self, region: str) -> None:
        self.region_name = region

    @functools.cached_property
    def _core(self) -> CoreSession:
        import botocore.session

        nowhere: Any = (None, None, None, None)
        core = botocore.session.Session(session_vars={"profile": nowhere, "config_file": nowhere})
        core.set_credentials(LOCAL_ACCESS_KEY, LOCAL_SECRET_KEY)
        core.set_config_variable("region", self.region_name)
        return core

    def client(self, service: Any, **settings: Any) -> Any:  # noqa: ANN401 - boto3's signature
        """The client of a service."""
        if service == "s3":
            import boto3

            return boto3.Session(botocore_session=self._core).client("s3", **settings)
        return self._core.create_client(service, **settings)


def _open_aws(target: Target) -> Deployment:
    import boto3
    from botocore.exceptions import ProfileNotFound

    assert target.stack is not None
    try:
        # Unlike the AWS command line, boto3 does not look at AWS_REGION.
        region = target.region or os.environ.get("AWS_REGION")
        session = boto3.Session(profile_name=target.profile, region_name=region)
    except ProfileNotFound as error:
        raise NoDeploymentError(f"{error}: check --profile or AWS_PROFILE") from error
    return Deployment(session, target.stack)
