"""A job that fails at every delivery ends, with a word of why, before its message is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dayfold.backfill_messages import LAST_DELIVERY
from dayfold.backfill_messages import deliver as handler
from dayfold.releasing import steer_backfill
from tests.unit.pipeline.backfilling import drain, receive, start

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.pipeline.world import World


class Context:
    """A Lambda with all of its time."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def deliver(world: World, message: dict[str, Any], times: int, body: str | None = None) -> str:
    """Deliver a message for the so-many-th time, as Lambda does."""
    record = SQSRecord(
        {
            "body": body or message["Body"],
            "receiptHandle": message["ReceiptHandle"],
            "attributes": {"ApproximateReceiveCount": str(times)},
        }
    )
    return handler(world.pipeline, cast("LambdaContext", Context()))(record)


@pytest.fixture
def message(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The first job of a backfill, taken out of the queue: nothing is left there to be hidden."""
    monkeypatch.setattr(type(world.pipeline.queue), "hold", lambda *_: None)
    start(world)
    (found,) = receive(world.pipeline.settings.queue_url)
    return found


def break_athena(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> str:
        raise RuntimeError("no such\nthing")

    monkeypatch.setattr(world.athena, "start", start)


def test_at_first_it_comes_back(
    world: World, message: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    break_athena(world, monkeypatch)
    # When
    with pytest.raises(RuntimeError):
        deliver(world, message, LAST_DELIVERY - 2)
    backfill = world.pipeline.backfills.get("b1")
    # Then Lambda was told of it, and nothing is counted
    assert backfill is not None
    assert (backfill.status, backfill.jobs_done) == ("running", 0)


def test_in_the_end_it_ends_with_why_and_can_be_retried(
    world: World, message: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    with monkeypatch.context() as broken:
        break_athena(world, broken)
        # When
        said = deliver(world, message, LAST_DELIVERY - 1)
        drain(world)
    # Then the backfill ends, and a dead letter and the ledger say why
    assert said == "given up"
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert (backfill.status, backfill.published) == ("failed", 0)
    assert backfill.failed == backfill.partitions
    why = f"given up, a step failed in each of {LAST_DELIVERY - 1} deliveries"
    line = world.pipeline.backfills.failures("b1")[0]
    assert line.startswith("staging.posts 2004-05-1")
    assert (
        f"{why}, last with RuntimeError: no such thing. Next: `dayfold backfill retry b1`" in line
    )
    letters = receive(world.pipeline.settings.dead_letters_url)
    assert why in letters[0]["MessageAttributes"]["reason"]["StringValue"]
    # When it is retried in a world that works
    steer_backfill(world.pipeline, name="b1", action="retry")
    drain(world)
    # Then
    after = world.pipeline.backfills.get("b1")
    assert after is not None
    assert (after.status, after.failed, after.published) == ("succeeded", 0, after.partitions)


def test_a_job_whose_lambdas_all_died_is_given_up_and_not_begun_again(
    world: World, message: dict[str, Any]
) -> None:
    # Given a message whose earlier deliveries ended without a word
    before = len(world.athena.queries)
    # When it comes for the last time
    said = deliver(world, message, LAST_DELIVERY)
    # Then no query is started, and the backfill does not wait for it
    assert said == "given up"
    assert len(world.athena.queries) == before
    line = world.pipeline.backfills.failures("b1")[0]
    assert f"given up, {LAST_DELIVERY - 1} deliveries ended without a word" in line
    drain(world)
    backfill = world.pipeline.backfills.get("b1")
    assert backfill is not None
    assert (backfill.status, backfill.failed) == ("failed", backfill.partitions)


def test_what_was_published_before_counts_as_published(
    world: World, message: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a job that has published all of it and cannot be ended
    def fail(*_: object, **__: object) -> bool:
        raise RuntimeError("busy")

    with monkeypatch.context() as broken:
        broken.setattr(type(world.pipeline.backfills), "end", fail)
        with pytest.raises(RuntimeError):
            deliver(world, message, 1)
    # When the last delivery fails otherwise
    with monkeypatch.context() as broken:
        broken.setattr("dayfold.backfill_jobs.GroupBuild", fail)
        said = deliver(world, message, LAST_DELIVERY)
    # Then nothing has failed
    assert said == "given up"
    assert world.pipeline.backfills.failures("b1") == []
    assert receive(world.pipeline.settings.dead_letters_url) == []


def test_a_group_that_makes_no_sense_is_buried_at_once(
    world: World, message: dict[str, Any]
) -> None:
    # Given
    body = {**json.loads(message["Body"]), "group": {"wave": 1}}
    # When
    said = deliver(world, message, 1, json.dumps(body))
    # Then
    assert said == "buried: malformed message, group: KeyError: 'jobs'"
    (letter,) = receive(world.pipeline.settings.dead_letters_url)
    assert "malformed" in letter["MessageAttributes"]["reason"]["StringValue"]
