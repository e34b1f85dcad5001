"""A deployment in memory: moto for AWS, a folder for the project, and the command as one call."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from dayfold_cli.deployment import Deployment
from dayfold_cli.main import main
from tests.unit.cli.fakes import FakeLedger, FakeStepFunctions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REGION = "us-east-1"
OUTPUTS = {
    "Bucket": "extracts",
    "LedgerTable": "ledger",
    "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:daily",
    "CrawlerName": "raw-crawler",
    "Workgroup": "dayfold",
    "BusinessTimeZone": "Asia/Tokyo",
    "PlanRunFunction": "dayfold-plan-run",
    "SweepFunction": "dayfold-sweep",
    "StartBuildFunction": "dayfold-start-build",
    "RollBackFunction": "dayfold-roll-back",
    "CollectGarbageFunction": "dayfold-collect-garbage",
}


@dataclasses.dataclass(frozen=True)
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the user's profiles, keys or stack."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "DAYFOLD_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with two tables, and the current folder of the test."""
    folder = tmp_path / "project"
    for name in ("staging/posts", "kpi/active_users"):
        path = folder / "queries" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("SELECT dt FROM raw.events", encoding="utf-8")
    (folder / "template.yaml").write_text("Resources: {}\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def dayfold(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run one command as a shell would."""

    def run(*arguments: str | Path) -> Result:
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    return run


@pytest.fixture
def deployment(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A deployment whose AWS is moto; every command finds it."""
    del project
    with mock_aws():
        opened = Deployment(boto3.Session(region_name=REGION), "dayfold")
        vars(opened)["outputs"] = dict(OUTPUTS)
        opened.client("s3").create_bucket(Bucket=OUTPUTS["Bucket"])
        opened.client("dynamodb").create_table(
            TableName=OUTPUTS["LedgerTable"],
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        monkeypatch.setattr("dayfold_cli.deployment.open_deployment", lambda _target: opened)
        yield opened


@pytest.fixture
def functions(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Callable[[Any], Any]]:
    """Functions in memory instead of Lambda, by their deployed names; raise to fail."""
    handlers: dict[str, Callable[[Any], Any]] = {}

    class FakeLambda:
        """Answers as Lambda does, failures included."""

        def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
            try:
                answer = handlers[FunctionName](json.loads(Payload))
            except Exception as error:  # noqa: BLE001
                cause = {"errorType": type(error).__name__, "errorMessage": str(error)}
                return {"FunctionError": "Unhandled", "Payload": _Body(json.dumps(cause))}
            return {"Payload": _Body(json.dumps(answer))}

    monkeypatch.setitem(deployment._clients, "lambda", FakeLambda())
    return handlers


@pytest.fixture
def ledger(deployment: Deployment) -> FakeLedger:
    fake = FakeLedger()
    vars(deployment)["ledger"] = fake
    return fake


@pytest.fixture
def machine(
    deployment: Deployment, ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> FakeStepFunctions:
    fake = FakeStepFunctions(ledger, "SUCCEEDED")
    monkeypatch.setitem(deployment._clients, "stepfunctions", fake)
    monkeypatch.setattr("dayfold_cli.runs.time.sleep", lambda _seconds: None)
    return fake


class _Body:
    def __init__(self, text: str) -> None:
        self.text = text

    def read(self) -> bytes:
        return self.text.encode()
