"""A small HTTP/1.1 server on loopback: routes, faults, a log of calls, and control below `/_sandbox/`.

GET    /_sandbox/health    POST /_sandbox/reset     as after the start; calls under way do nothing
GET    /_sandbox/state     POST /_sandbox/change    what a person does in the vendor's own screens
GET    /_sandbox/log       POST|DELETE /_sandbox/faults
"""

import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .faults import Fault, Faults
from .store import Json, Store

LOG_LENGTH = 200_000


@dataclass(slots=True)
class Request:
    """One call as a vendor's code sees it."""

    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: bytes
    params: dict[str, str] = field(default_factory=dict)
    raw_path: str = ""

    def json(self) -> Any:
        """The body as JSON, an empty object where there is none."""
        return json.loads(self.body) if self.body.strip() else {}


@dataclass(slots=True)
class Answer:
    """One answer; `body` is JSON unless it is bytes."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json; charset=utf-8"

    def payload(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


Handler = Callable[[Request], Answer]


class Vendor:
    """One stand-in: subclasses add routes, seed, and what its errors look like."""

    name = "vendor"

    def __init__(self, store: Store) -> None:
        self.store = store
        self.faults = Faults()
        self.log: deque[Json] = deque(maxlen=LOG_LENGTH)
        self.base_url = ""
        self.resets = 0
        self.called = False
        self._seeded = -1
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def route(self, method: str, template: str, handler: Handler) -> None:
        """Serves the path template (`/jobs/{id}`) by the handler."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        self._routes.append((method, re.compile(pattern), handler))

    def seed(self) -> None:
        """Fills an empty store."""
        raise NotImplementedError

    def change(self, spec: Json) -> Json:
        """What a person changes by hand in the vendor's own screens."""
        raise NotImplementedError

    def announce(self) -> Json:
        """What a caller needs: address and credentials."""
        raise NotImplementedError

    def connection(self) -> Json:
        """The same as a connection in Airflow's JSON form."""
        raise NotImplementedError

    def connections(self) -> Json:
        """Every connection that leads here, by id."""
        return {self.name: self.connection()}

    def business_error(self, request: Request) -> Answer:
        """The vendor's typical refusal with status 200."""
        raise NotImplementedError

    def too_many(self, retry_after: str) -> Answer:
        """The vendor's way to say 429."""
        return Answer({"error": "too many requests"}, 429, {"Retry-After": retry_after})

    def state(self) -> Json:
        """Everything that a caller could see, for comparing before and after."""
        return {kind: dict(self.store.all(kind)) for kind in self.store.kinds()}

    def handle(self, request: Request) -> Answer:
        """The answer of the vendor's own code."""
        allowed = False
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                request.params = match.groupdict()
                return handler(request)
            allowed = allowed or bool(match)
        return Answer({"error": "no such path"}, 405 if allowed else 404)

    def reset(self) -> None:
        """As after the start; calls under way do nothing."""
        self.resets += 1
        self.called = False
        self.faults.clear()
        self.log.clear()
        self.store.clear()
        self.seed()
        self._seeded = self.store.writes

    def untouched(self) -> bool:
        """Nobody has called since the last reset, and the store holds what was seeded."""
        return not self.called and self.store.writes == self._seeded

    def control(self, request: Request) -> Answer:
        """The `/_sandbox/` part."""
        what = request.path.removeprefix("/_sandbox/")
        if what == "health":
            return Answer({"name": self.name, "ok": True})
        if what == "state":
            return Answer(self.state())
        if what == "log":
            return Answer(list(self.log))
        if what == "reset" and request.method == "POST":
            self.reset()
            return Answer({"ok": True})
        if what == "change" and request.method == "POST":
            return Answer(self.change(request.json()))
        if what == "faults" and request.method == "GET":
            return Answer(self.faults.left())
        if what == "faults" and request.method == "POST":
            self.faults.add(request.json())
            return Answer({"ok": True})
        if what == "faults" and request.method == "DELETE":
            self.faults.clear()
            return Answer({"ok": True})
        return Answer({"error": "no such control"}, 404)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    vendor: Vendor

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        if len(body) < length:
            return  # the caller died in the middle: nothing is done
        request = Request(
            self.command, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), self.headers, body,
            raw_path=self.path,
        )  # fmt: skip
        self.vendor.called = True
        if parts.path.startswith("/_sandbox/"):
            self._send(self._guarded(self.vendor.control, request))
            return
        self._misbehave(request, self.vendor.faults.take(self.command, self.path))

    def _misbehave(self, request: Request, fault: Fault | None) -> None:
        kind = fault.kind if fault else None
        resets = self.vendor.resets
        if fault and kind == "delay":
            time.sleep(fault.seconds)
            if self.vendor.resets != resets:
                # a call from before a reset leaves no trace after it
                self._reset()
                return
            kind = None
        if kind == "reset_before":
            self._log(request, 0, kind)
            self._reset()
            return
        early = self._early(request, fault) if fault else None
        if early is not None:
            self._log(request, early.status, kind)
            self._send(early)
            return
        if fault and kind == "late":
            threading.Timer(fault.seconds, self._late, (request, resets)).start()
            self._log(request, 0, kind)
            self._reset()
            return
        answer = self._guarded(self.vendor.handle, request)
        if kind == "duplicate":
            self._guarded(self.vendor.handle, request)
        self._log(request, answer.status, kind)
        self._after(answer, kind)

    def _late(self, request: Request, resets: int) -> None:
        if self.vendor.resets == resets:
            self._guarded(self.vendor.handle, request)

    def _early(self, request: Request, fault: Fault) -> Answer | None:
        kind = fault.kind
        if kind == "http_429":
            return self.vendor.too_many(fault.retry_after)
        if kind == "http_500":
            return Answer({"error": "internal"}, 500)
        if kind == "http_503":
            return Answer({"error": "unavailable"}, 503, {"Retry-After": fault.retry_after})
        if kind == "html_200":
            return Answer(b"<html><body>please log in</body></html>", 200, media_type="text/html")
        if kind == "answer":
            return Answer(fault.body.encode(), 200)
        if kind == "expired_link":
            return Answer({"error": "link expired"}, 403)
        if kind == "error_in_200":
            return self.vendor.business_error(request)
        if kind == "echo_in_200":
            refused = self.vendor.business_error(request)
            return Answer(_quoting(refused.body, _quoted(request)), refused.status, refused.headers)
        if kind == "echo_500":
            page = f"{request.method} {request.raw_path}\n{request.headers}\n".encode() + request.body
            return Answer(page, 500, media_type="text/plain")
        return None

    def _after(self, answer: Answer, kind: str | None) -> None:
        if kind == "reset_after":
            self._reset()
        elif kind == "http_500_after":
            self._send(Answer({"error": "internal"}, 500))
        elif kind == "http_502_after":
            self._send(Answer(b"<html>bad gateway</html>", 502, media_type="text/html"))
        elif kind == "truncated":
            self._send(answer, cut=True)
        elif kind == "empty_200":
            self._send(Answer(b"", 200))
        elif kind == "malformed_json":
            self._send(Answer(b'{"code": 0, "data": {', 200))
        else:
            self._send(answer)

    def _guarded(self, handler: Handler, request: Request) -> Answer:
        try:
            return handler(request)
        except (ValueError, KeyError, TypeError, json.JSONDecodeError) as error:
            return Answer({"error": f"bad request: {type(error).__name__} {error}"}, 400)

    def _send(self, answer: Answer, *, cut: bool = False) -> None:
        payload = answer.payload()
        head = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('',))[0]}"]
        head.append(f"Content-Type: {answer.media_type}")
        head.append(f"Content-Length: {len(payload)}")
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        data = ("\r\n".join(head) + "\r\n\r\n").encode() + (payload[: len(payload) // 2] if cut else payload)
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
        if cut:
            # closed, not reset: a reset may take what has arrived with it, and the half would be another every time
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_WR)

    def _reset(self) -> None:
        # linger 0: the peer sees a reset, as when a gateway dies
        self.close_connection = True
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        except OSError:
            pass

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, OSError, ValueError):
            super().handle()

    def _log(self, request: Request, status: int, fault: str | None) -> None:
        self.vendor.log.append(
            {
                "method": request.method,
                "path": request.raw_path,
                "status": status,
                "fault": fault,
                "bytes": len(request.body),
                "range": request.headers.get("Range"),
            }
        )

    def log_message(self, *_: Any) -> None:
        """Quiet: `/_sandbox/log` tells."""


_SAYS = {"message", "msg", "errmsg", "detail", "text", "value", "reason", "error", "err_msg", "error_msg"}


def _quoted(request: Request) -> str:
    """What careless vendors put into a message: the values that they were sent, and the login."""
    try:
        said = " ".join(_texts(request.json()))
    except ValueError:
        said = request.body.decode(errors="replace")
    return f"{said[:200]} {request.headers.get('Authorization') or ''}"


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for one in inner for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def _quoting(body: Any, words: str) -> Any:
    """The error with these words behind every text that is a message."""
    if isinstance(body, dict):
        return {
            name: f"{value}: {words}"
            if isinstance(value, str) and name.lower() in _SAYS
            else _quoting(value, words)
            for name, value in body.items()
        }
    return [_quoting(one, words) for one in body] if isinstance(body, list) else body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Running:
    """A stand-in that serves."""

    def __init__(self, vendor: Vendor, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"vendor": vendor})
        self._server = _Server(("127.0.0.1", port), handler)
        self.vendor = vendor
        vendor.base_url = self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Frees the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
