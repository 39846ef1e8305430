"""An ERP in a process of its own, with its own database, reached over a unix socket."""

import json
import os
import signal
import sqlite3
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from trivet.errors import Rejected, UnknownOutcome
from trivet.model import Confirmed, Found, Operation, Outcome


class RemoteTarget:
    """The worker's side: one request, one answer; a broken line is an unknown outcome."""

    def __init__(self, address: str) -> None:
        self.address = address

    def check(self) -> None:
        """Nothing to prove."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """One vendor request."""
        rows = [[o.kind, o.entity, o.reference, o.remote_id, o.document] for o in operations]
        try:
            said = self._ask("send", rows)
        except (OSError, EOFError) as error:
            raise UnknownOutcome(type(error).__name__, connector="remote", operation="send") from None
        return [
            Confirmed(remote_id)
            if fine
            else Rejected("bad value", vendor_code="E42", connector="remote", operation="send")
            for fine, remote_id in said
        ]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """Live records by reference."""
        found: dict[str, list[Found]] = {}
        for reference, remote_id, document in self._ask("find", [entity, [o.reference for o in operations]]):
            found.setdefault(reference, []).append(Found(str(remote_id), json.loads(document)))
        return found

    def rows(self) -> list[tuple[str, dict[str, object]]]:
        """Everything that is there."""
        return [(reference, json.loads(document)) for reference, document in self._ask("rows", None)]

    def _ask(self, what: str, given: object) -> list[list[object]]:
        with Client(self.address, "AF_UNIX") as line:
            line.send((what, given))
            answer: list[list[object]] = line.recv()
            return answer


def start(folder: Path) -> tuple[RemoteTarget, int]:
    """The target and its process id; the caller kills it."""
    address = str(folder / "erp.sock")
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ready)
        try:
            with Listener(address, "AF_UNIX", backlog=16) as listener:
                os.write(told, b"1")
                _serve(listener, folder / "erp.db")
        finally:
            os._exit(0)
    os.close(told)
    os.read(ready, 1)
    os.close(ready)
    return RemoteTarget(address), pid


def stop(pid: int) -> None:
    """Ends the target."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _serve(listener: Listener, file: Path) -> None:
    db = sqlite3.connect(file)
    db.execute("CREATE TABLE row (id INTEGER PRIMARY KEY AUTOINCREMENT, entity, reference, document)")
    while True:
        with listener.accept() as line:
            try:
                _answer(db, line)
            except (OSError, EOFError):
                continue  # the worker died; what it asked for is done all the same


def _answer(db: sqlite3.Connection, line: Connection) -> None:
    what, given = line.recv()
    if what == "rows":
        line.send(db.execute("SELECT reference, document FROM row").fetchall())
    elif what == "find":
        marks = ",".join("?" * len(given[1]))
        query = f"SELECT reference, id, document FROM row WHERE entity = ? AND reference IN ({marks})"
        line.send(db.execute(query, [given[0], *given[1]]).fetchall())
    else:
        said = [_apply(db, *row) for row in given]
        db.commit()
        line.send(said)


def _apply(
    db: sqlite3.Connection,
    kind: str,
    entity: str,
    reference: str,
    remote_id: str | None,
    document: dict[str, object],
) -> tuple[bool, str | None]:
    if document.get("bad"):
        return False, None
    if kind == "create":
        text = json.dumps(document)
        done = db.execute("INSERT INTO row VALUES (NULL, ?, ?, ?)", (entity, reference, text))
        return True, str(done.lastrowid)
    if kind == "delete":
        db.execute(
            "DELETE FROM row WHERE reference = ? AND (? IS NULL OR id = ?)", (reference, remote_id, remote_id)
        )
        return True, None
    [known] = db.execute("SELECT document FROM row WHERE id = ?", (remote_id,)).fetchone() or ["{}"]
    merged = json.dumps(json.loads(known) | document)
    db.execute("UPDATE row SET document = ? WHERE id = ?", (merged, remote_id))
    return True, remote_id
