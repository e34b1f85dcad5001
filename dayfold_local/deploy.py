"""Deploys a package through the CloudFormation API, as `sam deploy` would."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dayfold.errors import ConfigurationError
from dayfold_local.package import ARTIFACT_BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.package import Package

STACK_NAME = "dayfold"
DEPLOY_SECONDS = 180.0
POLL_SECONDS = 0.1
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
# Rolled back to what was there before; can be updated again.
USABLE = GOOD | {"UPDATE_ROLLBACK_COMPLETE"}
LAYER_NAME = "dayfold-managed-layer"
LAYER_PARAMETER = "/dayfold/local/managed-layer"


class Deployment:
    """Brings the stack up to date on one endpoint."""

    def __init__(self, clients: Any) -> None:  # noqa: ANN401 - a boto3 session bound to a stack
        self._clients = clients
        self._cloudformation = clients.client("cloudformation")

    def deploy(self, package: Package, parameters: dict[str, str]) -> None:
        """Creates or updates the stack and waits for it.

        Raises:
            ConfigurationError: If the deployment fails; names the resource and its reason.
        """
        self._upload(package)
        status = self._settled()
        if status is not None and status not in USABLE:
            self._delete()
            status = None
        request = {
            "StackName": STACK_NAME,
            "TemplateURL": self._store(package),
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
            "Capabilities": CAPABILITIES,
            # A failed first deployment takes its new bucket and ledger away again.
            "RetainExceptOnCreate": True,
        }
        since = time.time()
        try:
            if status is None:
                self._cloudformation.create_stack(**request)
            else:
                self._cloudformation.update_stack(**request)
        except self._cloudformation.exceptions.ClientError as error:
            message = error.response["Error"]["Message"]
            if "No updates are to be performed" in message:
                return
            raise ConfigurationError(f"template.yaml: {message}") from None
        if self._settled() not in GOOD:
            raise ConfigurationError(f"template.yaml: {self._first_failure(since)}")

    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name."""
        (stack,) = self._cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}

    def is_deployed(self) -> bool:
        """Whether the stack is there and usable."""
        return self._status() in USABLE

    def publish_managed_layer(self) -> str:
        """The SSM parameter of a layer that stands in for AWS's managed ones.

        Their packages are in this environment already, so the layer only has to be real.
        """
        ssm = self._clients.client("ssm")
        try:
            ssm.get_parameter(Name=LAYER_PARAMETER)
        except ssm.exceptions.ParameterNotFound:
            layer = self._clients.client("lambda").publish_layer_version(
                LayerName=LAYER_NAME,
                Description="Empty: on a laptop the packages come from the virtual environment",
                Content={"ZipFile": EMPTY_LAYER},
            )
            ssm.put_parameter(
                Name=LAYER_PARAMETER,
                Type="String",
                Value=layer["LayerVersionArn"],
            )
        return LAYER_PARAMETER

    def _upload(self, package: Package) -> None:
        s3 = self._clients.client("s3")
        s3.create_bucket(Bucket=ARTIFACT_BUCKET)
        listed = s3.list_objects_v2(Bucket=ARTIFACT_BUCKET).get("Contents", [])
        present = {entry["Key"] for entry in listed}
        for key, content in package.artifacts.items():
            if key not in present:
                s3.put_object(Bucket=ARTIFACT_BUCKET, Key=key, Body=content)
        for key in present - package.artifacts.keys():
            s3.delete_object(Bucket=ARTIFACT_BUCKET, Key=key)

    def _store(self, package: Package) -> str:
        """Puts the template in S3: it is too long to be sent with the request."""
        s3 = self._clients.client("s3")
        key = "template.json"
        s3.put_object(Bucket=ARTIFACT_BUCKET, Key=key, Body=package.body.encode())
        return f"{s3.meta.endpoint_url}/{ARTIFACT_BUCKET}/{key}"

    def _status(self) -> str | None:
        try:
            stacks = self._cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
        except self._cloudformation.exceptions.ClientError:
            return None
        status = str(stacks[0]["StackStatus"])
        return None if status == "DELETE_COMPLETE" else status

    def _settled(self) -> str | None:
        """The stack's status once nothing is in progress any more."""
        deadline = time.monotonic() + DEPLOY_SECONDS
        while time.monotonic() < deadline:
            status = self._status()
            if status is None or not status.endswith("_IN_PROGRESS"):
                return status
            time.sleep(POLL_SECONDS)
        raise ConfigurationError(f"the stack {STACK_NAME} is still {status} after a long wait")

    def _delete(self) -> None:
        self._cloudformation.delete_stack(StackName=STACK_NAME)
        status = self._settled()
        if status is not None:
            raise ConfigurationError(f"the stack {STACK_NAME} cannot be removed: {status}")

    def _first_failure(self, since: float) -> str:
        for event in self._events():
            if event["Timestamp"].timestamp() >= since - 1 and _tells_why(event):
                return _described(event, event["ResourceStatusReason"])
        for event in self._cloudformation.describe_events(StackName=STACK_NAME)["OperationEvents"]:
            if event.get("ValidationStatus") == "FAILED":
                return _described(event, event["ValidationStatusReason"])
        return "the deployment failed without a reason"

    def _events(self) -> Iterator[dict[str, Any]]:
        """The stack's events, oldest first."""
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(
            StackName=STACK_NAME,
        )
        events = [event for page in pages for event in page["StackEvents"]]
        yield from reversed(events)


def _tells_why(event: dict[str, Any]) -> bool:
    reason = event.get("ResourceStatusReason", "")
    return (
        event["ResourceStatus"].endswith("_FAILED")
        and bool(reason)
        and "cancelled" not in reason.lower()
        and event["ResourceType"] != "AWS::CloudFormation::Stack"
    )


def _described(event: dict[str, Any], reason: str) -> str:
    return f"{event['LogicalResourceId']} ({event['ResourceType']}): {' '.join(reason.split())}"


def _empty_layer() -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("python/README"), "Stands in for AWS's managed layers.\n")
    return buffer.getvalue()


EMPTY_LAYER = _empty_layer()
