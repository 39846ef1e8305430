"""Bad certificates, and connections that would not prove them: refused by links and vendor clients, and nothing is said."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bad_inputs.entrance import trivet
from bad_inputs.law import clear, lawful
from bad_inputs.recordings import HERE, fetched, refusal
from bad_inputs.sealed import EXPIRED, OPENSSL, certificate, sealed, signed_with_sha1
from bad_inputs.web import SOUND
from conftest import World

from trivet import outbound
from trivet.contract import Services
from trivet.errors import ConnectorError
from trivet.http import HttpClient, HttpSettings

HOST = "localhost"
SERVERS = {
    "58-expired": "TLS_CERT_EXPIRED",
    "58-wrong host": "TLS_HOSTNAME",
    "58-self-signed": "TLS_UNTRUSTED_CA",
    "58-SHA-1": "TLS_WEAK",
    "58-TLS 1.1": "TLS_WEAK",
}
SETTINGS: dict[str, dict[str, Any]] = {
    "58-verify=False": {"extra": {"environment": "sandbox", "verify": False}},
    "58-insecure": {"extra": {"environment": "production", "insecure_skip_verify": "yes"}},
    "58-http in production": {"host": "http://gh.example.com", "extra": {"environment": "production"}},
    "58-http for the login": {
        "host": "https://gh.example.com",
        "extra": {"environment": "production", "auth_url": "http://login.example.com"},
    },
    "58-http in another network": {
        "host": "http://10.1.2.3",
        "extra": {"environment": "production", "private_networks": ["10.9.0.0/16"]},
    },
}
CASES = {**SERVERS, **dict.fromkeys(SETTINGS, "CONFIG_INSECURE")}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code, what to do about it, and the day where it is over."""
    lawful(name, CASES[name])
    if name in SETTINGS:
        refused_as_set(name, world)
        return
    if name == "58-SHA-1" and OPENSSL is None:
        pytest.skip("the system has no openssl to sign with SHA-1")
    monkeypatch.setattr(outbound, "resolve", lambda *_: ["127.0.0.1"])
    pem, ca = (
        signed_with_sha1(tmp_path, HOST)
        if name == "58-SHA-1"
        else certificate(tmp_path, "other.example" if "host" in name else HOST, expired="expired" in name)
    )
    trust = {} if name == "58-self-signed" else {"ca_file": str(ca)}
    with sealed(pem, old=name == "58-TLS 1.1") as (web, _):
        link = f"https://{HOST}:{web.port}/sound"
        told = [
            refusal(world, tmp_path, link, private_networks=HERE, **trust),
            called(tmp_path, f"https://{HOST}:{web.port}", **trust),
        ]
        assert web.seen == []
    for error in told:
        clear(error.explained(), CASES[name], str(tmp_path))
        assert "ca_file" in error.explained()
        assert name != "58-expired" or f"{EXPIRED:%Y-%m-%d}" in error.message


def called(folder: Path, address: str, **settings: Any) -> ConnectorError:
    """What a vendor's client says of that address."""
    services = Services("vendor", folder, folder, lambda: datetime.now(UTC))
    with HttpClient("vendor", address, services, network=HttpSettings(**settings)) as client:
        with pytest.raises(ConnectorError) as caught:
            client.write("send", "POST", "/sound", json={})
        return caught.value


def refused_as_set(name: str, world: World) -> None:
    """The connection is refused as it is read, by the command that tries it."""
    known = world.sandbox.connections()["greenhouse"]
    changed = {**known, **SETTINGS[name], "extra": {**known["extra"], **SETTINGS[name]["extra"]}}
    if "auth_url" not in SETTINGS[name]["extra"]:
        changed["extra"]["auth_url"] = "https://login.example.com"
    world.connect(greenhouse=changed)
    done = trivet(world.home, "check-connection", "greenhouse", "--json", environment=world.environment())
    assert done.returncode == 2
    said = json.loads(done.stdout)["error"]
    assert said["code"] == "CONFIG_INSECURE"
    clear(done.stderr.decode() + said["message"], "CONFIG_INSECURE", known["password"])
    assert "ca_file" in said["cure"] or "https" in said["cure"]
    assert world.calls("greenhouse") == []


def test_tls_is_proven_for_the_name_at_the_judged_address(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket goes to the address, the certificate is the name's; with its authority named it is trusted."""
    monkeypatch.setattr(outbound, "resolve", lambda *_: ["127.0.0.1"])
    pem, ca = certificate(tmp_path, "media.example")
    with sealed(pem) as (web, named):
        link = f"https://media.example:{web.port}/sound"
        assert fetched(world, tmp_path, link, private_networks=HERE, ca_file=str(ca)) == SOUND
        assert named == ["media.example"]


@pytest.mark.parametrize(
    "host", ["http://127.0.0.1:8080", "http://localhost", "http://10.9.1.1", "https://gh.example.com"]
)
def test_what_nobody_else_can_read_is_allowed(host: str, world: World) -> None:
    """This machine, a network that the connection names, and https."""
    login = "https://login.example.com"
    extra = {"environment": "production", "auth_url": login, "private_networks": ["10.9.0.0/16"]}
    world.connect(greenhouse={"host": host, "extra": extra})
    from trivet_connectors.greenhouse import RECORDINGS

    with world.hub() as hub:
        assert hub.connections("greenhouse").config(RECORDINGS.config)
