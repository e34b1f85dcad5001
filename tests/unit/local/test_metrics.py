"""The embedded metric format: one datum per value and set of dimensions."""

from __future__ import annotations

import json

from dayfold_local.lambdas.metrics import embedded


def test_each_value_and_set_of_dimensions_is_a_datum() -> None:
    # Given
    line = json.dumps(
        {
            "_aws": {
                "CloudWatchMetrics": [
                    {
                        "Namespace": "Dayfold",
                        "Dimensions": [["service"], ["service", "table"]],
                        "Metrics": [{"Name": "RowsBuilt", "Unit": "Count"}],
                    }
                ]
            },
            "service": "dayfold",
            "table": "kpi.active_users",
            "RowsBuilt": [3, 4],
        }
    )

    # When
    found = [(datum["dimensions"], datum["value"]) for datum in embedded(line)]

    # Then
    whole, by_table = {"service": "dayfold"}, {"service": "dayfold", "table": "kpi.active_users"}
    assert found == [(whole, 3.0), (whole, 4.0), (by_table, 3.0), (by_table, 4.0)]


def test_other_lines_hold_no_metrics() -> None:
    # When / Then
    for line in ('{"message": "\\"_aws\\""}', 'no JSON "_aws"', '{"_aws": 1}'):
        assert list(embedded(line)) == []
