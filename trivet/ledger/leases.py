"""Leases with fences: one worker at a time on one batch and target, and a late one writes nothing.

A lease ends by release, by time, or at once when its owner is a dead process of this machine. Each claim raises the
fence; a transaction that renews an outdated lease fails with FENCED, and everything in it.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select, update

from trivet.errors import LedgerError
from trivet.ledger.bulk import upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import lease
from trivet.ledger.times import stamp

FREE = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """A held lease; `fence` is larger than that of every holder before."""

    name: str
    owner: str
    fence: int
    seconds: float


_ONE = select(lease).where(lease.c.name == bindparam("name_")).with_for_update()


def claim(tx: Transaction, name: str, seconds: float) -> Lease | None:
    """The lease, or None where a living worker has it."""
    owner = f"{_process(os.getpid())}:{secrets.token_hex(4)}"
    upsert(tx.conn, lease, [{"name": name, "owner": FREE, "until": "", "fence": 0}], keep=True)
    row = tx.conn.execute(_ONE, {"name_": name}).one()
    if row.owner != FREE and row.until >= tx.stamp and not _is_gone(row.owner):
        return None
    until = stamp(tx.now + timedelta(seconds=seconds))
    upsert(tx.conn, lease, [{"name": name, "owner": owner, "until": until, "fence": row.fence + 1}])
    return Lease(name, owner, row.fence + 1, seconds)


_MINE = update(lease).where(
    lease.c.name == bindparam("name_"),
    lease.c.owner == bindparam("owner_"),
    lease.c.fence == bindparam("fence_"),
)
_RENEW = _MINE.values(until=bindparam("until"))
_RELEASE = _MINE.values(owner=FREE, until="")


def renew(tx: Transaction, held: Lease) -> None:
    """Prolongs the lease and locks it until the commit; FENCED where somebody took over."""
    until = stamp(tx.now + timedelta(seconds=held.seconds))
    if tx.conn.execute(_RENEW, _key(held) | {"until": until}).rowcount != 1:
        raise LedgerError(
            f"another worker took over {held.name}",
            code="FENCED",
            cure="nothing to do: what this worker sent is settled by asking the target",
        )


def release(tx: Transaction, held: Lease) -> bool:
    """Gives the lease back; False where it is not this one's any more."""
    return tx.conn.execute(_RELEASE, _key(held)).rowcount == 1


def _key(held: Lease) -> dict[str, Any]:
    return {"name_": held.name, "owner_": held.owner, "fence_": held.fence}


@lru_cache(maxsize=1)
def _process(pid: int) -> str:
    """This process, told apart from others by host, process namespace, id and start time."""
    return f"{_machine()}:{pid}:{_started(pid)}"


def _is_gone(owner: str) -> bool:
    """True where the owner is provably a dead process of this machine; a doubt counts as alive."""
    machine, pid, started = owner.rsplit(":", 3)[:3]
    return machine == _machine() and bool(started) and _started(int(pid)) != started


def _machine() -> str:
    try:
        # containers may share a host name, never a process namespace
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}".replace(":", "")
    except OSError:
        return socket.gethostname()


def _started(pid: int) -> str:
    try:
        # field 22 of stat; the second field may hold blanks and brackets
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = text.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except OSError:
        return ""
