"""Bad links that a vendor hands out, opened as a recording is: refused with their code before a byte leaves."""

import base64
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bad_inputs.law import SECRET, lawful, row
from bad_inputs.recordings import HERE, fetched, refusal
from bad_inputs.web import SOUND, Web
from conftest import World
from trivet_connectors.greenhouse import RECORDINGS

import trivet.outbound
from trivet.errors import ConfigError, ConnectorError, Rejected, Retryable

CODES = {
    1: "URL_BLOCKED_ADDRESS", 2: "URL_BLOCKED_ADDRESS", 3: "URL_BLOCKED_ADDRESS", 4: "URL_BLOCKED_ADDRESS",
    5: "URL_BLOCKED_ADDRESS", 6: "URL_BLOCKED_ADDRESS", 7: "URL_BLOCKED_ADDRESS", 8: "URL_SCHEME_NOT_ALLOWED",
    9: "URL_CREDENTIALS_NOT_ALLOWED", 10: "URL_MALFORMED", 11: "URL_TOO_MANY_REDIRECTS", 12: "URL_HOST_NOT_ALLOWED",
}  # fmt: skip
AWAY: dict[str, tuple[str, dict[str, Any]]] = {
    "1-loopback": ("http://127.0.0.1:{port}/interview?{secret}", {}),
    "1-by https": ("https://127.0.0.1:{port}/interview?{secret}", {}),
    "1-a private network": ("https://10.1.2.3/interview", {}),
    "1-another private network": ("https://10.1.2.3/interview", {"private_networks": ["10.2.0.0/16"]}),
    "2-metadata": ("http://169.254.169.254/latest/meta-data/", {"private_networks": ["0.0.0.0/0", "::/0"]}),
    "2-metadata of Aliyun": ("http://100.100.100.200/", {"private_networks": ["0.0.0.0/0"]}),
    "2-metadata of AWS by IPv6": ("http://[fd00:ec2::254]/", {"private_networks": ["::/0"]}),
    "2-metadata, mapped": ("http://[::ffff:169.254.169.254]/", {"private_networks": ["0.0.0.0/0", "::/0"]}),
    "3-mapped": ("http://[::ffff:127.0.0.1]:{port}/interview", {}),
    "4-NAT64": ("http://[64:ff9b::a9fe:a9fe]/", {"private_networks": HERE}),
    "4-NAT64 of loopback": ("http://[64:ff9b::7f00:1]:{port}/", {"private_networks": HERE}),
    "4-6to4": ("http://[2002:7f00:1::]:{port}/", {"private_networks": [*HERE, "::/0"]}),
    "5-one number": ("http://2130706433:{port}/interview", {}),
    "5-hexadecimal": ("http://0x7f.1:{port}/interview", {}),
    "5-short": ("http://127.1:{port}/interview", {}),
    "5-full-width digits": ("http://１２７.０.０.１:{port}/interview", {}),
    "5-in circles": ("http://①②⑦.0.0.1:{port}/interview", {}),
    "5-full-width dots": ("http://127。0。0。1:{port}/interview", {}),
    "5-this host": ("http://0.0.0.0:{port}/", {"private_networks": ["0.0.0.0/0"]}),
    "8-a file": ("file:///etc/passwd", {}),
    "8-ftp": ("ftp://127.0.0.1/interview", {}),
    "8-gopher": ("gopher://127.0.0.1:{port}/_GET", {}),
    "8-data": ("data:audio/ogg;base64,T2dnUw==", {}),
    "8-no scheme": ("//127.0.0.1:{port}/interview", {}),
    "8-http to the world": ("http://93.184.215.14/interview", {}),
    "9-a login": ("http://ada:hunter2@127.0.0.1:{port}/interview", {"private_networks": HERE}),
    "10-a backslash": ("http://a.com\\@127.0.0.1:{port}/", {"private_networks": HERE}),
    "10-a line break": ("http://127.0.0.1:{port}/interview\r\nX: y", {"private_networks": HERE}),
    "10-no port": ("http://127.0.0.1:{port}9999/interview", {"private_networks": HERE}),
    "12-another host": (
        "http://127.0.0.1:{port}/interview?{secret}", {"private_networks": HERE, "allowed_hosts": ["*.example.com"]},
    ),
}  # fmt: skip
LEADING = {
    "6-to a private address": "/moved?to=http://10.0.0.1/interview",
    "6-to metadata": "/moved?to=http://169.254.169.254/",
    "11-a loop": "/loop",
    "11-six steps": "/steps?n=6",
}
CASES = {name: CODES[row(name)] for name in (*AWAY, *LEADING, "7-rebinding")}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(
    name: str, world: World, web: Web, elsewhere: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused for good; whom the link should not have reached was asked for nothing."""
    lawful(name, CASES[name])
    if name in AWAY:
        link, settings = AWAY[name]
        error = refusal(world, tmp_path, link.format(port=web.port, secret=SECRET), **settings)
        assert web.seen == []
    elif name in LEADING:
        error = refusal(world, tmp_path, web.url + LEADING[name], private_networks=HERE)
        assert row(name) != 6 or (len(web.seen), "hop=2" in str(error)) == (1, True)
    else:
        error = rebound(world, web, elsewhere, tmp_path, monkeypatch)
    assert (type(error), error.vendor_code) == (Rejected, CASES[name])
    assert not name.startswith("9-") or "http://***@" in str(error)
    assert not name.startswith("12-") or "connection media" in error.explained()


def rebound(
    world: World, web: Web, elsewhere: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ConnectorError:
    """The second answer is judged like the first, and what was judged is what is connected to: each hop asks once."""
    answers = [["127.0.0.2"], ["127.0.0.1"]]
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    monkeypatch.setattr(trivet.outbound, "resolve", resolve)
    there = f"http://media.example:{web.port}"
    networks = ["127.0.0.2/32"]
    assert fetched(world, tmp_path, f"{there}/sound", private_networks=networks) == SOUND
    assert asked == ["media.example"]
    assert [headers["host"] for _, _, headers in elsewhere.seen] == [f"media.example:{web.port}"]
    asked.clear()
    error = refusal(world, tmp_path, f"{there}/moved?to={there}/interview", private_networks=networks)
    assert error.vendor_code == CASES["7-rebinding"]
    assert "hop=2" in str(error)
    assert asked == ["media.example", "media.example"]
    assert web.seen == []
    return error


def test_of_two_addresses_the_good_one_is_taken(
    world: World, web: Web, elsewhere: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However they are mixed."""
    monkeypatch.setattr(trivet.outbound, "resolve", lambda *_: ["169.254.169.254", "127.0.0.1", "127.0.0.2"])
    link = f"http://media.example:{web.port}/sound"
    assert fetched(world, tmp_path, link, private_networks=["127.0.0.2/32", "169.254.0.0/16"]) == SOUND
    assert (len(web.seen), len(elsewhere.seen)) == (0, 1)


def test_five_redirects_are_followed(world: World, web: Web, tmp_path: Path) -> None:
    """Without cookies, logins or references to where we came from."""
    assert fetched(world, tmp_path, f"{web.url}/steps?n=5", private_networks=HERE) == SOUND
    assert len(web.seen) == 6
    for _, _, headers in web.seen:
        assert set(headers) == {"host", "user-agent", "accept", "accept-encoding"}


def test_a_host_of_the_list_is_asked(world: World, web: Web, tmp_path: Path, monkeypatch: Any) -> None:
    """By name or as one of many; where it leads on counts too."""
    monkeypatch.setattr(trivet.outbound, "resolve", lambda *_: ["127.0.0.1"])
    settings = {"private_networks": HERE, "allowed_hosts": ["*.files.example", "media.example"]}
    for host in ("a.b.files.example", "MEDIA.example"):
        assert fetched(world, tmp_path, f"http://{host}:{web.port}/sound", **settings) == SOUND
    for host in ("files.example", "notfiles.example", "x.media.example"):
        assert (
            refusal(world, tmp_path, f"http://{host}:{web.port}/", **settings).vendor_code
            == "URL_HOST_NOT_ALLOWED"
        )
    link = f"http://media.example:{web.port}/moved?to=http://other.example:{web.port}/interview"
    error = refusal(world, tmp_path, link, **settings)
    assert (error.vendor_code, "hop=2" in str(error)) == ("URL_HOST_NOT_ALLOWED", True)


def test_networks_are_checked_when_the_connection_is_read(world: World) -> None:
    """A block that is none is a wrong setting, not a hole."""
    greenhouse = world.sandbox.connections()["greenhouse"]
    extra = {**greenhouse["extra"], "private_networks": ["10.0.0.0/33"]}
    world.connect(greenhouse={"extra": extra})
    with world.hub() as hub, pytest.raises(ConfigError, match="private_networks"):
        hub.connections("greenhouse").config(RECORDINGS.config)


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy's address and the first lines of what it was asked; it refuses every tunnel."""
    lines: list[str] = []
    proofs: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with line:
                said = line.recv(4096).decode()
                lines.append(said.splitlines()[0] if said else "")
                proofs.extend(line for line in said.splitlines() if line.lower().startswith("proxy-auth"))
                line.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://me:p%40ss@127.0.0.1:{listening.getsockname()[1]}", lines
    listening.close()
    proof = base64.b64encode(b"me:p@ss").decode()
    assert [line.rpartition(" ")[2] for line in proofs] == [proof] * len(lines)


def test_behind_a_proxy_what_can_be_judged_is(
    proxy: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses, and names that are known here; a name that only the proxy knows is the proxy's to refuse, by https."""
    address, lines = proxy
    plain = trivet.outbound.resolve
    known = {"inside.example": ["10.1.2.3"], "outside.example": ["93.184.215.14"]}

    def resolve(host: str, port: int) -> list[str]:
        if host.endswith(".example"):
            if host not in known:
                raise socket.gaierror
            return known[host]
        return plain(host, port)

    monkeypatch.setattr(trivet.outbound, "resolve", resolve)
    leave = trivet.outbound.Leave("greenhouse", "media", proxy=address, private_networks=["10.9.0.0/16"])

    def opened(link: str) -> str | None:
        with (
            pytest.raises(ConnectorError) as caught,
            trivet.outbound.opened(leave, "download", link) as answer,
        ):
            raise Retryable(
                "answered", connector="greenhouse", operation="download", vendor_code=str(answer.status)
            )
        return caught.value.vendor_code

    for link in ("https://127.0.0.1/", "http://2130706433/", "https://inside.example/", "http://[::1]/"):
        assert opened(link) == "URL_BLOCKED_ADDRESS"
    for link in ("http://outside.example/", "http://nobody.example/"):
        assert opened(link) == "URL_SCHEME_NOT_ALLOWED"
    assert lines == []
    assert opened("https://outside.example/x") is None
    assert opened("https://nobody.example/x") is None
    assert opened("http://10.9.1.1/x?y=1") == "403"
    told = [line.rpartition(" ")[0] for line in lines]
    assert told == ["CONNECT outside.example:443", "CONNECT nobody.example:443", "GET http://10.9.1.1/x?y=1"]


def test_a_header_that_a_link_needs_is_told_to_the_vendor_alone(web: Web, elsewhere: Web) -> None:
    """Not to where the vendor leads on, not to a host that only looks like one of the vendor's."""
    proof = {"Authorization": f"Bearer {SECRET}"}

    def asked(link: str, hosts: list[str]) -> list[str | None]:
        web.seen.clear()
        elsewhere.seen.clear()
        leave = trivet.outbound.Leave("zoom", "media", private_networks=HERE)
        with trivet.outbound.opened(leave, "download", link, secret=proof, secret_hosts=hosts) as answer:
            assert answer.status == 200
        return [headers.get("authorization") for _, _, headers in web.seen + elsewhere.seen]

    assert asked(f"{web.url}/sound", ["127.0.0.1"]) == [proof["Authorization"]]
    assert asked(f"{web.url}/sound", ["*.127.0.0.1", "27.0.0.1"]) == [None]
    assert asked(f"{web.url}/steps?n=1", ["127.0.0.1"]) == [proof["Authorization"]] * 2
    on = f"{web.url}/moved?to={elsewhere.url}/sound"
    assert asked(on, ["127.0.0.1", "127.0.0.2"]) == [proof["Authorization"], None]
