"""Bad links that a vendor hands out, opened as a recording is: refused with their code before a byte leaves, or on the way."""

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bad_inputs.web import SOUND, Web, whole
from conftest import World
from hr import use
from trivet_connectors.greenhouse import RECORDINGS

import trivet.http
import trivet.outbound
from trivet.conformance.promises import PERSON, error_is_clear
from trivet.contract import Services
from trivet.documents.yaml_file import read_yaml
from trivet.errors import ConfigError, ConnectorError, Rejected, Retryable

ROWS = {row["id"]: row for row in read_yaml(Path(__file__).with_name("bad-inputs.yaml")).data}
SECRET = "sig=planted-4711"  # noqa: S105 - a wrong one, planted
HERE = ["127.0.0.0/8"]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trivet.http, "FIRST_WAIT", 0.01)


@pytest.fixture
def web() -> Iterator[Web]:
    """A server to which links lead."""
    made = Web()
    yield made
    made.stop()


@pytest.fixture
def elsewhere(web: Web) -> Iterator[Web]:
    """Another one, at another address and the same port."""
    made = Web("127.0.0.2", web.port)
    yield made
    made.stop()


def fetched(world: World, folder: Path, link: str, **settings: Any) -> bytes:
    """The recording behind a link that Greenhouse hands out."""
    vendor = world.sandbox["greenhouse"]
    world.change("greenhouse", what="recording", candidate="be1", file="x.ogg", url=link)
    stored = vendor.connection()
    config = RECORDINGS.config.model_validate(
        {
            "base_url": stored["host"], "client_id": stored["login"], "client_secret": stored["password"],
            "auth_url": stored["host"], "max_recording_mb": 2, **settings,
        }
    )  # fmt: skip
    reference = {"attachment_id": max(key for key, _ in vendor.store.all("attachments"))}
    services = Services("media", folder, folder, lambda: datetime.now(UTC))
    with RECORDINGS.build(config, services) as source, source.open(reference) as download:
        return b"".join(download.chunks)


def refusal(world: World, folder: Path, link: str, **settings: Any) -> ConnectorError:
    """Why it was not fetched: one line, and nothing of the link's path, query or login in it."""
    with pytest.raises(ConnectorError) as caught:
        fetched(world, folder, link, **settings)
    error_is_clear(caught.value, "greenhouse")
    for word in (SECRET, "interview", PERSON, "hunter2"):
        assert word not in caught.value.explained()
    return caught.value


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


@pytest.mark.parametrize("name", AWAY)
def test_bad_input(name: str, world: World, web: Web, tmp_path: Path) -> None:
    """Refused for good, and nobody was asked for anything."""
    link, settings = AWAY[name]
    error = refusal(world, tmp_path, link.format(port=web.port, secret=SECRET), **settings)
    assert isinstance(error, Rejected)
    assert [error.vendor_code] == ROWS[int(name.split("-")[0])]["expected_code"]
    assert web.seen == []
    if name.startswith("9-"):
        assert "http://***@" in str(error)
    if name.startswith("12-"):
        assert "connection media" in error.explained()


ON_THE_WAY: dict[str, tuple[str, type[ConnectorError]]] = {
    "6-to a private address": ("/moved?to=http://10.0.0.1/interview", Rejected),
    "6-to metadata": ("/moved?to=http://169.254.169.254/", Rejected),
    "11-a loop": ("/loop", Rejected),
    "11-six steps": ("/steps?n=6", Rejected),
    "13-no end": ("/endless", Rejected),
    "14-a short body": ("/short", Retryable),
    "15-a byte now and then": ("/slow", Retryable),
    "15-in the head": ("/slow-head", Retryable),
    "16-a bomb": ("/bomb", Rejected),
    "17-a login page": ("/login", Rejected),
    "18-a playlist": ("/playlist", Rejected),
}


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_bad_input_on_the_way(name: str, world: World, web: Web, tmp_path: Path) -> None:
    """Stopped where it shows."""
    path, kind = ON_THE_WAY[name]
    late = {"download_seconds": 0.4, "read_seconds": 5} if name.startswith("15") else {}
    error = refusal(world, tmp_path, web.url + path, private_networks=["127.0.0.0/8"], **late)
    assert type(error) is kind
    assert [error.vendor_code] == ROWS[int(name.split("-")[0])]["expected_code"]
    if name.startswith("6-"):
        assert "hop=2" in str(error)
        assert len(web.seen) == 1


def test_bad_input_7_a_name_that_means_another_address_a_moment_later(
    world: World, web: Web, elsewhere: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    assert [error.vendor_code] == ROWS[7]["expected_code"]
    assert "hop=2" in str(error)
    assert asked == ["media.example", "media.example"]
    assert web.seen == []


def test_bad_input_7_of_two_addresses_the_good_one_is_taken(
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


def test_a_broken_line_is_taken_up_where_it_broke(world: World, web: Web, tmp_path: Path) -> None:
    """By range and mark, as often as it takes."""
    assert fetched(world, tmp_path, f"{web.url}/broken", private_networks=HERE) == SOUND
    ranges = [headers.get("range") for _, _, headers in web.seen]
    half, most = len(SOUND) // 2, len(SOUND) // 2 + len(SOUND) // 4
    assert ranges == [None, f"bytes={half}-", f"bytes={most}-"]
    assert all(headers["if-range"].startswith('"') for _, _, headers in web.seen[1:])


def test_a_server_that_knows_no_ranges_begins_anew(world: World, web: Web, tmp_path: Path) -> None:
    """What came before is compared and not taken twice; where it differs, the whole is asked for again."""
    bodies = [SOUND, SOUND]

    def forgetful(handler: Any) -> None:
        body = bodies.pop(0)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if bodies else body)

    web.there["/forgetful"] = forgetful
    assert fetched(world, tmp_path, f"{web.url}/forgetful", private_networks=HERE) == SOUND
    assert len(web.seen) == 2
    bodies[:] = [SOUND, b"OggS" + SOUND]
    error = refusal(world, tmp_path, f"{web.url}/forgetful", private_networks=HERE)
    assert (type(error), error.vendor_code) == (Retryable, "MEDIA_CHANGED")


def test_another_checksum_is_another_file(world: World, web: Web, tmp_path: Path) -> None:
    """Where the vendor says one it is verified."""
    error = refusal(world, tmp_path, f"{web.url}/md5", private_networks=HERE)
    assert (type(error), error.vendor_code) == (Retryable, "MEDIA_CORRUPT")


@contextmanager
def sealed(folder: Path, host: str) -> Iterator[tuple[int, str, list[str | None]]]:
    """An https server with a certificate for that host: port, the certificate's file, and the names that were asked for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - timedelta(days=1))
    built = built.not_valid_after(now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    certificate = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem, public = folder / "both.pem", folder / "ca.pem"
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain) + certificate)
    public.write_bytes(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    named: list[str | None] = []
    context.sni_callback = lambda _, said, __: named.append(said)
    web = Web()
    web.server.socket = context.wrap_socket(web.server.socket, server_side=True)
    web.server.handle_error = lambda *_: None  # type: ignore[method-assign]
    yield web.port, str(public), named
    web.stop()


def test_tls_is_proven_for_the_name_at_the_judged_address(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket goes to the address, the certificate is the name's; neither can be left out."""
    monkeypatch.setattr(trivet.outbound, "resolve", lambda *_: ["127.0.0.1"])
    with sealed(tmp_path, "media.example") as (port, ca, named):
        link = f"https://media.example:{port}/sound"
        assert fetched(world, tmp_path, link, private_networks=HERE, ca_file=ca) == SOUND
        assert named == ["media.example"]
        other = refusal(
            world, tmp_path, f"https://other.example:{port}/sound", private_networks=HERE, ca_file=ca
        )
        assert "TLS_HOSTNAME" in str(other)
        unknown = refusal(world, tmp_path, link, private_networks=HERE)
        assert "TLS_UNTRUSTED_CA" in str(unknown)


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


def test_bad_input_in_a_night(world: World, web: Web) -> None:
    """Each interview is set aside with its code, the others are scored, and no partial file is left behind."""
    use(world, "greenhouse")
    bad = {
        "be1": (f"{web.url}/endless", "MEDIA_TOO_LARGE"), "be2": ("http://169.254.169.254/", "URL_BLOCKED_ADDRESS"),
        "ae1": (f"{web.url}/moved?to=http://10.0.0.1/", "URL_BLOCKED_ADDRESS"),
        "ae2": (f"{web.url}/login", "MEDIA_TYPE_MISMATCH"), "rs1": (f"{web.url}/loop", "URL_TOO_MANY_REDIRECTS"),
        "rs2": (f"{web.url}/pdf", "MEDIA_TYPE_MISMATCH"),
    }  # fmt: skip
    greenhouse = world.sandbox.connections()["greenhouse"]
    world.connect(greenhouse={"extra": {**greenhouse["extra"], "max_recording_mb": 1}})
    for candidate, (link, _) in bad.items():
        world.change("greenhouse", what="recording", candidate=candidate, file="x.ogg", url=link)
    batch_id = world.night()
    aside = [row for row in world.summary(batch_id)["set_aside"] if row["stage"] == "score"]
    assert sorted(row["code"] for row in aside) == sorted(code for _, code in bad.values())
    assert {o["target"] for o in world.operations()} > {"successfactors"}
    with world.hub() as hub:
        left = [file.name for file in hub.settings.recordings.iterdir()]
    assert left
    assert not [name for name in left if name.startswith(".")]


def test_a_recording_is_asked_for_only_with_consent(world: World, web: Web) -> None:
    """Who did not agree to be recorded and scored has no link followed, and no link asked for."""
    use(world, "greenhouse")
    web.there["/hers"] = lambda handler: whole(handler, SOUND)
    world.change("greenhouse", what="recording", candidate="be1", file="x.ogg", url=f"{web.url}/hers")
    world.change("greenhouse", what="consent", candidate="be1", withdraw="ai_score")
    batch_id = world.night()
    assert {row["code"] for row in world.summary(batch_id)["set_aside"]} == {"CONSENT_MISSING"}
    assert web.seen == []


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


def test_a_line_that_breaks_before_the_first_byte_is_taken_up_too(
    world: World, web: Web, tmp_path: Path
) -> None:
    """There is no range to ask for yet: it begins anew."""
    bodies = [b"", SOUND]

    def late(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(SOUND)))
        handler.end_headers()
        handler.wfile.write(bodies.pop(0))

    web.there["/late"] = late
    assert fetched(world, tmp_path, f"{web.url}/late", private_networks=HERE) == SOUND
    assert [headers.get("range") for _, _, headers in web.seen] == [None, None]
