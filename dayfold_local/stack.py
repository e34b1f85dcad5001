"""The local stack as a whole: start it, deploy the template, stop it, throw it away.

This is what the `dayfold` command and the tests use.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dayfold.errors import ConfigurationError
from dayfold_local import process
from dayfold_local.environment import ACCOUNT, DEFAULT_PORT, REGION, SECRET, endpoint_url
from dayfold_local.folder import StateFolder, read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from dayfold_local.checkup import Finding

STACK_NAME = "dayfold"


@dataclass(frozen=True)
class StackInfo:
    """Where a running local stack is found."""

    endpoint_url: str
    region: str
    pid: int
    port: int
    stack_name: str = STACK_NAME
    # Of what `up` deployed; empty if somebody else did.
    outputs: dict[str, str] = field(default_factory=dict, compare=False)

    def session(self) -> Any:  # noqa: ANN401 - boto3 is imported late
        """A boto3 session with root credentials whose clients reach this stack."""
        return root_session(self.port)


def up(
    state_dir: Path,
    port: int | None,
    parameters: dict[str, str],
    project_dir: Path,
) -> StackInfo:
    """Starts the server if none runs and deploys the project's template if it has changed.

    Args:
        state_dir: The state folder; made if it is not there.
        port: The port to listen on; None for the last one used, or 4566.
        parameters: Values for the template's parameters.
        project_dir: The folder with template.yaml, functions/ and queries/.

    Raises:
        ConfigurationError: If the port, the folder, the project or the template stands in the way.
    """
    from dayfold_local.package import package

    artifacts = package(project_dir)
    unknown = parameters.keys() - artifacts.parameters
    if unknown:
        raise ConfigurationError(f"the template has no parameter {', '.join(sorted(unknown))}")
    folder = StateFolder(state_dir)
    folder.create()
    with process.exclusive(folder):
        server = _started(folder, port)
        chosen = {**_local_parameters(server.port, project_dir, artifacts.parameters), **parameters}
        fingerprint = artifacts.fingerprint(chosen)
        if read_json(folder.deployment).get("fingerprint") != fingerprint:
            from dayfold_local.deploy import Deployment

            folder.deployment.unlink(missing_ok=True)
            deployment = Deployment(server.session())
            deployment.publish_managed_layer()
            deployment.deploy(artifacts, chosen)
            write_json(
                folder.deployment,
                {
                    "fingerprint": fingerprint,
                    "project": str(project_dir.resolve()),
                    "parameters": chosen,
                    "outputs": deployment.outputs(),
                },
            )
        return server


def down(state_dir: Path) -> bool:
    """Stops the server and everything it started; whether one ran."""
    folder = StateFolder(state_dir)
    if not folder.exists():
        return False
    with process.exclusive(folder):
        return process.stop(folder)


def reset(state_dir: Path) -> None:
    """Stops the server and removes the state folder with all that is in it.

    Raises:
        ConfigurationError: If the folder is not a state folder; then nothing is touched.
    """
    folder = StateFolder(state_dir)
    if not folder.root.exists():
        return
    if not folder.exists():
        raise ConfigurationError(f"{state_dir}: not a Dayfold state folder, nothing was removed")
    with process.exclusive(folder):
        process.stop(folder)
        shutil.rmtree(folder.root)


def info(state_dir: Path) -> StackInfo | None:
    """The local stack that runs on a state folder, if one does."""
    folder = StateFolder(state_dir)
    server = process.running(folder)
    if server is None:
        return None
    # Read here, so that a command need not ask CloudFormation.
    return replace(_info(*server), outputs=read_json(folder.deployment).get("outputs", {}))


def doctor(state_dir: Path) -> list[Finding]:
    """What is right and wrong with the local stack and this environment, in lines for a person."""
    from dayfold_local.checkup import findings

    return findings(StateFolder(state_dir))


def root_session(port: int) -> Any:  # noqa: ANN401 - boto3 is imported late
    """A boto3 session with root credentials for the local stack on a port."""
    import boto3

    class LocalSession(boto3.Session):
        """Sends every client to the local stack, whatever the user's settings say."""

        def client(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401
            settings.setdefault("endpoint_url", endpoint_url(port))
            return super().client(*args, **settings)

        def resource(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401
            settings.setdefault("endpoint_url", endpoint_url(port))
            return super().resource(*args, **settings)

    return LocalSession(
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=SECRET,
        region_name=REGION,
    )


def _started(folder: StateFolder, port: int | None) -> StackInfo:
    server = process.settled(folder)
    if server is not None:
        if port not in (None, server[1]):
            raise ConfigurationError(
                f"the local stack already runs on port {server[1]}; `dayfold down` stops it",
            )
        return _info(*server)
    last = read_json(folder.server_file).get("port")
    chosen = port or (last if isinstance(last, int) else DEFAULT_PORT)
    return _info(process.start(folder, chosen), chosen)


def _info(pid: int, port: int) -> StackInfo:
    return StackInfo(endpoint_url(port), REGION, pid, port)


def _local_parameters(port: int, project: Path, declared: set[str]) -> dict[str, str]:
    """What differs from AWS: where queries are read, where AWS is, what the layers are called."""
    from dayfold_local.deploy import LAYER_PARAMETER

    values = {
        "QueriesDir": str((project / "queries").resolve()),
        "EndpointUrl": endpoint_url(port),
        "PowertoolsLayer": LAYER_PARAMETER,
        "SdkForPandasLayer": LAYER_PARAMETER,
    }
    return {name: value for name, value in values.items() if name in declared}
