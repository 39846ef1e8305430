"""What tests of bad inputs share."""

from collections.abc import Iterator
from typing import Any

import pytest
from airflow_home import console, migrated_home
from bad_inputs.web import Web, web
from callers import door, open_door
from conftest import World, fresh_world

import trivet.http
from trivet.flow import steps

__all__ = ["console", "door", "migrated_home", "open_door", "web"]


@pytest.fixture(scope="module")
def decided(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str]:
    """A company of which everything is decided and nothing sent, and its batch."""
    made = fresh_world(_servers, tmp_path_factory.mktemp("decided"))
    with made.hub() as hub:
        batch_id = steps.pull(hub, made.flow, "test")
        steps.score(hub, batch_id, 0, 1)
        steps.decide(hub, batch_id)
    return made, batch_id


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trivet.http, "FIRST_WAIT", 0.01)


@pytest.fixture
def elsewhere(web: Web) -> Iterator[Web]:
    """Another one, at another address and the same port."""
    made = Web("127.0.0.2", web.port)
    yield made
    made.stop()
