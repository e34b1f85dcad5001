"""The environment in which the emulator and the functions it runs live.

The emulator reads its settings when it is imported, so this must run before the first
`import ministack`. Lambda workers inherit the environment as well: whatever the user's shell says
about AWS is removed, so that no function of the local stack can reach a real account.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from dayfold_local.folder import StateFolder

HOST = "127.0.0.1"
DEFAULT_PORT = 4566
REGION = "us-east-1"
# The emulator's root user: a key of twelve digits is the account of that number.
ACCOUNT = "000000000000"
SECRET = "local"

SERVICES = (
    "athena", "cloudformation", "dynamodb", "events", "glue", "iam", "kms", "lambda", "logs",
    "monitoring", "s3", "scheduler", "sns", "sqs", "ssm", "states", "sts", "tagging",
)  # fmt: skip


def endpoint_url(port: int) -> str:
    """Where clients reach the local stack."""
    return f"http://{HOST}:{port}"


def configure(
    folder: StateFolder,
    port: int,
    environ: MutableMapping[str, str] = os.environ,
) -> None:
    """Sets what the emulator reads at import; call it before importing ministack."""
    forget_user_settings(environ)
    environ.update(
        {
            "AUTH": "true",
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "SERVICES": ",".join(SERVICES),
            # S3 objects as plain files; all else is kept by dayfold_local.durability.
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(folder.objects.resolve()),
            "STATE_DIR": str(folder.services.resolve()),
            "PERSIST_STATE": "0",
            "TMPDIR": str(folder.temporary.resolve()),
            # Listeners and probes that a KPI pipeline has no use for.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": f"unix://{folder.root.resolve()}/no-docker.sock",
            "LAMBDA_EXECUTOR": "local",
            # Functions reach the stack through the same variable as on `sam local`.
            "AWS_ENDPOINT_URL": endpoint_url(port),
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            # X-Ray has no daemon here; without it the SDK would log an error per call.
            "POWERTOOLS_TRACE_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
        },
    )


def forget_user_settings(environ: MutableMapping[str, str]) -> None:
    """Removes profiles, keys and endpoints of the shell that started the stack."""
    for name in [name for name in environ if name.startswith(("AWS_", "MINISTACK_", "LAMBDA_"))]:
        del environ[name]
