"""What tests of bad inputs share."""

from collections.abc import Iterator

import pytest
from airflow_home import console, migrated_home
from bad_inputs.web import Web

import trivet.http

__all__ = ["console", "migrated_home"]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trivet.http, "FIRST_WAIT", 0.01)


@pytest.fixture
def web() -> Iterator[Web]:
    """A server to which links lead."""
    made = Web()
    yield made
    made.stop()


@pytest.fixture
def elsewhere(web: Web) -> Iterator[Web]:
    """Another one, at another address and the same port."""
    made = Web("127.0.0.2", web.port)
    yield made
    made.stop()
