"""What the tests of collections share: a day that was built four times, and a collection."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.collecting import collect_garbage
from tests.unit.pipeline.rolling import DAY, build
from tests.unit.pipeline.world import BUCKET, client

if TYPE_CHECKING:
    from tests.unit.pipeline.world import World

POSTS = "staging.posts"
BEFORE = [str(DAY - dt.timedelta(days=n)) for n in range(8)]
ORPHAN = "2004-05-20-a1-0123456789"
LONG_AFTER = dt.datetime(2036, 1, 1, tzinfo=dt.UTC)  # moto writes files today


@pytest.fixture
def rebuilt(world: World) -> World:
    """A world in which a day of staging.posts was built four times, a day apart."""
    settings = dataclasses.replace(world.pipeline.settings, kept_builds=2)
    world.pipeline = dataclasses.replace(world.pipeline, settings=settings)
    world.land(*BEFORE)
    for n in range(4):
        build(world, f"run-{n}", str(DAY), tables=[POSTS])
        world.clock[0] += dt.timedelta(days=1)
    return world


def later(world: World, days: int = 8) -> None:
    world.clock[0] += dt.timedelta(days=days)


def collect(world: World, *, dry_run: bool = False) -> dict[str, Any]:
    return collect_garbage(world.pipeline, dry_run=dry_run, seconds_left=lambda: 600.0)


def keys(prefix: str = "builds/") -> list[str]:
    answer = client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [one["Key"] for one in answer.get("Contents", [])]


def put(key: str) -> None:
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"abc")


def builds(world: World) -> list[str]:
    return [one.build_id for one in world.pipeline.ledger.builds(POSTS, DAY)]


def marks(world: World) -> list[str | None]:
    return [one.collection for one in world.pipeline.ledger.builds(POSTS, DAY)]
