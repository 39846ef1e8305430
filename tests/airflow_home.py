"""An Airflow home of its own for tests, set before anything imports airflow, and the console in it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="trivet-airflow-"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__CORE__PLUGINS_FOLDER", str(REPOSITORY / "plugins"))
os.environ.setdefault("AIRFLOW__API__BASE_URL", "http://localhost:18080")
os.environ.setdefault("AIRFLOW__API_AUTH__JWT_SECRET", "of these tests only" * 4)


@cache
def _migrated() -> Path:
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True, timeout=240
    )
    return Path(os.environ["AIRFLOW_HOME"])


@pytest.fixture(scope="session")
def migrated_home() -> Path:
    """The Airflow home with its metadata database; one for all folders of tests of one process."""
    return _migrated()


@pytest.fixture(scope="module")
def console(migrated_home: Path, world: Any) -> Iterator[Any]:
    """The console on the module's `world`."""
    # imports airflow: not before its home is set
    from console import opened_console

    del migrated_home
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment().items():
            patch.setenv(name, value)
        with opened_console() as opened:
            yield opened
