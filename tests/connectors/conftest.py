"""What holds for every connector's tests."""

import pytest

import trivet.http


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    # a read that goes wrong is tried again as often as in earnest, only sooner
    monkeypatch.setattr(trivet.http, "FIRST_WAIT", 0.02)
