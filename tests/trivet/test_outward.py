"""Nothing opens a line but the two clients, TLS is never left unproven, and a vendor's client stays at its host."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bad_inputs.web import Web, web
from conftest import ROOT

from trivet.contract import Services
from trivet.errors import ConnectorError
from trivet.http import HttpClient

__all__ = ["web"]
SECRET = "Bearer planted-4711"  # noqa: S105 - a wrong one, planted
LINES = {
    "aiohttp", "asyncio.streams", "boto3", "ftplib", "http.client", "httpx", "imaplib", "paramiko", "poplib", "pycurl",
    "requests", "smtplib", "socket", "ssl", "telnetlib", "urllib.request", "urllib3", "websocket", "websockets", "xmlrpc.client",
}  # fmt: skip
MAY = {
    "trivet/http.py": {"requests", "urllib3"},  # vendors' own hosts
    "trivet/outbound.py": {"requests", "socket", "urllib3"},  # links that came with data
    "trivet/addresses.py": {"urllib3"},  # reads addresses, opens none
    "trivet/tls.py": {"socket", "ssl"},  # reads the day of a certificate that was refused
    "connectors/smtp/mailer.py": {"smtplib", "ssl"},  # mail is no HTTP
    "trivet/ledger/leases.py": {"socket"},  # this machine's name
    "trivet/airflow/web/answering.py": {"requests"},  # Airflow's own API, with the visitor's login
    "trivet/cli/demo_airflow.py": {"requests", "socket", "urllib3"},  # the demo, on this machine
    "trivet/cli/demo_night.py": {"requests"},
}
"""Who may import what opens lines, and why."""


def sources() -> Iterator[tuple[str, ast.AST]]:
    """Every module of the program and of its connectors."""
    for folder in ("trivet", "connectors"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))


def imported(tree: ast.AST) -> set[str]:
    """The modules of `LINES` that it imports, wherever it does."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {line for line in LINES for name in names if name == line or name.startswith(f"{line}.")}


def test_only_the_two_clients_open_lines() -> None:
    """A connector that wants to call somebody takes the client; who else may is written down with its reason."""
    suites = "trivet/conformance/"  # what tests of connectors do, strangers' too
    found = {name: imported(tree) for name, tree in sources() if not name.startswith(suites)}
    beyond = {name: lines - MAY.get(name, set()) for name, lines in found.items()}
    assert {name: lines for name, lines in beyond.items() if lines} == {}


def test_tls_is_never_left_unproven() -> None:
    """No switch, no context without proof; the one that reads an expired certificate's day says nothing on its line."""
    found = set()
    for name, tree in sources():
        for node in ast.walk(tree):
            loose = (
                (
                    isinstance(node, ast.keyword)
                    and node.arg in ("verify", "check_hostname")
                    and _false(node.value)
                )
                or (
                    isinstance(node, ast.Attribute)
                    and node.attr in ("CERT_NONE", "_create_unverified_context")
                )
                or (isinstance(node, ast.Constant) and node.value in ("CERT_NONE", "CERT_OPTIONAL"))
                or (
                    isinstance(node, ast.keyword) and node.arg == "allow_redirects" and not _false(node.value)
                )
                or (
                    isinstance(node, ast.Assign)
                    and _false(node.value)
                    and "check_hostname" in ast.dump(node.targets[0])
                )
            )
            if loose:
                found.add(name)
    assert found == {"trivet/tls.py"}


def _false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


@pytest.fixture
def client(web: Web, tmp_path: Path) -> Iterator[HttpClient]:
    """Its client, logged in."""
    services = Services("vendor", tmp_path, tmp_path, lambda: datetime.now(UTC))
    with HttpClient("vendor", web.url, services, authenticate=lambda: {"Authorization": SECRET}) as made:
        yield made


def test_a_vendors_client_does_not_follow_where_it_is_led(client: HttpClient, web: Web) -> None:
    """The login goes to the configured host alone, whatever the vendor's answer says."""
    other = Web("127.0.0.2")
    try:
        reply = client.read("list", "GET", f"/moved?to={other.url}/sound")
        assert reply.status == 302
        with (
            pytest.raises(ConnectorError),
            client.own("file", f"/moved?to={other.url}/sound", 1000) as (_, parts),
        ):
            list(parts)
        assert {headers["authorization"] for _, _, headers in web.seen} == {SECRET}
        assert other.seen == []
    finally:
        other.stop()


@pytest.mark.parametrize("path", ["@127.0.0.2/sound", ".evil.example/sound", ":1@evil.example/", "sound"])
def test_a_path_does_not_lead_to_another_host(path: str, client: HttpClient, web: Web) -> None:
    """What a vendor gave as a path is refused where it would go on from our address's last letter."""
    with pytest.raises(ConnectorError) as caught:
        client.read("list", "GET", path)
    assert caught.value.vendor_code == "URL_MALFORMED"
    assert web.seen == []


def test_a_link_that_the_vendor_gave_is_opened_without_its_login(client: HttpClient, web: Web) -> None:
    """By the guarded client: not even to the vendor's own host."""
    with pytest.raises(ConnectorError) as caught, client.stream("download", f"{web.url}/sound"):
        pass
    assert caught.value.vendor_code == "URL_BLOCKED_ADDRESS"
    assert web.seen == []
