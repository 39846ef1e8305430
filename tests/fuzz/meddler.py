"""A proxy on loopback that passes calls on to a stand-in and changes what comes back, as a broken vendor or an attacker would."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

KEPT = ("content-type", "etag", "link", "retry-after")
MOST_CALLS = 60


class Meddler:
    """`change` gets path and JSON of every answer and returns what is passed on; `seen` counts calls since it was set."""

    def __init__(self, behind: str) -> None:
        self.behind, self.seen = behind, 0
        self.change: Callable[[str, Any], Any] = lambda path, body: body
        meddler = self
        session = requests.Session()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                meddler.seen += 1
                length = int(self.headers.get("Content-Length") or 0)
                headers = {
                    k: v for k, v in self.headers.items() if k.lower() not in ("host", "accept-encoding")
                }
                said = session.request(
                    self.command, meddler.behind + self.path, data=self.rfile.read(length), headers=headers,
                    allow_redirects=False, timeout=20,
                )  # fmt: skip
                body = said.content.replace(meddler.behind.encode(), meddler.url.encode())
                with suppress(ValueError):
                    body = json.dumps(meddler.change(self.path, json.loads(body))).encode()
                # who reads on and on is stopped, and its test sees it
                self.send_response(said.status_code if meddler.seen <= MOST_CALLS else 599)
                for name, value in said.headers.items():
                    if name.lower() in KEPT:
                        self.send_header(name, value.replace(meddler.behind, meddler.url))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the server's names

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def meddle(self, change: Callable[[str, Any], Any]) -> None:
        """From now on."""
        self.seen, self.change = 0, change

    def stop(self) -> None:
        """Frees the port."""
        self.server.shutdown()
        self.server.server_close()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, part in inner for found in places(part, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The same with something else at that place; in a list beside it, where `new` is a row of its own."""
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(value, list):
        return [put(part, rest, new) if i == key else part for i, part in enumerate(value)]
    return {k: put(part, rest, new) if k == key else part for k, part in value.items()}
