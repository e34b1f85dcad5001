"""Puts our workers in the place of the emulator's, and errors in the shape of Lambda's."""

from __future__ import annotations

import logging
import threading
from typing import Any

from dayfold_local.lambdas import metrics
from dayfold_local.lambdas.pool import ForkedWorker, InitError

logger = logging.getLogger(__name__)


def install() -> None:
    """Replaces the emulator's way to run Python functions."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    lambda_runtime._worker_class_for = lambda _: ForkedWorker  # noqa: SLF001
    lambda_svc._execute_function_warm = execute  # noqa: SLF001
    ForkedWorker.host.start()


def stop() -> None:
    """Ends every worker and the process they are forked from."""
    from ministack.core import lambda_runtime

    lambda_runtime.reset()
    ForkedWorker.host.stop()


def execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:  # noqa: ANN401
    """Runs an invocation on a warm worker.

    Unlike the emulator's own, it answers a function's error with the name of its class, which is
    what Step Functions matches in `Retry` and `Catch`, and keeps the worker afterwards.
    """
    from ministack.core.lambda_runtime import acquire_worker, release_worker
    from ministack.services import lambda_svc

    config = func.get("config") or func
    worker, _ = acquire_worker(
        config["FunctionName"],
        config,
        func.get("code_zip") or b"",
        qualifier=config.get("Version", "$LATEST"),
    )
    try:
        answer = worker.invoke(
            event,
            request_id,
            trace_id=lambda_svc._xray_trace_id_for_invocation(config),  # noqa: SLF001
            invoked_function_arn=config.get("FunctionArn", ""),
        )
    finally:
        release_worker(worker)
    log = answer.get("log", "")
    metrics.publish(log)
    if "error" in answer:
        body = {**answer["error"], "requestId": request_id}
        return {"body": body, "error": True, "log": log}
    return {"body": answer["result"], "log": log}


def warm() -> None:
    """Starts one worker per deployed function in the background."""
    from ministack.services import lambda_svc

    records = list(lambda_svc._functions.all_values())  # noqa: SLF001
    threading.Thread(target=_warm, args=(records,), daemon=True, name="warm-functions").start()


def _warm(records: list[dict[str, Any]]) -> None:
    from ministack.core.lambda_runtime import acquire_worker, release_worker
    from ministack.core.responses import set_request_region

    for record in records:
        config = record["config"]
        set_request_region(config["FunctionArn"].split(":")[3])
        worker, _ = acquire_worker(config["FunctionName"], config, record.get("code_zip") or b"")
        try:
            worker.prepare()
        except (InitError, OSError, ValueError) as error:
            logger.warning("%s cannot be started: %s", config["FunctionName"], error)
        finally:
            release_worker(worker)
