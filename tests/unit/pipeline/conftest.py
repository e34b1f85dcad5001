"""Fixtures of the pipeline's unit tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from tests.unit.pipeline.rolling import DAY, build
from tests.unit.pipeline.world import MAY, World, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world of its own for each test."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Dayfold")
    with mock_aws():
        yield make_world(tmp_path / "queries")


@pytest.fixture
def may(world: World) -> World:
    """Extracts of a whole month."""
    world.land(*MAY)
    return world


@pytest.fixture
def by_hand(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Messages are taken out of the queue before they are delivered: none of them can be held."""
    monkeypatch.setattr(type(world.pipeline.queue), "hold", lambda *_: None)
    return world


@pytest.fixture
def twice(may: World) -> World:
    """A world in which 2004-05-20 of both tables was built twice."""
    build(may, "run-1", str(DAY))
    build(may, "run-2", str(DAY))
    return may
