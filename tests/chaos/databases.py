"""Ledgers for tests: a migrated SQLite file to copy, and a throw-away PostgreSQL cluster where its programs are found."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from trivet.ledger import Ledger, open_ledger
from trivet.ledger.database import make_engine, migrate
from trivet.ledger.tables import metadata


def postgres_programs() -> Path | None:
    """The folder of initdb and pg_ctl, if PostgreSQL is installed here."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


@contextmanager
def postgres_cluster(programs: Path) -> Iterator[str]:
    """A cluster of its own on a unix socket; its address. Nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off"
    _run(str(programs / "initdb"), "-D", f"{folder}/data", "-U", "trivet", "--auth=trust", "-E", "UTF8")
    _run(
        str(programs / "pg_ctl"), "-D", f"{folder}/data", "-o", options, "-w", "-l", f"{folder}/log", "start"
    )
    try:
        yield f"postgresql://trivet@/postgres?host={folder}"
    finally:
        _run(str(programs / "pg_ctl"), "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def restart_immediately(programs: Path, url: str) -> None:
    """Kills the cluster's processes and starts it again, as after a power cut; returns when it answers."""
    folder = url.partition("host=")[2]
    _run(
        str(programs / "pg_ctl"),
        "-D",
        f"{folder}/data",
        "-m",
        "immediate",
        "-w",
        "-l",
        f"{folder}/log",
        "restart",
    )


def _run(*command: str) -> None:
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*before, *command], check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@contextmanager
def emptied(url: str, state: Path, now: Callable[[], datetime]) -> Iterator[Ledger]:
    """The ledger at this PostgreSQL address, without rows."""
    engine = make_engine(url)
    migrate(engine, state)
    with engine.begin() as conn:
        names = ", ".join(f'"{name}"' for name in metadata.tables)
        conn.execute(text(f"TRUNCATE {names}"))
    engine.dispose()
    opened = open_ledger(url, state, now=now, environ={})
    try:
        yield opened
    finally:
        opened.close()
