"""Reads an address that came with data, and judges where it may lead.

What is written in it proves nothing (`2130706433` and `127。0。0。1` are 127.0.0.1): it is read strictly, and what counts is
the address that its host stands for.

    public     global unicast, and NAT64 in front of such: anybody may be asked there, by https
    private    inside one of the connection's `private_networks`: http too
    blocked    everything else; link-local and the clouds' metadata services always, whatever a connection names
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

Network = IPv4Network | IPv6Network
Verdict = Literal["public", "private", "blocked"]
_PORTS = {"http": 80, "https": 443}
_NEVER = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",  # Linux takes it for this machine
        "169.254.0.0/16",  # link-local: metadata of AWS, Azure, GCP, Tencent
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "168.63.129.16/32",  # the host of a virtual machine in Azure
        "192.0.0.0/24",  # metadata of Oracle among them; Python calls parts of it global
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/32",  # Teredo and 6to4 carry another address inside
        "2002::/16",
        "64:ff9b:1::/48",  # a company's own translator
        "fe80::/10",
        "fd00:ec2::/32",  # metadata of AWS
        "fd20:ce::254/128",  # metadata of GCP
        "ff00::/8",
    )
)
_NOT_PUBLIC = tuple(ip_network(block) for block in ("192.88.99.0/24", "2001::/23", "3fff::/20"))
"""Older Pythons call them global."""
_COMPATIBLE, _LOOPBACK = IPv6Network("::/96"), IPv6Address("::1")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class UrlRefused(Exception):
    """The address is not opened; the message shows neither path nor query."""

    def __init__(self, code: str, message: str, cure: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.cure = code, message, cure


@dataclass(frozen=True, slots=True)
class Url:
    """An address that was read; whoever opens it works with these parts, so that no other parser has a say."""

    scheme: Literal["http", "https"]
    host: str
    """In ASCII and lower case, an IPv6 address without brackets."""
    port: int
    target: str
    """Path and query."""

    def __str__(self) -> str:
        # a path may hold a name, a query a key
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port != _PORTS[self.scheme] else "")


def read(text: str) -> Url:
    """The parts of an http or https address; `UrlRefused` where it is none, or where parsers disagree about it."""
    if "\\" in text or any(ord(character) <= 0x20 or ord(character) == 0x7F for character in text):
        raise UrlRefused("URL_MALFORMED", "the link holds a character that no address has")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UrlRefused("URL_MALFORMED", "the link cannot be read") from None
    if parts.scheme not in _PORTS:
        raise UrlRefused("URL_SCHEME_NOT_ALLOWED", f"the link is {parts.scheme or 'no'}:, not https:")
    if "@" in parts.netloc:
        raise UrlRefused("URL_CREDENTIALS_NOT_ALLOWED", f"the link carries a login: {parts.scheme}://***@…")
    host = _ascii(parts.hostname or "")
    if not parts.netloc.isascii():
        # digits and dots of other scripts stand for ours
        text = parts._replace(netloc=host if port is None else f"{host}:{port}").geturl()
    _agreed(text, host, port)
    query = f"?{parts.query}" if parts.query else ""
    # what may not stand there is encoded, what is encoded stays
    target = parse_url(f"http://x{parts.path or '/'}{query}").request_uri
    return Url("https" if parts.scheme == "https" else "http", host, port or _PORTS[parts.scheme], target)


def _ascii(host: str) -> str:
    try:
        written = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        written = ""
    if not written or "%" in written or written.startswith("."):
        raise UrlRefused("URL_MALFORMED", "the link names no host")
    return written.lower()


def _agreed(text: str, host: str, port: int | None) -> None:
    try:
        second = parse_url(text)
    except LocationParseError:
        raise UrlRefused("URL_MALFORMED", "the link cannot be read") from None
    if _ascii((second.host or "").strip("[]")) != host or second.port != port:
        raise UrlRefused("URL_MALFORMED", "the link can be read in two ways")


def verdict(address: str, private: Sequence[Network]) -> Verdict:
    """Of an IP address as a resolver gives it."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip in _NAT64:
            # what a translator reaches in our place is never inside the company
            return verdict(str(IPv4Address(int(ip) & 0xFFFFFFFF)), ())
        elif ip in _COMPATIBLE and ip != _LOOPBACK:
            return "blocked"
    if _within(ip, _NEVER):
        return "blocked"
    if _within(ip, private):
        return "private"
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return "blocked"
    return "public" if ip.is_global and not _within(ip, _NOT_PUBLIC) else "blocked"


def _within(ip: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)


def listed(host: str, allowed: Sequence[str]) -> bool:
    """Whether the host is one of these; `*.example.com` is every host below it."""
    return any(
        host.endswith(entry[1:].lower()) if entry.startswith("*.") else host == entry.lower()
        for entry in allowed
    )
