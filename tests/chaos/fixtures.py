"""Fixtures that the tests of ledger and delivery share; their conftest files name them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from chaos.databases import emptied, postgres_cluster, postgres_programs
from chaos.world import Clock

from trivet.ledger import Ledger, open_ledger


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated, empty SQLite ledger and its keys, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    open_ledger(f"sqlite:///{folder}/ledger.db", folder, environ={}).close()
    return folder


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder without a disk below it, where there is one: a killed process loses nothing that it wrote to memory."""
    with memory_folder(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="module")
def in_memory_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same for a whole module."""
    with memory_folder(tmp_path_factory.mktemp("chaos")) as folder:
        yield folder


@contextmanager
def memory_folder(instead: Path) -> Iterator[Path]:
    """A folder in memory, or this one where memory cannot be used as a disk."""
    if not os.access("/dev/shm", os.W_OK):
        yield instead
        return
    with tempfile.TemporaryDirectory(prefix="trivet-chaos-", dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a throw-away PostgreSQL; skips loudly where there is none."""
    programs = postgres_programs()
    pytest.importorskip("psycopg", reason="psycopg is not installed: the ledger is not tested on PostgreSQL")
    if programs is None:
        pytest.skip("PostgreSQL is not installed here: the ledger is not tested on it")
    with postgres_cluster(programs) as url:
        yield url


@pytest.fixture
def clock() -> Clock:
    """The test's time."""
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path, clock: Clock) -> Iterator[Ledger]:
    """An empty ledger, on either database."""
    if request.param == "postgresql":
        with emptied(request.getfixturevalue("cluster"), tmp_path, clock) as opened:
            yield opened
        return
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.db", tmp_path, now=clock, environ={})
    yield opened
    opened.close()


@pytest.fixture
def sqlite_ledger(tmp_path: Path, migrated: Path, clock: Clock) -> Iterator[Ledger]:
    """An empty ledger in a file, for tests about something else than databases."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.db", tmp_path, now=clock, environ={})
    yield opened
    opened.close()
