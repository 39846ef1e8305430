"""Opens addresses that came with data (a download link), and nothing else does.

    read  ->  host allowed?  ->  resolved, once  ->  judged  ->  connected to what was judged  ->  answered
      ^                                                                                             |
      +-------------------------- redirect: by hand, five at most, without our headers -------------+

The name is resolved here and the socket goes to the very address that was judged: a name that means another one a moment
later changes nothing, and certificate and `Host` are the name's all the same. No cookies, no client certificate, no login;
a header that a link needs goes to the vendor's own hosts, and to no host that these lead on to.

Behind a proxy of the connection the proxy resolves and connects. What is promised then: no address and no name that this
machine resolves to a blocked one, no redirect to such; what the proxy itself can reach beyond that is the proxy's to refuse.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_network
from typing import Any, NoReturn
from urllib.parse import unquote, urljoin

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util import make_headers, parse_url

from trivet import headers as allowed
from trivet import tls
from trivet.addresses import Network, Url, UrlRefused, Verdict, listed, read, verdict
from trivet.errors import ConnectorError, Rejected, Retryable

CONNECT_SECONDS = 5.0
REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)
_HEADERS = {"User-Agent": "Trivet", "Accept": "*/*", "Accept-Encoding": "identity"}
_PRIVATE_CURE = "name the network in `private_networks` of the connection, if the recordings lie there"


def resolve(host: str, port: int) -> list[str]:
    """The addresses that the host stands for, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Leave:
    """Where links of one connection may lead, and how long they may take."""

    connector: str
    connection: str
    private_networks: Sequence[str] = ()
    allowed_hosts: Sequence[str] = ()
    ca_file: str | None = None
    proxy: str | None = None
    read_seconds: float = 60.0
    total_seconds: float = 3600.0


@dataclass(slots=True)
class Opened:
    """An answer whose body is still to be read."""

    status: int
    headers: Mapping[str, str]
    _way: "_Way"
    _response: BaseHTTPResponse

    def pieces(self, size: int) -> Iterator[bytes]:
        """The bytes as they arrive, up to `size` at a time, unpacked; a cut connection is Retryable."""
        while True:
            with self._way.translated():
                piece = self._response.read1(size, decode_content=True)
                if self._way.late:
                    # a body without a declared length ends like any other when its line is cut
                    raise TimeoutError
            if not piece:
                return
            yield piece


@dataclass(slots=True)
class _Way:
    """One attempt to reach what a link leads to."""

    leave: Leave
    operation: str
    networks: tuple[Network, ...]
    hop: int = 1
    twin: socket.socket | None = None
    """A second handle of the connection, to end it from outside whatever it is waiting in."""
    late: bool = False
    reached: tuple[str, int] | None = None
    """The judged address that was connected to last, and the name that it stands for."""
    named: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def connected(self, connection: HTTPConnection, by_name: Callable[[], socket.socket]) -> socket.socket:
        """A socket to an address that was judged; with a proxy to the proxy, which the connection names."""
        made = by_name() if self.leave.proxy else self._direct(connection)
        with self.lock:
            if self.twin is not None:
                self.twin.close()
            self.twin = made.dup()
        if self.late:
            raise TimeoutError
        return made

    def _direct(self, connection: HTTPConnection) -> socket.socket:
        scheme = "https" if isinstance(connection, HTTPSConnection) else "http"
        last: OSError | None = None
        for address in self.allowed(connection.host, connection.port, scheme):
            try:
                made = socket.create_connection((address, connection.port), timeout=CONNECT_SECONDS)
            except OSError as error:
                last = error
                continue
            self.reached, self.named = (address, connection.port), connection.host
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
        raise NewConnectionError(connection, "nobody listens there") from last

    def end(self) -> None:
        """Time is up: what waits for bytes stops waiting."""
        with self.lock:
            self.late = True
            if self.twin is not None:
                with suppress(OSError):
                    self.twin.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Frees the handle."""
        with self.lock:
            if self.twin is not None:
                self.twin.close()
                self.twin = None

    def allowed(self, host: str, port: int, scheme: str) -> list[str]:
        """The addresses of the host to which this connection may lead."""
        try:
            judged = [(address, verdict(address, self.networks)) for address in resolve(host, port)]
        except (OSError, UnicodeError):
            raise NewConnectionError(HTTPConnection(host, port), "the name is not known") from None
        good: tuple[Verdict, ...] = ("private",) if scheme == "http" else ("private", "public")
        found = [address for address, word in judged if word in good]
        if not found and any(word == "public" for _, word in judged):
            self.refuse(
                "URL_SCHEME_NOT_ALLOWED", "the link is http:, not https:, and leads out of the company"
            )
        if not found:
            self.refuse(
                "URL_BLOCKED_ADDRESS", "the link leads to an address that is not public", _PRIVATE_CURE
            )
        return found

    def refuse(self, code: str, message: str, cure: str | None = None) -> NoReturn:
        """The link is not followed; from the second hop on the message says so."""
        where = f" (hop={self.hop})" if self.hop > 1 else ""
        raise Rejected(
            message + where, connector=self.leave.connector, operation=self.operation, vendor_code=code, cure=cure,
        ) from None  # fmt: skip

    @contextmanager
    def translated(self) -> Iterator[None]:
        """No library's error leaves."""
        try:
            yield
        except ConnectorError:
            raise
        except UrlRefused as error:
            self.refuse(error.code, error.message, error.cure)
        except (HTTPError, OSError, ValueError) as error:
            if self.late:
                said, cure = (
                    "the download took longer than it may",
                    "raise `download_seconds` of the connection",
                )
                self._again(said, cure, "DOWNLOAD_TIMEOUT")
            reason = getattr(error, "reason", error)
            if isinstance(error, SSLError) or isinstance(reason, SSLError):
                self._again(tls.trouble(error, self.reached, self.named), tls.CURE)
            self._again(f"no answer ({type(error).__name__})")

    def _again(self, message: str, cure: str | None = None, code: str | None = None) -> NoReturn:
        raise Retryable(
            message, connector=self.leave.connector, operation=self.operation, vendor_code=code, cure=cure
        ) from None


class _Plain(HTTPConnection):
    way: _Way

    def _new_conn(self) -> socket.socket:
        return self.way.connected(self, super()._new_conn)


class _Sealed(HTTPSConnection):
    way: _Way

    def _new_conn(self) -> socket.socket:
        return self.way.connected(self, super()._new_conn)


def _on(kind: type[_Plain] | type[_Sealed], way: _Way, **how: Any) -> _Plain | _Sealed:
    connection = kind(**how)
    connection.way = way
    return connection


@contextmanager
def opened(
    leave: Leave, operation: str, text: str, *, headers: Mapping[str, str] | None = None,
    secret: Mapping[str, str] | None = None, secret_hosts: Sequence[str] = (), until: float | None = None,
) -> Iterator[Opened]:  # fmt: skip
    """The answer that a link leads to, redirects followed.

    `secret` are headers that only the vendor may see: they go to the link's own host, and only where that is one of
    `secret_hosts`. `until` is the moment (monotonic) at which a whole download must be done. `Rejected` with a URL_… code
    where the link may not be followed; everything else that goes wrong is `Retryable`.
    """
    end = time.monotonic() + leave.total_seconds if until is None else until
    networks = tuple(ip_network(block, strict=False) for block in leave.private_networks)
    way = _Way(leave, operation, networks)
    watch = threading.Timer(max(0.0, end - time.monotonic()), way.end)
    watch.daemon = True
    watch.start()
    with ExitStack() as stack:
        stack.callback(way.close)
        stack.callback(watch.cancel)
        url, sent = _read(way, text), {**_HEADERS, **(headers or {})}
        first = str(url)
        ours = dict(secret or {}) if listed(url.host, secret_hosts) else {}
        if (name := allowed.unfit({**sent, **ours})) is not None:
            way.refuse(allowed.INVALID, f"header {name} {allowed.SAID}")
        while True:
            response = _asked(way, url, {**sent, **(ours if str(url) == first else {})}, stack)
            moved = response.headers.get("Location") if response.status in _MOVED else None
            if moved is None:
                yield Opened(response.status, response.headers, way, response)
                return
            way.hop += 1
            if way.hop > REDIRECTS + 1:
                way.refuse("URL_TOO_MANY_REDIRECTS", f"more than {REDIRECTS} redirects")
            response.close()
            url = _read(way, moved, url)


def _read(way: _Way, text: str, base: Url | None = None) -> Url:
    with way.translated():
        url = read(text if base is None else urljoin(f"{base}{base.target}", text))
    leave = way.leave
    if leave.allowed_hosts and not listed(url.host, leave.allowed_hosts):
        way.refuse(
            "URL_HOST_NOT_ALLOWED", f"the link leads to {url.host}, which connection {leave.connection} does not allow",
            f"add the host to `allowed_hosts` of connection {leave.connection}, if recordings lie there",
        )  # fmt: skip
    return url


def _asked(way: _Way, url: Url, headers: Mapping[str, str], stack: ExitStack) -> BaseHTTPResponse:
    leave = way.leave
    trust: dict[str, Any] = {
        "cert_reqs": "CERT_REQUIRED",
        "ca_certs": leave.ca_file or DEFAULT_CA_BUNDLE_PATH,
    }
    timeout = Timeout(connect=CONNECT_SECONDS, read=leave.read_seconds)
    with way.translated():
        if leave.proxy:
            _before_proxy(way, url)
            login = parse_url(leave.proxy).auth
            proof = make_headers(proxy_basic_auth=unquote(login)) if login else None
            manager = ProxyManager(leave.proxy, proxy_headers=proof, timeout=timeout, **trust)
            stack.callback(manager.clear)
            pool: HTTPConnectionPool = manager.connection_from_host(url.host, url.port, url.scheme)
        elif url.scheme == "https":
            pool = HTTPSConnectionPool(url.host, url.port, timeout=timeout, **trust)
        else:
            pool = HTTPConnectionPool(url.host, url.port, timeout=timeout)
        stack.callback(pool.close)
        kind = _Sealed if url.scheme == "https" else _Plain
        pool.ConnectionCls = partial(_on, kind, way)  # type: ignore[assignment]
        # a proxy is told the whole address of what it fetches itself
        target = f"{url}{url.target}" if leave.proxy and url.scheme == "http" else url.target
        response = pool.urlopen(
            "GET", target, headers=headers, redirect=False, retries=False, preload_content=False,
            assert_same_host=False,
        )  # fmt: skip
        stack.callback(response.close)
        return response


def _before_proxy(way: _Way, url: Url) -> None:
    try:
        way.allowed(url.host, url.port, url.scheme)
    except NewConnectionError:
        # many a company lets only its proxy resolve names outside
        if url.scheme == "http":
            way.refuse(
                "URL_SCHEME_NOT_ALLOWED", "the link is http:, not https:, and leads out of the company"
            )
