"""The wire: every AWS call of the pipeline goes through here, and here it goes wrong.

What can happen to a call, each at the call that the seed says:

    refuse    throttled, without effect
    break     no answer, without effect
    lose      it takes effect, and the answer is lost
    repeat    it takes effect twice, as when botocore sends it again after a lost answer
    part      a batch takes some of its entries and refuses the others
    slow      it takes long, before or after its effect: time for others, up to the client's limit
    kill      the process dies, before or after the call's effect
    freeze    the process stands still for longer than a lease before the call
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from dayfold.adapters.aws import raise_if_lost, raise_if_passing
from tests.faults.schedules.scheduler import Killed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.schedules.scheduler import Scheduler

THROTTLES = {
    "athena": "TooManyRequestsException",
    "dynamodb": "ProvisionedThroughputExceededException",
    "glue": "ThrottlingException",
    "s3": "SlowDown",
    "sqs": "RequestThrottled",
    "stepfunctions": "ThrottlingException",
}
# Every operation in which a schedule can go wrong; `test_wire_list.py` holds it against what a
# running stack is seen to be asked.
OPERATIONS = frozenset(
    {
        ("athena", "batch_get_query_execution"),
        ("athena", "get_query_execution"),
        ("athena", "get_query_results"),
        ("athena", "list_query_executions"),
        ("athena", "start_query_execution"),
        ("athena", "stop_query_execution"),
        ("dynamodb", "batch_get_item"),
        ("dynamodb", "get_item"),
        ("dynamodb", "put_item"),
        ("dynamodb", "query"),
        ("dynamodb", "transact_write_items"),
        ("glue", "batch_create_partition"),
        ("glue", "batch_get_partition"),
        ("glue", "batch_update_partition"),
        ("glue", "create_table"),
        ("glue", "delete_table"),
        ("glue", "get_crawler"),
        ("glue", "get_table"),
        ("glue", "get_tables"),
        ("glue", "start_crawler"),
        ("glue", "update_table"),
        ("s3", "delete_objects"),
        ("s3", "get_object"),
        ("s3", "list_objects_v2"),
        ("s3", "put_object"),
        ("sqs", "change_message_visibility"),
        ("sqs", "get_queue_attributes"),
        ("sqs", "send_message"),
        ("sqs", "send_message_batch"),
        ("stepfunctions", "describe_execution"),
        ("stepfunctions", "start_execution"),
    }
)
# The client's time-outs, 4 tries of 25 s and the pauses between, bound one call; see adapters/aws.
CALL_SECONDS = 110.0
FREEZE_SECONDS = (320.0, 700.0)  # the lease is 300
_HALF = 0.5  # of a fault's detail: below it happens before the call's effect, above it after
_PARTS = {
    "send_message_batch": ("Entries", "Failed"),
    "batch_update_partition": ("Entries", "Errors"),
    "batch_create_partition": ("PartitionInputList", "Errors"),
}
_TOKEN_OPERATION = "transact_write_items"


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing that went wrong."""

    number: int
    actor: str
    call: str
    kind: str
    detail: float = 0.0

    def __str__(self) -> str:
        return f"{self.number:5d} {self.kind:7s} {self.call:40s} in {self.actor}"


@dataclasses.dataclass
class Faults:
    """Draws what goes wrong: how often, of which kinds, and, to find out why, only which."""

    rng: random.Random
    odds: float = 0.0
    kinds: tuple[str, ...] = ()
    only: frozenset[int] | None = None
    drawn: list[Fault] = dataclasses.field(default_factory=list)

    def draw(self, number: int, actor: str, call: str) -> Fault | None:
        """What happens to a call; each takes as many draws, so that one left out moves none."""
        hit, kind, detail = self.rng.random(), self.rng.random(), self.rng.random()
        if hit >= self.odds or not self.kinds:
            return None
        if self.only is not None and number not in self.only:
            return None
        fault = Fault(number, actor, call, self.kinds[int(kind * len(self.kinds))], detail)
        self.drawn.append(fault)
        return fault


class Wire:
    """Hands calls to the fakes, and lets the others go on in between."""

    def __init__(
        self,
        scheduler: Scheduler,
        rng: random.Random,
        faults: Faults,
        after_each: Callable[[], None],
    ) -> None:
        self.scheduler = scheduler
        self.faults = faults
        self.seen: dict[str, set[tuple[str, str]]] = {}  # by the name of the process
        self.count = 0
        self.on_call: Callable[[str, str], None] | None = None
        self._rng = rng
        self._after_each = after_each
        self._tokens = itertools.count(1)

    def call(
        self, service: str, operation: str, effect: Callable[..., Any], params: dict[str, Any]
    ) -> Any:
        """Do one call, or what becomes of it."""
        self.scheduler.time += self._rng.random() * 0.05
        self.scheduler.switch()
        self.count += 1
        self._after_each()
        if self.on_call is not None:
            self.on_call(service, operation)
        actor = self.scheduler.current
        name = actor.name if actor is not None else "nobody"
        self.seen.setdefault(name, set()).add((service, operation))
        fault = self.faults.draw(self.count, name, f"{service}.{operation}")
        if operation == _TOKEN_OPERATION:
            params = {**params, "ClientRequestToken": f"token-{next(self._tokens)}"}
        if fault is None:
            return self._effect(effect, params)
        return self._suffer(fault, service, operation, effect, params)

    def _effect(self, effect: Callable[..., Any], params: dict[str, Any]) -> Any:
        try:
            return effect(**params)
        finally:
            self._after_each()

    def _suffer(
        self,
        fault: Fault,
        service: str,
        operation: str,
        effect: Callable[..., Any],
        params: dict[str, Any],
    ) -> Any:
        if fault.kind in {"refuse", "break"}:
            raise _no_effect(fault.kind, service, operation)
        if fault.kind == "part" and operation in _PARTS:
            return self._part(operation, effect, params, fault.detail)
        self._before(fault, effect, params)
        answer = self._effect(effect, params)
        if fault.kind == "kill":
            raise Killed(str(fault))
        if fault.kind == "lose":
            raise ReadTimeoutError(endpoint_url=f"https://{service}")
        if fault.kind == "slow" and fault.detail >= _HALF:
            self.scheduler.sleep((fault.detail - _HALF) * 2 * CALL_SECONDS)
        return answer

    def _before(self, fault: Fault, effect: Callable[..., Any], params: dict[str, Any]) -> None:
        """What comes before a call's effect: a death, a wait, or the same call once already."""
        if fault.kind == "freeze":
            low, high = FREEZE_SECONDS
            self.scheduler.sleep(low + fault.detail * (high - low))
        elif fault.kind == "kill" and fault.detail < _HALF:
            raise Killed(str(fault))
        elif fault.kind == "slow" and fault.detail < _HALF:
            self.scheduler.sleep(fault.detail * 2 * CALL_SECONDS)
            self._after_each()
        elif fault.kind == "repeat":
            self._quietly(effect, params)

    def _quietly(self, effect: Callable[..., Any], params: dict[str, Any]) -> None:
        """The first of two sendings, whose answer nobody hears."""
        try:
            self._effect(effect, params)
        except ClientError:
            return
        self.scheduler.switch()
        self._after_each()

    def _part(
        self, operation: str, effect: Callable[..., Any], params: dict[str, Any], share: float
    ) -> Any:
        """A batch of which only the first entries are taken."""
        given, refused = _PARTS[operation]
        entries = params[given]
        kept = int(len(entries) * share)
        answer = effect(**{**params, given: entries[:kept]}) if kept else {refused: []}
        return {**answer, refused: [*answer[refused], *map(_refused, entries[kept:])]}


def _no_effect(kind: str, service: str, operation: str) -> Exception:
    if kind == "refuse":
        error: Any = {"Error": {"Code": THROTTLES[service], "Message": "slow down"}}
        return ClientError(error, operation)
    return EndpointConnectionError(endpoint_url=f"https://{service}")


def _refused(entry: dict[str, Any]) -> dict[str, Any]:
    """A batch's entry as its answer calls it refused."""
    if "Id" in entry:
        return {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False}
    values = entry.get("Values") or entry["PartitionValueList"]
    name = "PartitionValues" if "Values" in entry else "PartitionValueList"
    return {name: values, "ErrorDetail": {"ErrorCode": "InternalServiceException"}}


class Client:
    """Stands in for a boto3 client: every method is a call on the wire."""

    def __init__(self, wire: Wire, service: str, fake: Any) -> None:
        self._wire = wire
        self._service = service
        self._fake = fake

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        effect = getattr(self._fake, operation)

        def call(**params: Any) -> Any:
            # What the real clients' events make of a refusal or of silence: see adapters/aws.
            try:
                return self._wire.call(self._service, operation, effect, params)
            except ClientError as error:
                raise_if_passing(error.response)
                raise
            except BotoCoreError as error:
                raise_if_lost(error)
                raise

        self.__dict__[operation] = call
        return call

    def get_paginator(self, operation: str) -> Pages:
        """A paginator, each page of which is a call."""
        return Pages(getattr(self, operation))


_TOKENS = {
    "LastEvaluatedKey": "ExclusiveStartKey",
    "NextContinuationToken": "ContinuationToken",
    "NextToken": "NextToken",
    "nextToken": "nextToken",
}


@dataclasses.dataclass
class Pages:
    """The pages of an operation, as boto3's paginators give them."""

    call: Callable[..., Any]

    def paginate(self, **params: Any) -> Iterator[dict[str, Any]]:
        """Call until no page is left."""
        params.pop("PaginationConfig", None)
        while True:
            page = self.call(**params)
            yield page
            more = [(given, page[told]) for told, given in _TOKENS.items() if page.get(told)]
            if not more:
                return
            params.update(more)
