"""What a function finds when it starts: its code and layers on disk, and its environment."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESERVED = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

_unpacking = threading.Lock()


@dataclass(frozen=True)
class FunctionSettings:
    """Everything the second generation needs to become a function."""

    handler: str
    code: str
    layers: tuple[str, ...]
    environment: dict[str, str]

    @classmethod
    def of(cls, config: dict[str, Any], code: bytes) -> FunctionSettings:
        """Unpacks the code of a deployed function and works out its environment."""
        from ministack.services.lambda_svc import _resolve_layer_zip

        layers = [_resolve_layer_zip(layer) for layer in config.get("Layers") or []]
        folder = unpacked(code)
        return cls(
            handler=config["Handler"],
            code=folder,
            layers=tuple(unpacked(layer) for layer in layers if layer),
            environment=_environment(config, folder),
        )


def unpacked(archive: bytes) -> str:
    """The folder that holds a zip file's content; functions with the same code share it."""
    name = hashlib.sha256(archive).hexdigest()[:24]
    folder = Path(tempfile.gettempdir(), "unpacked", name)
    with _unpacking:
        if not folder.exists():
            draft = folder.with_suffix(".new")
            shutil.rmtree(draft, ignore_errors=True)
            with zipfile.ZipFile(io.BytesIO(archive)) as content:
                # Names that lead out of the folder are stripped by extractall itself.
                content.extractall(draft)
            draft.rename(folder)
    return str(folder)


def _environment(config: dict[str, Any], folder: str) -> dict[str, str]:
    from ministack.core.lambda_runtime import (
        _account_region_from_function_config,
        execution_credentials,
    )

    _, region = _account_region_from_function_config(config)
    name = config["FunctionName"]
    own = config.get("Environment", {}).get("Variables", {})
    environment = {
        **os.environ,
        # An empty address (the template's default on AWS) means the stack's own.
        **{key: value for key, value in own.items() if value or key != "AWS_ENDPOINT_URL"},
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **execution_credentials(config),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": (config.get("LoggingConfig") or {}).get("LogGroup")
        or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python')}",
        "LAMBDA_TASK_ROOT": folder,
        "_HANDLER": config["Handler"],
        "TZ": ":UTC",
    }
    return {key: str(value) for key, value in environment.items()}
