"""The template: one name from folder to resource, log and settings; data outlives mistakes."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from dayfold.settings import Settings
from tests.infrastructure.project import (
    ALL_FUNCTIONS,
    FUNCTIONS,
    SAM_FUNCTION,
    Function,
    all_states,
    resources,
    state_machine,
    template,
)

# What `dayfold --stack NAME` and people read off a deployed stack.
OUTPUTS = {
    "BackfillDeadLettersUrl",
    "BackfillMapping",
    "BackfillQueueUrl",
    "Bucket",
    "BusinessTimeZone",
    "CrawlerName",
    "DashboardUrl",
    "LedgerTable",
    "StateMachineArn",
    "Workgroup",
    *(function.logical_id for function in ALL_FUNCTIONS),
}
# Work as long as Lambda lets them; the former is compared with its queue by a test of its own.
RENEWS_ITS_LEASES = {"run_backfill_job", "collect_garbage"}  # the latter holds none
# Read by Powertools and boto3 themselves, not by our settings.
READ_BY_LIBRARIES = {
    "AWS_ENDPOINT_URL",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_SERVICE_NAME",
}


def test_every_folder_is_a_function_and_every_function_a_folder() -> None:
    # Given
    folders = {function.logical_id for function in ALL_FUNCTIONS}

    # When
    declared = set(resources(SAM_FUNCTION))

    # Then
    assert declared == folders


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_a_function_s_handler_is_the_one_of_its_folder(function: Function) -> None:
    # Given / When
    handler = function.properties["Handler"]

    # Then
    assert handler == f"{function.folder}.app.lambda_handler"
    assert "def lambda_handler(" in (FUNCTIONS / function.folder / "app.py").read_text("utf-8")


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_a_function_has_a_role_and_a_log_of_its_own(function: Function) -> None:
    # Given
    log_group = function.logical_id.replace("Function", "LogGroup")

    # When
    properties = function.properties

    # Then SAM makes a role for each function that names policies and no role
    assert "Role" not in properties
    assert properties["Policies"]
    assert properties["LoggingConfig"]["LogGroup"] == {"Ref": log_group}
    log = resources("AWS::Logs::LogGroup")[log_group]
    assert log["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}/{function.folder}"}


@pytest.mark.parametrize(
    "function", [one for one in ALL_FUNCTIONS if one.folder not in RENEWS_ITS_LEASES], ids=str
)
def test_a_function_ends_before_its_state_gives_up_and_before_its_lease_ends(
    function: Function,
) -> None:
    # Given
    lease = int(
        template()["Globals"]["Function"]["Environment"]["Variables"]["DAYFOLD_LEASE_SECONDS"]
    )
    waits = dict(all_states(state_machine())).get(function.state, {}).get("TimeoutSeconds", lease)

    # When
    timeout = function.setting("Timeout")

    # Then
    assert timeout <= waits
    assert timeout < lease


def test_every_log_group_ends_its_records_some_day() -> None:
    # Given / When
    groups = resources("AWS::Logs::LogGroup")

    # Then
    assert groups
    assert all(group["RetentionInDays"] <= 90 for group in groups.values())


def test_the_variables_are_those_that_settings_read() -> None:
    # Given
    read = {f"DAYFOLD_{field.name.upper()}" for field in dataclasses.fields(Settings)}

    # When
    declared = set(template()["Globals"]["Function"]["Environment"]["Variables"])

    # Then
    assert declared == read | READ_BY_LIBRARIES
    assert all("Environment" not in function.properties for function in ALL_FUNCTIONS)


def test_every_parameter_is_explained_grouped_and_used() -> None:
    # Given
    parameters: dict[str, dict[str, Any]] = template()["Parameters"]
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    # When
    grouped = [name for group in groups for name in group["Parameters"]]
    unused = [name for name in parameters if not _is_used(name)]

    # Then
    assert sorted(grouped) == sorted(parameters)
    assert unused == []
    assert all(one["Description"].endswith(".") for one in parameters.values())


def _is_used(parameter: str) -> bool:
    body = {key: template().get(key) for key in ("Conditions", "Globals", "Resources", "Outputs")}
    text = repr(body)
    return f"'Ref': '{parameter}'" in text or f"${{{parameter}}}" in text


def test_the_stack_tells_what_people_and_the_command_line_need() -> None:
    # Given / When
    outputs = template()["Outputs"]

    # Then
    assert set(outputs) >= OUTPUTS
    assert all(one["Description"].endswith(".") for one in outputs.values())


@pytest.mark.parametrize("name", ["Bucket", "LedgerTable"])
def test_data_outlives_the_stack(name: str) -> None:
    # Given / When
    resource = template()["Resources"][name]

    # Then
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_no_life_cycle_rule_ever_expires_what_is_published_or_landed() -> None:
    # Given
    rules = resources("AWS::S3::Bucket")["Bucket"]["LifecycleConfiguration"]["Rules"]

    # When
    expiring = {rule.get("Prefix") for rule in rules if "ExpirationInDays" in rule}

    # Then
    # Of kpi.days only versions that were swapped long ago: the current one is renewed every week.
    assert expiring == {"results/", "plans/", "ops/days/"}


def test_the_workgroup_lets_a_build_choose_its_place_and_stops_at_the_limit() -> None:
    # Given / When
    configuration = resources("AWS::Athena::WorkGroup")["Workgroup"]["WorkGroupConfiguration"]

    # Then
    assert configuration["EnforceWorkGroupConfiguration"] is False
    assert configuration["BytesScannedCutoffPerQuery"] == {"Ref": "BytesScannedCutoff"}


def test_every_metric_on_the_dashboard_and_in_alarms_is_one_that_the_code_counts() -> None:
    # Given
    counted = set(
        re.findall(
            r'add_metric\(\s*"(\w+)"',
            (FUNCTIONS / "dayfold" / "adapters" / "metrics.py").read_text("utf-8"),
        )
    )

    # When
    body = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    shown = set(re.findall(r'MetricName=\\"(\w+)\\"', body))
    alarms = resources("AWS::CloudWatch::Alarm").values()
    watched = {one["MetricName"] for one in alarms if one.get("Namespace") == "Dayfold"}

    # Then
    assert shown | watched == counted
