"""The clients: a refusal that passes by itself, and silence, are errors that say to try again."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from dayfold.adapters import aws
from dayfold.errors import RetriableError, ThrottledError


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A real client, made as the functions make theirs, of which no call leaves the process."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return aws.client.__wrapped__("glue")


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("ThrottlingException", 400, ThrottledError),
        ("InternalServiceException", 500, RetriableError),
        ("AccessDeniedException", 400, ClientError),
    ],
)
def test_refusals_are_told_apart(glue: Any, code: str, status: int, raised: type) -> None:
    # Given
    with Stubber(glue) as stub:
        stub.add_client_error("get_table", code, "not now", http_status_code=status)
        # When / Then
        with pytest.raises(raised, match="not now") as refusal:
            glue.get_table(DatabaseName="kpi", Name="x")
    assert issubclass(refusal.type, ThrottledError) == (raised is ThrottledError)


def test_a_call_without_an_answer_is_worth_another_try(
    glue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a client of an address where nobody listens
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    endpoint, made = "http://127.0.0.1:1", boto3.client
    monkeypatch.setattr(
        boto3,
        "client",
        lambda service, **_: made(service, endpoint_url=endpoint, config=config),
    )
    lonely: Any = aws.client.__wrapped__("glue")
    # When / Then
    with pytest.raises(RetriableError, match="no answer"):
        lonely.get_table(DatabaseName="kpi", Name="x")
