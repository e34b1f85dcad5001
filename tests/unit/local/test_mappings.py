"""Event source mappings: what the template fills in arrives as Lambda's API would have it."""

from __future__ import annotations

from typing import Any

from dayfold_local.mappings import with_numbers


def test_a_parameter_of_the_template_becomes_a_number_and_a_name_stays_a_name() -> None:
    # Given a resource's handler, and properties as CloudFormation fills them in
    seen: list[Any] = []
    handle = with_numbers(lambda *arguments: seen.extend(arguments))
    properties = {
        "BatchSize": 1,
        "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:jobs",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": "20"},
    }

    # When
    handle("12", properties, "dayfold")

    # Then
    expected = {**properties, "ScalingConfig": {"MaximumConcurrency": 20}}
    assert seen == ["12", expected, "dayfold"]
