"""The backfill's queue: a job is handed out to one at a time, given up late and never lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from dayfold.backfill_messages import LAST_DELIVERY
from tests.infrastructure.project import ROOT, Function, resources, template

JOB = Function("run_backfill_job")
QUEUES = ("BackfillQueue", "BackfillDeadLetters")


def _queue(name: str = "BackfillQueue") -> dict[str, Any]:
    return resources("AWS::SQS::Queue")[name]


def _mapping() -> dict[str, Any]:
    return resources("AWS::Lambda::EventSourceMapping")["BackfillMapping"]


def test_a_job_at_work_is_handed_to_nobody_else() -> None:
    # Given
    timeout = JOB.setting("Timeout")

    # When
    hidden = _queue()["VisibilityTimeout"]

    # Then AWS advises six times the function's time, and hides no message for more than 12 hours
    assert timeout == 900
    assert 6 * timeout <= hidden <= 12 * 60 * 60


def test_a_job_given_up_waits_longer_for_people_than_it_waited_for_a_function() -> None:
    # Given
    dead_letters = _queue("BackfillDeadLetters")

    # When
    redrive = _queue()["RedrivePolicy"]

    # Then a dead letter keeps the age it had in its queue
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["BackfillDeadLetters", "Arn"]}
    assert redrive["maxReceiveCount"] == LAST_DELIVERY >= 5
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
    assert _queue()["MessageRetentionPeriod"] < dead_letters["MessageRetentionPeriod"]


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_encrypted_and_refuses_plain_text(name: str) -> None:
    # Given
    policies = resources("AWS::SQS::QueuePolicy").values()

    # When
    [policy] = [one for one in policies if one["Queues"] == [{"Ref": name}]]
    [statement] = policy["PolicyDocument"]["Statement"]

    # Then
    assert _queue(name)["SqsManagedSseEnabled"] is True
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert statement["Resource"] == {"Fn::GetAtt": [name, "Arn"]}
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_jobs_come_one_by_one_and_no_more_at_once_than_the_parameter_says() -> None:
    # Given
    parameter = template()["Parameters"]["BackfillConcurrency"]

    # When
    mapping = _mapping()

    # Then the bounds are those of AWS
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["BackfillQueue", "Arn"]}
    assert mapping["FunctionName"] == {"Ref": JOB.logical_id}
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "BackfillConcurrency"}}
    assert (parameter["MinValue"], parameter["MaxValue"]) == (2, 1000)


def test_no_function_listens_to_a_queue_in_a_way_that_sam_adds_rights_for() -> None:
    # Given SAM gives such a function AWS's managed policy: receive from every queue
    functions = resources("AWS::Serverless::Function").values()

    # When
    events = [event for one in functions for event in one.get("Events", {}).values()]

    # Then
    assert "SQS" not in {event["Type"] for event in events}


def test_jobs_given_up_and_jobs_that_stand_still_ring_and_are_shown() -> None:
    # Given
    alarms = resources("AWS::CloudWatch::Alarm")
    dashboard = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    still = alarms["BackfillStandsStillAlarm"]

    # When
    given_up = alarms["BackfillJobFailedAlarm"]["Dimensions"]
    watched = {
        one["MetricStat"]["Metric"]["MetricName"]: one["MetricStat"]["Metric"]["Dimensions"]
        for one in still["Metrics"]
        if "MetricStat" in one
    }

    # Then an old message alone is no standstill: a long queue has them while jobs end
    queue = [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["BackfillQueue", "QueueName"]}}]
    assert given_up[0]["Value"] == {"Fn::GetAtt": ["BackfillDeadLetters", "QueueName"]}
    assert watched == {"ApproximateAgeOfOldestMessage": queue, "NumberOfMessagesDeleted": queue}
    assert still["EvaluationPeriods"] * 300 > JOB.setting("Timeout")
    assert "${BackfillJobFailedAlarm.Arn}" in dashboard
    assert "${BackfillStandsStillAlarm.Arn}" in dashboard
    assert "ApproximateAgeOfOldestMessage" in dashboard


@pytest.mark.parametrize(
    ("variable", "queue"),
    [("DAYFOLD_QUEUE_URL", QUEUES[0]), ("DAYFOLD_DEAD_LETTERS_URL", QUEUES[1])],
)
def test_sam_local_is_told_of_the_local_stack_s_queues(variable: str, queue: str) -> None:
    # Given
    overridden = json.loads((ROOT / "env.json").read_text(encoding="utf-8"))["Parameters"]

    # When
    name = re.sub(r"\$\{AWS::StackName\}", "dayfold", _queue(queue)["QueueName"]["Fn::Sub"])

    # Then
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables[variable] == {"Ref": queue}
    assert overridden[variable] == f"{overridden['AWS_ENDPOINT_URL']}/000000000000/{name}"
