"""Counts the loopback as a secure transport, so that a bucket that demands TLS takes calls here.

Nothing leaves the machine, and the template's policy is deployed as it is; the emulator would say
that plain HTTP is insecure and refuse all that the policy guards.
"""

from __future__ import annotations

from typing import Any


def install() -> None:
    """Answers `aws:SecureTransport` with true in the emulator's policy evaluation."""
    from ministack.core import iam_evaluator

    theirs = iam_evaluator._resolve_condition_key  # noqa: SLF001 - the emulator has no setting

    def resolve(key: str, context: Any) -> Any:  # noqa: ANN401 - as the emulator declares it
        return "true" if key.lower() == "aws:securetransport" else theirs(key, context)

    iam_evaluator._resolve_condition_key = resolve  # noqa: SLF001
