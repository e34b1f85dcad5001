"""A small project on a stack that tests share, and one of its own for a test that needs it."""

from __future__ import annotations

import dataclasses
import functools
import json
import socket
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from botocore.config import Config

from dayfold_local import stack
from dayfold_local.stack import StackInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).resolve().parents[2]

SMALL_TEMPLATE = """
    AWSTemplateFormatVersion: "2010-09-09"
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      QueriesDir: {Type: String, Default: /opt}
      EndpointUrl: {Type: String, Default: ""}
      Greeting: {Type: String, Default: hello}
      PowertoolsLayer: {Type: "AWS::SSM::Parameter::Value<String>", Default: /aws/service/none}
    Globals:
      Function:
        CodeUri: functions/
        Runtime: python3.13
        Timeout: 3
        Environment:
          Variables: {GREETING: !Ref Greeting, AWS_ENDPOINT_URL: !Ref EndpointUrl}
    Resources:
      Bucket:
        Type: AWS::S3::Bucket
      Ledger:
        Type: AWS::DynamoDB::Table
        Properties:
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions:
            - {AttributeName: pk, AttributeType: S}
            - {AttributeName: sk, AttributeType: S}
          KeySchema:
            - {AttributeName: pk, KeyType: HASH}
            - {AttributeName: sk, KeyType: RANGE}
      Catalog:
        Type: AWS::Glue::Database
        Properties: {CatalogId: !Ref AWS::AccountId, DatabaseInput: {Name: kpi}}
      Jobs:
        Type: AWS::SQS::Queue
      GreetFunction:
        Type: AWS::Serverless::Function
        Properties:
          Handler: greet.app.lambda_handler
          Layers: [!Ref PowertoolsLayer]
          Policies:
            - Version: "2012-10-17"
              Statement:
                - {Effect: Allow, Action: "dynamodb:PutItem", Resource: !GetAtt Ledger.Arn}
      GreetStateMachine:
        Type: AWS::Serverless::StateMachine
        Properties:
          DefinitionUri: greet.asl.json
          DefinitionSubstitutions: {GreetFunctionArn: !GetAtt GreetFunction.Arn}
          Policies: [LambdaInvokePolicy: {FunctionName: !Ref GreetFunction}]
    Outputs:
      Bucket: {Value: !Ref Bucket}
      Ledger: {Value: !Ref Ledger}
      Jobs: {Value: !Ref Jobs}
      GreetFunction: {Value: !Ref GreetFunction}
      GreetStateMachine: {Value: !Ref GreetStateMachine}
"""

GREET = """
    import os, sys, time
    import boto3
    from wording import Refused

    def lambda_handler(event, context):
        print("greeting", event.get("name"))
        if event.get("refuse"):
            raise Refused("not you")
        if event.get("sleep"):
            print("asleep in", os.getpid())
            time.sleep(event["sleep"])
        if event.get("write"):
            item = {"pk": {"S": "greeting"}, "sk": {"S": event["write"]}}
            boto3.client("dynamodb").put_item(TableName=event["table"], Item=item)
        if event.get("read"):
            key = {"pk": {"S": "greeting"}, "sk": {"S": event["read"]}}
            boto3.client("dynamodb").get_item(TableName=event["table"], Key=key)
        return {
            "text": f"{os.environ['GREETING']}, {event.get('name')}",
            "code": __file__,
            "python": sys.executable,
            "pid": os.getpid(),
            "left": context.get_remaining_time_in_millis(),
        }
"""

GREET_MACHINE = {
    "StartAt": "Greet",
    "States": {
        "Greet": {
            "Type": "Task",
            "Resource": "${GreetFunctionArn}",
            "Catch": [{"ErrorEquals": ["Refused"], "Next": "Refused"}],
            "End": True,
        },
        "Refused": {"Type": "Pass", "Result": {"text": "caught"}, "End": True},
    },
}


@dataclasses.dataclass(frozen=True)
class SmallStack:
    """The small project on a running stack, for tests that leave it as they found it."""

    project: Path
    state: Path
    info: StackInfo

    @functools.cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of the deployed stack."""
        return outputs_of(self.info)

    @functools.cached_property
    def _functions(self) -> Any:
        """One client: making it takes longer than a call."""
        return self.info.session().client("lambda", config=Config(max_pool_connections=20))

    def invoke(self, **event: Any) -> tuple[Any, str | None]:
        """What its function answers, and the kind of its error."""
        name, payload = self.outputs["GreetFunction"], json.dumps(event).encode()
        answer = self._functions.invoke(FunctionName=name, Payload=payload)
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")


@pytest.fixture(scope="session")
def small_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallStack]:
    """One for all tests of the session."""
    folder = tmp_path_factory.mktemp("small")
    project, state = small_project(folder / "project"), folder / "state"
    yield SmallStack(project, state, stack.up(state, free_port(), {}, project))
    stack.down(state)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project of a test's own."""
    return small_project(tmp_path / "project")


def small_project(folder: Path) -> Path:
    """A small project: a function, a state machine, a bucket, a table, a queue, a database."""
    (folder / "functions" / "greet").mkdir(parents=True)
    (folder / "queries").mkdir()
    (folder / "template.yaml").write_text(textwrap.dedent(SMALL_TEMPLATE))
    (folder / "functions" / "greet" / "app.py").write_text(textwrap.dedent(GREET))
    (folder / "functions" / "wording.py").write_text("class Refused(Exception):\n    pass\n")
    (folder / "greet.asl.json").write_text(json.dumps(GREET_MACHINE))
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose server is gone when the test ends."""
    folder = tmp_path / "state"
    yield folder
    stack.down(folder)


@pytest.fixture
def started(project: Path, state: Path) -> Callable[..., StackInfo]:
    """Brings the small project up, as often as a test wants."""
    port = free_port()

    def up(**parameters: str) -> StackInfo:
        return stack.up(state, port, parameters, project)

    return up


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


T = TypeVar("T")


def wait_until(condition: Callable[[], T | None], seconds: float = 30) -> T:
    """Asks again until the answer is one; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
    return answer


def outputs_of(info: StackInfo) -> dict[str, str]:
    """The outputs of the deployed stack."""
    found = info.session().client("cloudformation").describe_stacks(StackName=info.stack_name)
    return {output["OutputKey"]: output["OutputValue"] for output in found["Stacks"][0]["Outputs"]}


def processes_on(state: Path) -> list[str]:
    """Command lines of the processes that work on a state folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(state).encode() in environment or str(state) in command:
            found.append(command)
    return found
