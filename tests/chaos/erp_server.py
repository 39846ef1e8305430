"""An ERP behind HTTP, in a process of its own, that misbehaves as planned: one fault per mutating request, one per read.

It answers one connection after the other, so that what a dead worker left in the line is done before the next one's asking.
Its time is what the requests say (`X-Now`), so that a trial may let hours pass.
"""

import json
import os
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

WRITE_FAULTS = (
    "reset_before", "reset_after", "hang_before", "hang_after", "cut", "e500_before", "e502_after", "e503", "e429",
    "busy_inside", "html_after", "twice", "late", "twice_late", "accepted", "one_locked", "one_missing",
)  # fmt: skip
"""What may happen to a mutating request; `before` and `after` say on which side of the vendor's commit."""
READ_FAULTS = ("read_503", "read_reset", "read_cut")
_BEFORE = {"reset_before", "hang_before", "e500_before", "e503", "e429", "busy_inside", "late"}
_LATE = 4.5
"""Seconds after which a late request takes effect; less than the quiet time."""


class Erp:
    """The records, and what is still on its way."""

    def __init__(self) -> None:
        self.reset({})

    def reset(self, told: dict[str, Any]) -> None:
        """An empty ERP with these faults."""
        self.writes: list[str] = list(told.get("writes", ()))
        self.reads: list[str] = list(told.get("reads", ()))
        self.unique: bool = told.get("unique", False)
        self.rows: dict[int, dict[str, Any]] = {}
        self.late: list[tuple[float, dict[str, Any]]] = []
        self.log: list[list[Any]] = []
        self.last = 0
        self.hung: list[socket.socket] = []

    def arrive(self, now: float) -> None:
        """What was late takes effect."""
        due = [one for moment, one in self.late if moment <= now]
        self.late = [(moment, one) for moment, one in self.late if moment > now]
        for one in due:
            self.apply(one, "late")

    def apply(self, one: dict[str, Any], how: str = "") -> dict[str, Any]:
        """One operation's effect."""
        same = (one["entity"], one["reference"])
        mine = [
            number
            for number, row in self.rows.items()
            if (row["entity"], row["reference"]) == same and one["remote_id"] in (None, str(number))
        ]
        self.log.append([one["key"], one["kind"], how, len(mine)])
        if one["kind"] == "delete":
            for number in mine:
                del self.rows[number]
            return {"status": "ok", "id": None}
        if one["document"].get("bad"):
            return {"status": "refused", "code": "E42", "field": "bad"}
        if one["kind"] == "update":
            if not mine:
                return {"status": "refused", "code": "E404", "field": None}
            self.rows[mine[0]]["document"].update(one["document"])
            return {"status": "ok", "id": str(mine[0])}
        if self.unique and mine:
            return {"status": "ok", "id": str(mine[0])}
        self.last += 1
        self.rows[self.last] = {
            "entity": one["entity"],
            "reference": one["reference"],
            "document": dict(one["document"]),
        }
        return {"status": "ok", "id": str(self.last)}

    def find(self, entity: str, references: list[str]) -> list[list[Any]]:
        """Live records."""
        return [
            [row["reference"], str(number), row["document"]]
            for number, row in self.rows.items()
            if row["entity"] == entity and row["reference"] in references
        ]


class _Handler(BaseHTTPRequestHandler):
    erp: ClassVar[Erp]
    timeout = 5

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the stdlib's name
        """Says nothing."""

    def do_POST(self) -> None:  # noqa: N802 - the stdlib's name
        """Every call is a POST."""
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            return  # the caller died in the middle: a gateway drops what is not whole
        told = json.loads(body or b"{}")
        erp = self.erp
        erp.arrive(float(self.headers.get("X-Now", "0")))
        match self.path:
            case "/send":
                self._send(told["operations"], float(self.headers["X-Now"]))
            case "/find":
                self._find(told)
            case "/reset":
                erp.reset(told)
                self._say({})
            case "/edit":
                for row in erp.rows.values():
                    if row["reference"] == told["reference"]:
                        row["document"].update(told["document"])
                self._say({})
            case "/state":
                rows = [[r["entity"], r["reference"], str(n), r["document"]] for n, r in erp.rows.items()]
                left = {"writes": erp.writes, "reads": erp.reads}
                self._say({"rows": rows, "log": erp.log, "late": len(erp.late), "left": left})

    def _find(self, told: dict[str, Any]) -> None:
        fault = self.erp.reads.pop(0) if self.erp.reads else ""
        answer = {"rows": self.erp.find(told["entity"], told["references"])}
        match fault:
            case "read_503":
                self._say({}, 503)
            case "read_reset":
                self._reset()
            case _:
                self._say(answer, cut=fault == "read_cut")

    def _send(self, operations: list[dict[str, Any]], now: float) -> None:
        erp = self.erp
        fault = erp.writes.pop(0) if erp.writes else ""
        if fault in {"late", "twice_late", "accepted"}:
            erp.late += [(now + _LATE, one) for one in operations]
        if fault in _BEFORE | {"accepted"}:
            for one in operations:
                erp.log.append([one["key"], one["kind"], fault, 0])
            results = [{"status": "accepted", "ticket": "t1"} for _ in operations]
        elif fault == "one_locked":
            results = [{"status": "locked"} if n == 0 else erp.apply(one) for n, one in enumerate(operations)]
        else:
            results = [erp.apply(one, fault) for one in operations]
            if fault == "twice":
                for one in operations:
                    erp.apply(one, "again")
        answer = {"results": results[1:] if fault == "one_missing" else results}
        self._misbehave(fault, answer)

    def _misbehave(self, fault: str, answer: dict[str, Any]) -> None:
        match fault:
            case "reset_before" | "reset_after" | "late":
                self._reset()
            case "hang_before" | "hang_after":
                self.erp.hung.append(self.connection)
                self.close_connection = True
            case "cut":
                self._say(answer, cut=True)
            case "e500_before":
                self._say({}, 500)
            case "e502_after":
                self._say({}, 502)
            case "e503":
                self._say({}, 503)
            case "e429":
                self._say({}, 429, **{"Retry-After": "3"})
            case "busy_inside":
                self._say({"error": "SYSTEM_BUSY"})
            case "html_after":
                self._say("<html>login</html>", content="text/html")
            case _:
                self._say(answer)

    def _say(
        self,
        answer: object,
        status: int = 200,
        *,
        cut: bool = False,
        content: str = "application/json",
        **more: str,
    ) -> None:
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        lines = [f"HTTP/1.0 {status} X", f"Content-Type: {content}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in more.items()]
        whole = "\r\n".join([*lines, "", ""]).encode() + body
        with suppress(OSError):  # the caller may be dead
            self.connection.sendall(whole[: -len(body) // 2] if cut else whole)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Server(HTTPServer):
    request_queue_size = 64

    def shutdown_request(self, request: Any) -> None:
        erp = _Handler.erp
        if request in erp.hung:
            return
        if struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0]:
            request.close()  # no polite end: a reset
            return
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that died is nobody's error."""


def start(bind: Callable[[], None] = lambda: None) -> tuple[str, int]:
    """The server's address and its process id; the caller stops it."""
    server = _Server(("127.0.0.1", 0), _Handler)
    pid = os.fork()
    if pid == 0:
        try:
            bind()
            _Handler.erp = Erp()
            server.serve_forever(poll_interval=60)
        finally:
            os._exit(0)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    server.socket.close()
    return address, pid


def stop(pid: int) -> None:
    """Ends the server."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
