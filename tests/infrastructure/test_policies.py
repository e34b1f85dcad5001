"""Rights: what a function may do is written out, and no more than its code needs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infrastructure.project import (
    ALL_FUNCTIONS,
    Function,
    as_list,
    calls_of_adapters,
    resources,
    statements,
)

# The only statements that may name all resources, and why.
EVERYTHING = {
    "DeliverLogs": "log delivery is set up for the whole account: AWS offers no narrower resource",
}
# Calls that AWS allows under another name than the API's.
RIGHT_OF_CALL = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:DeleteObjects": "s3:DeleteObject",
    "dynamodb:TransactWriteItems": "dynamodb:UpdateItem",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
PUBLISHERS = {"finish_build", "run_backfill_job", "roll_back", "sweep"}
# Where in the bucket a function may read or write.
PREFIXES = r"raw|builds|plans|results|ops/\w+"
# Who may do what with which queue. Only the mapping's function takes jobs.
QUEUE_RIGHTS = {
    "start_backfill": {("SendMessage", "BackfillQueue")},
    "steer_backfill": {("SendMessage", "BackfillQueue")},
    "sweep": {("SendMessage", "BackfillQueue"), ("GetQueueAttributes", "BackfillQueue")},
    "run_backfill_job": {
        ("ReceiveMessage", "BackfillQueue"),
        ("ChangeMessageVisibility", "BackfillQueue"),
        ("DeleteMessage", "BackfillQueue"),
        ("GetQueueAttributes", "BackfillQueue"),
        ("SendMessage", "BackfillQueue"),
        ("SendMessage", "BackfillDeadLetters"),
    },
}


def _machine_statements() -> list[dict[str, Any]]:
    policies = resources("AWS::Serverless::StateMachine")["DailyRunStateMachine"]["Policies"]
    return [one for policy in policies for one in policy.get("Statement", [])]


def _crawler_statements() -> list[dict[str, Any]]:
    policies = resources("AWS::IAM::Role")["CrawlerRole"]["Policies"]
    return [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]


ALL_STATEMENTS = [
    *((str(function), one) for function in ALL_FUNCTIONS for one in statements(function)),
    *(("daily_run", one) for one in _machine_statements()),
    *(("crawler", one) for one in _crawler_statements()),
]
NAMES = [f"{owner}-{one['Sid']}" for owner, one in ALL_STATEMENTS]


@pytest.mark.parametrize(("owner", "statement"), ALL_STATEMENTS, ids=NAMES)
def test_no_right_is_given_by_wildcard(owner: str, statement: dict[str, Any]) -> None:
    # Given
    actions = as_list(statement["Action"])
    resources_named = as_list(statement["Resource"])

    # When
    wildcards = [action for action in actions if "*" in action]
    everything = [resource for resource in resources_named if resource == "*"]

    # Then
    assert statement["Effect"] == "Allow"
    assert wildcards == []
    assert not everything or statement["Sid"] in EVERYTHING


@pytest.mark.parametrize(("owner", "statement"), ALL_STATEMENTS, ids=NAMES)
def test_files_are_allowed_by_prefix_and_deleted_by_the_collection_alone(
    owner: str, statement: dict[str, Any]
) -> None:
    # Given
    actions = [one for one in as_list(statement["Action"]) if one.startswith("s3:")]
    named = [_text(one) for one in as_list(statement["Resource"])]

    # When
    on_files = [one for one in actions if "Object" in one]
    on_lists = [one for one in actions if one == "s3:ListBucket"]

    # Then
    deleting = [one for one in actions if "Delete" in one]
    assert not deleting or (owner == "collect_garbage" and not any("/raw" in x for x in named))
    assert not on_files or all(re.fullmatch(rf".*/({PREFIXES})/\*", x) for x in named)
    assert not on_lists or statement["Condition"]["StringLike"]["s3:prefix"]


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_only_builders_publish_and_only_into_published_databases(function: Function) -> None:
    # Given
    publishing = [
        one for one in statements(function) if "glue:BatchUpdatePartition" in one["Action"]
    ]

    # When
    named = [_text(resource) for one in publishing for resource in one["Resource"]]

    # Then
    assert bool(publishing) == (function.folder in PUBLISHERS)
    assert not [one for one in named if "RawDatabase" in one or "BuildDatabase" in one]


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=str)
def test_only_the_backfill_s_functions_reach_its_queues(function: Function) -> None:
    # Given
    rights = [(action, one) for one in statements(function) for action in as_list(one["Action"])]

    # When
    on_queues = {
        (action.removeprefix("sqs:"), queue["Fn::GetAtt"][0])
        for action, one in rights
        if action.startswith("sqs:")
        for queue in as_list(one["Resource"])
    }

    # Then
    assert on_queues == QUEUE_RIGHTS.get(function.folder, set())


def test_nothing_is_deleted_from_the_ledger_but_jobs_of_a_backfill() -> None:
    # Given
    rights = [
        (owner, one) for owner, one in ALL_STATEMENTS if "dynamodb:DeleteItem" in one["Action"]
    ]

    # When
    conditions = {owner: one["Condition"] for owner, one in rights}

    # Then
    only = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["BACKFILL#*"]}}
    assert conditions == {"steer_backfill": only}


def test_every_call_that_the_adapters_make_is_a_right_of_some_function() -> None:
    # Given
    granted = {
        action
        for function in ALL_FUNCTIONS
        for one in statements(function)
        for action in as_list(one["Action"])
    }

    # When
    called = {right_of(*one) for one in calls_of_adapters()}

    # Then
    assert called - granted == set()


def right_of(service: str, call: str) -> str:
    """The right that AWS asks for, of a call by boto3's names."""
    camel = "".join(word.capitalize() for word in call.split("_"))
    action = f"{'states' if service == 'stepfunctions' else service}:{camel}"
    return RIGHT_OF_CALL.get(action, action)


def _text(resource: object) -> str:
    return str(resource["Fn::Sub"]) if isinstance(resource, dict) and "Fn::Sub" in resource else ""
