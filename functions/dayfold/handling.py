"""What every handler has in common: one logger, one tracer, and events read by a model."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools import Logger, Tracer
from pydantic import BaseModel, ValidationError

from dayfold.adapters.aws import UNREACHABLE
from dayfold.errors import BadRequestError, DayfoldError
from dayfold.pipeline import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = Logger()
tracer = Tracer()
Model = TypeVar("Model", bound=BaseModel)


def read_event(model: type[Model], event: Mapping[str, Any]) -> Model:
    """Read a handler's event.

    Raises:
        BadRequestError: the event is not of the model's form; says which field, in one line.
    """
    try:
        return model.model_validate(event)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "event"
        raise BadRequestError(
            f"malformed event, {field}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        ) from None


def _start() -> None:
    """Do while the function starts what its first event would wait for: clients, queries.

    Lambda gives a starting function a whole processor, and the local stack forks its workers from a
    process that has started. What is wrong comes up again at the first event, which can tell it.
    """
    with contextlib.suppress(DayfoldError, *UNREACHABLE):
        connect().tables()


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _start()
