"""Alarms on a metric expression: the emulator refuses them, so this keeps them unevaluated.

Such an alarm is deployed, listed and deleted like any other and stays at INSUFFICIENT_DATA: the
emulator publishes none of the AWS/States metrics that an expression could be worked out from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# What the emulator's record is made from in place of the expression; taken out again.
STAND_IN = {"MetricName": "expression", "Namespace": "expression"}


def install() -> None:
    """Teaches CloudFormation's alarm resource the property `Metrics`."""
    from ministack.services.cloudformation import provisioners

    provisioners._cw_metric_alarm_record = accepting_expressions(  # noqa: SLF001
        provisioners._cw_metric_alarm_record,  # noqa: SLF001
    )


def accepting_expressions(
    record: Callable[[str, dict[str, Any]], dict[str, Any]],
) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """Wraps the emulator's maker of alarm records."""

    def accepting(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        metrics = properties.get("Metrics")
        if not metrics:
            return record(name, properties)
        alarm = record(name, {**properties, **STAND_IN, "Metrics": None})
        return {**alarm, "MetricName": "", "Namespace": "", "Metrics": metrics}

    return accepting
