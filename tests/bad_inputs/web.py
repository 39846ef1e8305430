"""What a link may lead to, good and bad, on an address of the loopback network."""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

SOUND = b"OggS" + bytes(range(256)) * 4000
PAGE = b"<!DOCTYPE html><html><body>Planted Person 4711, please log in</body></html>"
MEGABYTE = 1024 * 1024


class Web:
    """A server that was asked for `seen`; `there` says what a path answers: a function of the handler."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.there: dict[str, Callable[[Any], None]] = {
            "/sound": lambda h: whole(h, SOUND), "/endless": endless, "/short": short, "/slow": slow, "/slow-head": slow_head,
            "/bomb": bomb, "/login": lambda h: whole(h, PAGE, "audio/ogg"), "/moved": moved, "/loop": loop, "/steps": steps,
            "/playlist": lambda h: whole(h, b"#EXTM3U\n#EXT-X-TARGETDURATION:10\nhttp://127.0.0.1/a.ts\n", "video/mp4"),
            "/pdf": lambda h: whole(h, b"%PDF-1.7 Planted Person 4711", "video/mp4"), "/broken": broken, "/md5": wrong_sum,
        }  # fmt: skip
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                path = urlsplit(self.path).path
                self.close_connection = True
                with suppress(OSError):
                    web.there.get(path, lambda h: h.send_error(404))(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer((address, port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://{address}:{self.port}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    def stop(self) -> None:
        """Frees the port."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def web() -> Iterator[Web]:
    """A server: a vendor's, or one to which links lead."""
    made = Web()
    yield made
    made.stop()


def whole(handler: Any, body: bytes, media_type: str = "audio/ogg", **headers: str) -> None:
    """An honest answer."""
    handler.send_response(200)
    for name, value in {
        "Content-Type": media_type,
        "Content-Length": str(len(body)),
        **headers,
    }.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def asked(handler: Any, name: str, default: str = "") -> str:
    """A parameter of the query."""
    return parse_qs(urlsplit(handler.path).query).get(name, [default])[0]


def moved(handler: Any) -> None:
    """Leads to `to`."""
    handler.send_response(302)
    handler.send_header("Location", asked(handler, "to"))
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def loop(handler: Any) -> None:
    """Leads to itself."""
    handler.send_response(307)
    handler.send_header("Location", "/loop")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def steps(handler: Any) -> None:
    """Leads on `n` times, then to the sound."""
    left = int(asked(handler, "n"))
    handler.send_response(301)
    handler.send_header("Location", f"/steps?n={left - 1}" if left > 1 else "/sound")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def endless(handler: Any) -> None:
    """A body without length or end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "audio/ogg")
    handler.end_headers()
    handler.wfile.write(b"OggS")
    while True:
        handler.wfile.write(bytes(65536))


def short(handler: Any) -> None:
    """Less than it declares, and no part of it either."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(SOUND)))
    handler.end_headers()
    handler.wfile.write(SOUND[:1000])


def slow(handler: Any) -> None:
    """A byte now and then: no single silence is long."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(SOUND)))
    handler.end_headers()
    for i in range(len(SOUND)):
        handler.wfile.write(SOUND[i : i + 1])
        handler.wfile.flush()
        time.sleep(0.02)


def slow_head(handler: Any) -> None:
    """The same, with a header that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X")
        handler.wfile.flush()
        time.sleep(0.02)


def bomb(handler: Any) -> None:
    """Little on the wire, much behind it."""
    body = gzip.compress(b"OggS" + bytes(64 * MEGABYTE))
    whole(handler, body, Content_Encoding="gzip")


def broken(handler: Any) -> None:
    """The line breaks after half of what is left; it knows ranges."""
    first = int((handler.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
    rest = SOUND[first:]
    handler.send_response(206 if first else 200)
    handler.send_header("Content-Length", str(len(rest)))
    handler.send_header("ETag", f'"{hashlib.sha256(SOUND).hexdigest()}"')
    if first:
        handler.send_header("Content-Range", f"bytes {first}-{len(SOUND) - 1}/{len(SOUND)}")
    handler.end_headers()
    handler.wfile.write(rest if len(rest) < 300_000 else rest[: len(rest) // 2])


def wrong_sum(handler: Any) -> None:
    """Other bytes than its checksum says."""
    whole(handler, SOUND, Content_MD5="1B2M2Y8AsgTpgAmY7PhCfg==")
