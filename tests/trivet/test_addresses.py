"""Addresses as data brings them: read strictly, judged by where they lead."""

from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.addresses import UrlRefused, listed, read, verdict

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
V6 = st.integers(0, 2**128 - 1).map(IPv6Address)


@pytest.mark.parametrize(
    ("address", "alone", "inside"),
    [
        ("8.8.8.8", "public", "private"), ("2606:4700::1111", "public", "private"),
        ("10.1.2.3", "blocked", "private"), ("127.0.0.1", "blocked", "private"), ("::1", "blocked", "private"),
        ("fd12::1", "blocked", "private"), ("100.64.0.1", "blocked", "private"), ("198.18.0.1", "blocked", "private"),
        ("169.254.169.254", "blocked", "blocked"), ("100.100.100.200", "blocked", "blocked"),
        ("168.63.129.16", "blocked", "blocked"), ("192.0.0.192", "blocked", "blocked"), ("0.0.0.0", "blocked", "blocked"),
        ("224.0.0.1", "blocked", "blocked"), ("255.255.255.255", "blocked", "blocked"), ("fe80::1%eth0", "blocked", "blocked"),
        ("fd00:ec2::254", "blocked", "blocked"), ("fd20:ce::254", "blocked", "blocked"), ("::", "blocked", "blocked"),
        ("::7f00:1", "blocked", "blocked"), ("2002:7f00:1::", "blocked", "blocked"), ("2001:0:7f00:1::", "blocked", "blocked"),
        ("::ffff:8.8.8.8", "public", "private"), ("::ffff:169.254.169.254", "blocked", "blocked"),
        ("64:ff9b::808:808", "public", "public"), ("64:ff9b::a9fe:a9fe", "blocked", "blocked"),
        ("64:ff9b::a00:1", "blocked", "blocked"), ("64:ff9b:1::a00:1", "blocked", "blocked"), ("ff02::1", "blocked", "blocked"),
    ],
)  # fmt: skip
def test_where_an_address_leads(address: str, alone: str, inside: str) -> None:
    """By itself, and where a connection names every network there is."""
    assert verdict(address, ()) == alone
    assert verdict(address, EVERYTHING) == inside


@given(V4)
def test_however_it_is_wrapped_a_blocked_address_stays_blocked(address: IPv4Address) -> None:
    """In IPv6, by a translator, or in a tunnel: never more than it is bare."""
    bare = verdict(str(address), ())
    assert verdict(f"::ffff:{address}", ()) == bare
    assert verdict(f"64:ff9b::{address}", ()) == bare
    for wrapped in (f"::{address}", f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::"):
        assert verdict(wrapped, ()) == "blocked"


@given(V4 | V6)
def test_only_what_is_global_is_public(address: IPv4Address | IPv6Address) -> None:
    """Python's own word is necessary, and not enough."""
    if verdict(str(address), ()) == "public":
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_link_local


@given(
    st.text(max_size=60)
    | st.from_regex(r"(https?|HTTP)://[a-zA-Z0-9.:@\[\]\\%-]{0,20}[/?#]?.{0,10}", fullmatch=True)
)
def test_what_is_read_names_one_host_and_nothing_else_leaves(text: str) -> None:
    """Any text is either read into plain parts or refused with a code; no other error."""
    try:
        url = read(text)
    except UrlRefused as error:
        assert error.code.startswith("URL_")
        assert "\n" not in error.message
        return
    assert url.scheme in ("http", "https")
    assert url.host.isascii()
    assert url.host == url.host.lower()
    assert not set("@\\ %/?#") & set(url.host)
    assert url.target.startswith("/")
    assert url.target.isascii()
    assert not any(ord(c) <= 32 for c in url.target)
    assert urlsplit(f"{url}{url.target}").hostname == url.host


def test_a_signed_link_is_asked_for_as_it_is() -> None:
    """Not a byte of path and query changes: the signature is over them."""
    target = "/b/%E5%BD%95%E9%9F%B3.mp4?X-Amz-Signature=a%2Fb%2Bc%3D&e=1&x=(1)*~'"
    assert read(f"https://files.example{target}#t=5").target == target
    assert str(read(f"https://files.example{target}")) == "https://files.example"


def test_hosts_of_a_list() -> None:
    """Exactly, or below."""
    assert listed("a.example", ["a.example"])
    assert listed("x.y.a.example", ["*.a.example"])
    assert not listed("a.example", ["*.a.example"])
    assert not listed("xa.example", ["*.a.example", "a.example"])
