"""Requests for a backfill that make no sense: one clear line each, and nothing begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dayfold.backfill_plans import start_backfill
from dayfold.errors import BadRequestError
from dayfold.releasing import steer_backfill

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

WEEK = {"first": "2004-05-17", "last": "2004-05-20"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"first": "2004-05-21"}, "reversed"),
        ({"last": "2004-06-30"}, "is not over"),
        ({"tables": ["kpi.nothing"]}, "unknown table 'kpi.nothing'"),
        ({"max_cost_usd": -1}, "give dollars above 0"),
        ({"order": "random"}, "give newest or oldest"),
        ({"name": "no spaces"}, "is no name"),
        ({"first": None}, "needs its first and its last day"),
    ],
)
def test_bad_requests_are_refused_in_one_line(
    world: World, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadRequestError, match=said):
        start_backfill(world.pipeline, event={**WEEK, "name": "b1", **changes})
    assert world.pipeline.backfills.list() == []


def test_an_unknown_backfill_cannot_be_steered(world: World) -> None:
    with pytest.raises(BadRequestError, match="there is no backfill 'b9': there are none yet"):
        steer_backfill(world.pipeline, name="b9", action="pause")
