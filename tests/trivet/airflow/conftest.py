"""Tests of what knows Airflow, in an Airflow home of their own."""

from pathlib import Path

import pytest
from airflow_home import console, migrated_home

__all__ = ["console", "migrated_home"]


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty deployment folder that TRIVET_HOME names."""
    (tmp_path / "mappings" / "flows").mkdir(parents=True)
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path))
    monkeypatch.delenv("TRIVET_STATE", raising=False)
    return tmp_path
