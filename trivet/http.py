"""HTTP for connectors: `requests` with time limits, caps, a shared rate budget, and every failure named by what comes next.

    read    may be repeated: retried a few times on the spot, then Retryable or RateLimited
    write   is sent once; Retryable only where provably nothing was sent (no connection) or the vendor refuses before it
            works (429, 503 where the connector says so); every other doubt is UnknownOutcome

No redirect is followed: credentials go to the configured host and nowhere else. A link that came with an answer is opened
by `trivet.outbound`.
"""

import email.utils
import logging
import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from types import TracebackType
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

import requests
from pydantic import Field, field_validator
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, SSLError

from trivet import headers as allowed
from trivet import tls
from trivet.budget import Budget
from trivet.contract import Config, Services
from trivet.errors import (
    AuthFailed,
    ConnectorError,
    RateLimited,
    Rejected,
    Retryable,
    UnknownOutcome,
)
from trivet.exchanges import keep
from trivet.outbound import Leave, Opened, opened
from trivet.quick_json import quick_answer, quick_json

log = logging.getLogger(__name__)
CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
MAX_BODY = 64 * 1024 * 1024
MAX_REQUEST = 32 * 1024 * 1024
TRIES = 3
FIRST_WAIT = 0.4
"""Seconds before a read is tried again, doubled each time."""
SHORT_WAIT = 5.0
"""A pause up to this long is waited for on the spot; a longer one goes back to the caller."""
RETRY_AFTER = (0.1, 900.0)
_AGAIN = (429, 502, 503, 504)
CORRELATION = "X-Correlation-ID"
"""One id a call, the same in our log, in the exchange that we keep and, where the vendor notes it, in the vendor's log."""
_HEADERS = {"User-Agent": "Trivet", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


class HttpSettings(Config):
    """What every connection over HTTP may need in a company's network."""

    calls_per_second: float = Field(default=20.0, gt=0)
    """Calls a second that all processes of this machine share."""
    ca_file: str | None = None
    """PEM file of a private CA, where a proxy in the company ends TLS or the server has a certificate of the company's."""
    client_certificate: str | None = None
    """PEM file with our certificate and its key, for gateways that ask for one."""
    proxy: str | None = None
    """Proxy for this connection, e.g. http://proxy.example:3128; the environment's proxies are never used. Links that this
    system gives go through it too: what it may reach inside the company is then its own to refuse."""
    private_networks: tuple[str, ...] = ()
    """CIDR blocks inside the company to which an address that this system gives (a download link) may lead, e.g.
    10.20.0.0/16, also by http; public addresses always may, by https. Link-local addresses and the metadata services of
    clouds never do."""
    allowed_hosts: tuple[str, ...] = ()
    """Hosts to which such an address may lead, e.g. files.example.com or *.example.com; without any every host may."""
    download_seconds: float = Field(default=3600.0, gt=0)
    """Longest time of one download as a whole."""
    read_seconds: float = Field(default=READ_SECONDS, gt=0, le=900)
    """Longest silence of the server before the answer counts as lost; a whole answer may take twice as long."""
    record_exchanges: bool = False
    """Keep the shapes of calls and answers (field names, kinds, lengths; no contents) in the state folder, for support."""

    @field_validator("private_networks")
    @classmethod
    def _are_networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for block in given:
            ip_network(block, strict=False)
        return given


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ValueError where it is not, holds a key twice, or a number that JSON does not know."""
        return quick_answer(self.body)


Authenticate = Callable[[], Mapping[str, str]]
"""Logs in and gives the headers that prove who we are."""


@dataclass(slots=True)
class HttpClient:
    """One connection's client; a context manager that closes its sockets."""

    connector: str
    base_url: str
    services: Services
    authenticate: Authenticate = dict
    network: HttpSettings = field(default_factory=HttpSettings)
    refuses_before_work: bool = False
    """This vendor answers 429 and 503 to a write before it does anything."""
    auth_failed: Callable[[Reply], bool] = lambda reply: reply.status == 401
    """Whether the answer says that the login is not (or no longer) valid."""
    too_many: Callable[[Reply], float | None] = lambda reply: (
        retry_after(reply) if reply.status == 429 else None
    )
    """The pause in seconds that the answer asks for, None where it asks for none."""
    spent: Callable[[Reply], float | None] = lambda _: None
    """Seconds until the vendor counts anew, where this answer says that it was the last one that it allows until then."""
    speaks: Callable[[Reply], bool] = lambda _: False
    """Whether an answer with a 5xx is the vendor's own word on the call, which its connector judges (a SOAP fault comes
    with HTTP 500); any other is a failure here."""
    words_as_html: bool = False
    """This vendor answers with a word that it labels a web page."""
    hides_path: bool = False
    """The path is a secret of its own: it stands in no log and no kept exchange."""
    max_request: int = MAX_REQUEST
    """Largest body that is sent, in bytes."""
    session: requests.Session = field(default_factory=requests.Session)
    _budget: Budget = field(init=False)
    _how: Mapping[str, Any] = field(init=False)
    _headers: Mapping[str, str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        # a filter is added once, however often it is given
        logging.getLogger("urllib3.connectionpool").addFilter(_without_query)
        folder = self.services.state / "budget"
        self._budget = Budget(folder / f"{self.services.connection}.json", self.network.calls_per_second)
        proxy = self.network.proxy
        self._how = {
            "stream": True, "allow_redirects": False, "timeout": (CONNECT_SECONDS, self.network.read_seconds),
            "verify": self.network.ca_file or True, "cert": self.network.client_certificate,
            "proxies": {"http": proxy, "https": proxy} if proxy else {},
        }  # fmt: skip
        self.session.trust_env = False
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=8, pool_block=True)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def proof(self) -> Mapping[str, str]:
        """The headers that prove who we are, for a link at the vendor's own host that asks for them."""
        if self._headers is None:
            self.log_in()
        return dict(self._headers or {})

    def log_in(self) -> None:
        """A fresh login now, whatever the last one is still worth."""
        self._headers = self.authenticate()

    def ask_for_login(
        self, method: str, path: str, *, base_url: str | None = None, **how: Any
    ) -> tuple[Reply, Any]:
        """The answer to a request for a login, and its JSON. It goes without our credentials and is tried once: what needs the
        login is tried again, and asks again."""
        client = HttpClient(
            self.connector,
            base_url or self.base_url,
            self.services,
            network=self.network,
            session=self.session,
        )
        reply = client._read_once("login", method, path, how)
        return reply, client.decode("login", reply, write=False)

    def read(self, operation: str, method: str, path: str, **how: Any) -> Reply:
        """The answer to a call that changes nothing; retried on the spot, then Retryable or RateLimited.

        `how` is what `requests.Request` takes; `each` gives what is made anew for every attempt, such as a signature.
        """
        last: ConnectorError | None = None
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(SHORT_WAIT, getattr(last, "retry_after", FIRST_WAIT * 2 ** (attempt - 1))))
            try:
                return self._read_once(operation, method, path, how)
            except Retryable as error:
                last = error
                if isinstance(error, RateLimited) and error.retry_after > SHORT_WAIT:
                    break
        assert last is not None
        raise last

    @contextmanager
    def own(
        self, operation: str, path: str, size: int, *, headers: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Mapping[str, str], Iterator[bytes]]]:
        """Headers and bytes, up to `size` at a time, of a file that the system itself gives to who is logged in.

        An answer that is neither status 200 nor about login, pace or health is `Rejected` with its status as code.
        """
        if self._headers is None:
            self.log_in()
        for last in (False, True):
            if seconds := self._budget.wait(SHORT_WAIT):
                raise self._spent_budget(operation, seconds)
            with self._translated(operation, write=False):
                response = self.session.send(
                    self._prepared(operation, "GET", path, headers=headers), **self._how
                )
            # outside: what goes wrong at the caller (no room on the disk) is no fault of the vendor
            with response:
                if response.status_code == 200:
                    yield response.headers, self._parts(operation, response, size)
                    return
                with self._translated(operation, write=False):
                    until = time.monotonic() + 2 * self.network.read_seconds
                    body = self._body(operation, response, until, write=False)
            reply = Reply(response.status_code, response.headers, body)
            if last or not self.auth_failed(reply):
                break
            self.log_in()
        self._raise_unless_read(operation, reply)
        self.reject(operation, f"HTTP {reply.status}", code=f"HTTP {reply.status}")

    def _parts(self, operation: str, response: requests.Response, size: int) -> Iterator[bytes]:
        parts = response.iter_content(size)
        while True:
            with self._translated(operation, write=False):
                part = next(parts, None)
            if part is None:
                return
            yield part

    def write(self, operation: str, method: str, path: str, **how: Any) -> Reply:
        """The answer to a call that changes something; sent once."""
        reply = self._authorised(operation, method, path, how, write=True)
        if self._asks_for_pause(reply) is not None:
            if self.refuses_before_work or reply.status == 200:
                self._raise_rate_limited(operation, reply)
            self._raise(UnknownOutcome, operation, f"HTTP {reply.status}, it may have been done")
        if reply.status == 503 and self.refuses_before_work:
            self._raise(Retryable, operation, "HTTP 503")
        if reply.status in (408, 425) or (reply.status >= 500 and not self.speaks(reply)):
            self._raise(UnknownOutcome, operation, f"HTTP {reply.status}, it may have been done")
        self._refuse_html(operation, reply, UnknownOutcome)
        return reply

    def stream(
        self, operation: str, url: str, *, headers: Mapping[str, str] | None = None,
        secret: Mapping[str, str] | None = None, secret_hosts: Sequence[str] = (), until: float | None = None,
    ) -> AbstractContextManager[Opened]:  # fmt: skip
        """An open download from an address that the vendor gave, without our login: see `trivet.outbound`."""
        network = self.network
        leave = Leave(
            self.connector, self.services.connection, network.private_networks, network.allowed_hosts, network.ca_file,
            network.proxy, network.read_seconds, network.download_seconds,
        )  # fmt: skip
        return opened(
            leave, operation, url, headers=headers, secret=secret, secret_hosts=secret_hosts, until=until
        )

    def reject(
        self, operation: str, message: str, *, code: str | None = None, field: str | None = None
    ) -> NoReturn:
        """Raises `Rejected` for this connection."""
        raise Rejected(message, connector=self.connector, operation=operation, vendor_code=code, field=field)

    def decode(self, operation: str, reply: Reply, *, write: bool) -> Any:
        """The body as JSON; unreadable after a write is UnknownOutcome, of a read Retryable."""
        try:
            return reply.json()
        except (ValueError, RecursionError) as error:
            kind = UnknownOutcome if write else Retryable
            raise kind(
                "the answer is not JSON",
                connector=self.connector,
                operation=operation,
                vendor_code="JSON_SYNTAX",
            ) from error

    def _read_once(self, operation: str, method: str, path: str, how: dict[str, Any]) -> Reply:
        reply = self._authorised(operation, method, path, how, write=False)
        self._raise_unless_read(operation, reply)
        self._refuse_html(operation, reply, Retryable)
        return reply

    def _raise_unless_read(self, operation: str, reply: Reply) -> None:
        """Raises what an answer to a read means that is about the login, the pace or the server's health."""
        self._raise_if_locked(operation, reply)
        if self._asks_for_pause(reply) is not None:
            self._raise_rate_limited(operation, reply)
        if reply.status in _AGAIN or (reply.status >= 500 and not self.speaks(reply)):
            self._raise(Retryable, operation, f"HTTP {reply.status}")

    def _authorised(
        self, operation: str, method: str, path: str, how: dict[str, Any], *, write: bool
    ) -> Reply:
        if self._headers is None:
            self.log_in()
        reply = self._send(operation, method, path, how, write=write)
        if self.auth_failed(reply):
            # a definite refusal of the login: nothing was done, so one fresh login and one repetition are safe
            self.log_in()
            reply = self._send(operation, method, path, how, write=write)
        self._raise_if_locked(operation, reply)
        return reply

    def _raise_if_locked(self, operation: str, reply: Reply) -> None:
        if self.auth_failed(reply) or reply.status == 403:
            self._headers = None
            self._raise(
                AuthFailed,
                operation,
                f"the credentials are refused (HTTP {reply.status})",
                "check login and password of the connection",
            )

    def _send(self, operation: str, method: str, path: str, how: dict[str, Any], *, write: bool) -> Reply:
        if seconds := self._budget.wait(SHORT_WAIT):
            raise self._spent_budget(operation, seconds)
        prepared = self._prepared(operation, method, path, **how)
        if len(prepared.body or b"") > self.max_request:
            said = f"the call would be larger than {self.max_request // 1024 // 1024} MiB"
            self.reject(operation, said, code="REQUEST_TOO_LARGE")
        start = time.monotonic()
        with (
            self._translated(operation, write=write),
            self.session.send(prepared, **self._how) as response,
        ):
            body = self._body(operation, response, start + 2 * self.network.read_seconds, write)
        self._tell(operation, method, path, prepared, response, body, time.monotonic() - start)
        reply = Reply(response.status_code, response.headers, body)
        if (pause := self.spent(reply)) is not None:
            self._budget.pause(clamp(pause))
        return reply

    def _tell(
        self,
        operation: str,
        method: str,
        path: str,
        prepared: requests.PreparedRequest,
        response: requests.Response,
        body: bytes,
        seconds: float,
    ) -> None:
        """One line for the log, without query and contents; the exchange's shape where the connection keeps it."""
        told = {
            "operation": f"{self.connector} {operation}",
            "method": method,
            "path": "…" if self.hides_path else path.partition("?")[0],
            "status": response.status_code,
            "milliseconds": round(seconds * 1000),
            "correlation_id": prepared.headers[CORRELATION],
        }
        log.debug(
            "%(operation)s: %(method)s %(path)s %(status)s %(milliseconds)s ms %(correlation_id)s", told
        )
        if self.network.record_exchanges:
            folder = self.services.state / "exchanges" / self.services.connection
            keep(folder, told, prepared.body, body, response.headers)

    def _prepared(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        each: Callable[[], Mapping[str, Any]] | None = None,
        **what: Any,
    ) -> requests.PreparedRequest:
        made = dict(each()) if each is not None else {}
        headers = {**(headers or {}), **made.pop("headers", {})}
        what |= made
        # a session's own preparation merges settings that we never set, at a third of a call's price
        self._refuse_unfit(operation, headers)
        if path[:1] not in ("", "/", "?"):
            # what goes on from the address's last letter would be another host: base "https://erp", path "@evil/x"
            self.reject(
                operation, "the path would lead to another host; nothing was sent", code="URL_MALFORMED"
            )
        ours = {**_HEADERS, CORRELATION: uuid.uuid4().hex, **(self._headers or {}), **headers}
        if json is not None and (written := quick_json(json)) is not None:
            ours, what["data"] = {"Content-Type": "application/json", **ours}, written
        else:
            what["json"] = json
        return requests.Request(
            method, self.base_url + path, headers=ours, cookies=self.session.cookies, **what
        ).prepare()

    def _refuse_unfit(self, operation: str, headers: Mapping[str, str]) -> None:
        """Headers of the call are the record's; those of the login are the connection's, and stop it."""
        if (name := allowed.unfit(self._headers or {})) is not None:
            raise AuthFailed(
                f"the login's header {name} {allowed.SAID}", connector=self.connector, operation=operation,
                vendor_code=allowed.INVALID, cure=allowed.CURE,
            )  # fmt: skip
        if (name := allowed.unfit(headers)) is not None:
            self.reject(operation, f"header {name} {allowed.SAID}", code=allowed.INVALID, field=name)

    def _body(self, operation: str, response: requests.Response, deadline: float, write: bool) -> bytes:
        parts, size = [], 0
        doubt = UnknownOutcome if write else Retryable
        for part in response.iter_content(65536):
            size += len(part)
            if size > MAX_BODY:
                self._raise(doubt, operation, "RESPONSE_TOO_LARGE_DECODED")
            if time.monotonic() > deadline:
                self._raise(
                    doubt, operation, f"the answer took longer than {2 * self.network.read_seconds:g} s"
                )
            parts.append(part)
        return b"".join(parts)

    @contextmanager
    def _translated(self, operation: str, *, write: bool) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.SSLError as error:
            self._raise(Retryable, operation, tls.trouble(error, self._address()), tls.CURE)
        except (requests.RequestException, HTTPError, OSError) as error:
            # without a connection no byte left; from the first byte on a write is in doubt
            if write and not _unsent(error):
                self._raise(UnknownOutcome, operation, f"sent, the answer was lost ({type(error).__name__})")
            self._raise(
                Retryable,
                operation,
                f"no answer ({type(error).__name__})",
                f"is {_without_account(self.base_url)} reachable?",
            )

    def _address(self) -> tuple[str, int] | None:
        """Where the configured host listens; None behind a proxy, which alone may connect."""
        host = urlsplit(self.base_url)
        return (host.hostname, host.port or 443) if host.hostname and not self.network.proxy else None

    def _refuse_html(self, operation: str, reply: Reply, doubt: type[ConnectorError]) -> None:
        if (
            not self.words_as_html
            and reply.status < 300
            and "text/html" in reply.headers.get("Content-Type", "")
        ):
            self._raise(doubt, operation, "a web page came in place of an answer")

    def _asks_for_pause(self, reply: Reply) -> float | None:
        return self.too_many(reply)

    def _spent_budget(self, operation: str, seconds: float) -> RateLimited:
        return RateLimited(
            "the connection's rate budget is used up",
            retry_after=seconds,
            connector=self.connector,
            operation=operation,
        )

    def _raise_rate_limited(self, operation: str, reply: Reply) -> NoReturn:
        seconds = clamp(self.too_many(reply) or 0.0)
        self._budget.pause(min(seconds, SHORT_WAIT * 12))
        raise RateLimited(
            f"too many calls, again in {seconds:g} s",
            retry_after=seconds,
            connector=self.connector,
            operation=operation,
        )

    def _raise(
        self, kind: type[ConnectorError], operation: str, message: str, cure: str | None = None
    ) -> NoReturn:
        raise kind(message, connector=self.connector, operation=operation, cure=cure) from None


def _without_query(record: logging.LogRecord) -> bool:
    # urllib3 logs whole addresses at DEBUG; keys and names stand in their queries
    if isinstance(record.args, tuple):
        record.args = tuple(a.partition("?")[0] if isinstance(a, str) else a for a in record.args)
    return True


def clamp(seconds: float) -> float:
    """A pause that a vendor asked for, kept between a moment and a quarter of an hour."""
    low, high = RETRY_AFTER
    if math.isnan(seconds):
        return low
    return min(max(seconds, low), high)


def _without_account(address: str) -> str:
    """The address without the account that somebody wrote into it."""
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def retry_after(reply: Reply) -> float:
    """The pause that a `Retry-After` header asks for, in seconds (a number or a date); 5 where it says nothing."""
    text = reply.headers.get("Retry-After", "")
    try:
        return clamp(float(text))
    except ValueError:
        pass
    try:
        return clamp(email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 5.0


def _unsent(error: BaseException) -> bool:
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(reason, NewConnectionError | SSLError) or isinstance(
        error, requests.exceptions.ConnectTimeout
    )
