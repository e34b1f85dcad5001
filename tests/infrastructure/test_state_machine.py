"""The state machine: every name it uses is the name of something real."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dayfold import errors
from dayfold.adapters.executions import CALLED_SECONDS
from tests.infrastructure.project import (
    ALL_FUNCTIONS,
    ROOT,
    Function,
    all_states,
    resources,
    state_machine,
    template,
)

# What AWS itself reports for a Lambda task and for a state.
AWS_ERRORS = {
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
}
STATES = dict(all_states(state_machine()))
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
# Called by a schedule, by `dayfold backfill` and by a queue, not by the state machine.
CALLED_BY_OTHERS = {
    "collect_garbage",
    "report_lateness",
    "roll_back",
    "run_backfill_job",
    "start_backfill",
    "steer_backfill",
    "sweep",
}


def test_every_substitution_is_given_and_every_one_given_is_used() -> None:
    # Given
    given = resources("AWS::Serverless::StateMachine")["DailyRunStateMachine"]
    text = (ROOT / "statemachine" / "daily_run.asl.json").read_text(encoding="utf-8")

    # When
    used = set(re.findall(r"\$\{(\w+)\}", text))

    # Then
    assert used == set(given["DefinitionSubstitutions"])
    assert "arn:aws:lambda" not in text


def test_what_a_stopped_execution_holds_is_held_as_long_as_its_functions_may_run() -> None:
    # Given the functions that it calls, and the time that the template gives each
    common = template()["Globals"]["Function"]["Timeout"]
    called = [one for one in ALL_FUNCTIONS if one.folder not in CALLED_BY_OTHERS]

    # When
    longest = max(one.properties.get("Timeout", common) for one in called)

    # Then
    assert longest == CALLED_SECONDS


def test_state_names_are_unique_also_inside_maps() -> None:
    # Given / When
    names = [name for name, _ in all_states(state_machine())]

    # Then
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    "function", [one for one in ALL_FUNCTIONS if one.folder not in CALLED_BY_OTHERS], ids=str
)
def test_a_function_s_state_bears_its_name_and_calls_it(function: Function) -> None:
    # Given
    substitutions = resources("AWS::Serverless::StateMachine")["DailyRunStateMachine"]

    # When
    called = TASKS[function.state]["Arguments"]["FunctionName"].strip("${}")

    # Then
    arn = substitutions["DefinitionSubstitutions"][called]
    assert arn == {"Fn::GetAtt": [function.logical_id, "Arn"]}


def test_the_machine_may_call_exactly_the_functions_that_it_calls() -> None:
    # Given
    machine = resources("AWS::Serverless::StateMachine")["DailyRunStateMachine"]
    called = {one.logical_id for one in ALL_FUNCTIONS if one.state in TASKS}

    # When
    allowed = {
        policy["LambdaInvokePolicy"]["FunctionName"]["Ref"]
        for policy in machine["Policies"]
        if "LambdaInvokePolicy" in policy
    }

    # Then
    assert allowed == called


@pytest.mark.parametrize("name", STATES)
def test_every_error_that_a_state_waits_for_can_be_raised(name: str) -> None:
    # Given
    ours = {one for one in vars(errors) if one.endswith("Error")}

    # When
    rules = [*STATES[name].get("Retry", []), *STATES[name].get("Catch", [])]
    waited_for = {error for rule in rules for error in rule["ErrorEquals"]}

    # Then
    assert waited_for <= ours | AWS_ERRORS


@pytest.mark.parametrize("name", TASKS)
def test_every_task_retries_what_waiting_cures_with_jitter_and_has_a_time_limit(name: str) -> None:
    # Given
    curable = {one.__name__ for one in _tree(errors.RetriableError)}

    # When
    rules: list[dict[str, Any]] = TASKS[name]["Retry"]
    retried = {error for rule in rules for error in rule["ErrorEquals"]}

    # Then Step Functions knows nothing of inheritance: each class is named
    assert curable <= retried
    assert all(rule["JitterStrategy"] == "FULL" and rule["BackoffRate"] > 1 for rule in rules)
    assert TASKS[name]["TimeoutSeconds"] <= 900


def _tree(root: type[Exception]) -> set[type[Exception]]:
    return {root}.union(*(_tree(one) for one in root.__subclasses__()))


def test_what_fails_one_job_or_the_whole_run_is_caught_and_ends_as_failed() -> None:
    # Given
    ends = {"Start build": "Fail build", "Finish build": "Fail build"}
    ends |= {"Plan run": "End run", "Plan wave": "End run", "Build tables": "End run"}

    # When
    caught = {name: state["Catch"] for name, state in STATES.items() if "Catch" in state}

    # Then
    assert {name: rules[-1]["Next"] for name, rules in caught.items()} == ends
    assert all(rules[-1]["ErrorEquals"] == ["States.ALL"] for rules in caught.values())
    assert STATES["Run failed"]["Type"] == "Fail"


def test_the_rule_listens_to_our_crawler_s_success_and_loses_no_event() -> None:
    # Given
    events = resources("AWS::Serverless::StateMachine")["DailyRunStateMachine"]["Events"]

    # When
    rule = events["CrawlerSucceeded"]["Properties"]

    # Then
    assert rule["Pattern"]["detail"] == {
        "crawlerName": [{"Ref": "Crawler"}],
        "state": ["Succeeded"],  # the event's spelling; the API says SUCCEEDED
    }
    assert rule["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert rule["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
