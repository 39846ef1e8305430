"""Proofs that a vendor sent what came, against vectors made with other programs (OpenSSL, sha256sum)."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from trivet_connectors.feishu_hire import INBOUND as FEISHU
from trivet_connectors.greenhouse import INBOUND as GREENHOUSE
from trivet_sandbox.feishu_hire import events
from trivet_sandbox.greenhouse import hooks

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Gone, Heard

AT = 1795500000
KEY = "an-encrypt-key"


def hear(connector: Any, folder: Path, headers: dict[str, str], body: bytes, **settings: Any) -> Heard:
    """What the connector makes of the call."""
    there = Services("hr", folder, folder, lambda: datetime.now(UTC))
    with connector.build(connector.config.model_validate(settings), there) as inbound:
        heard: Heard = inbound.hear(Call(headers, body, datetime.fromtimestamp(AT, UTC)))
        return heard


def test_greenhouse_signs_the_raw_body(tmp_path: Path) -> None:
    """As it was sent, escapes included: `openssl dgst -sha256 -hmac`."""
    body = rb'{"action": "update_candidate", "payload": {"name": "\u5c0f\u660e"}}'
    signature = "sha256 0bca7e1c99cca25697ff6d35045e3579c604a2650f83012b459dbc033a311d4d"
    settings = {"client_id": "x", "client_secret": "x", "webhook_secret": "a-hook-secret"}
    headers = {"signature": signature, "greenhouse-event-id": "4711"}
    (event,) = hear(GREENHOUSE, tmp_path, headers, body, **settings).events
    assert (event.id, event.kind, event.gone) == ("4711", "update_candidate", ())
    (event,) = hear(GREENHOUSE, tmp_path, {"signature": signature}, body, **settings).events
    assert len(event.id) == 64  # without an id the body is its own
    for wrong in ({}, {"signature": signature.upper()}, {"signature": signature[7:]}, {"signature": "é"}):
        with pytest.raises(AuthFailed) as caught:
            hear(GREENHOUSE, tmp_path, wrong, body, **settings)
        assert caught.value.vendor_code == "WEBHOOK_SIGNATURE"


def test_feishu_signs_time_nonce_key_and_body(tmp_path: Path) -> None:
    """In this order, by `sha256sum`; what it signs has then to open."""
    headers = {
        "x-lark-request-timestamp": str(AT), "x-lark-request-nonce": "nonce-1",
        "x-lark-signature": "3cb31d24019c5fd046b495a5e5ef0f2e93df2130f7b52a5413d72bbc293c7bc9",
    }  # fmt: skip
    settings = {"app_id": "cli_1", "app_secret": "x", "encrypt_key": KEY}
    with pytest.raises(AuthFailed, match="does not open"):
        hear(FEISHU, tmp_path, headers, b'{"encrypt": "AAAA"}', **settings)


GONE: dict[str, tuple[dict[str, Any], tuple[tuple[str, Gone], ...]]] = {
    "hire.talent.deleted_v1": ({"talent_id": "7"}, (("talents", Gone("7", "deleted")),)),
    "hire.application.deleted_v1": (
        {"application_ids": ["8", "9"]},
        (("applications", Gone("8", "deleted")), ("applications", Gone("9", "deleted"))),
    ),
    "hire.application.stage_changed_v1": ({"application_id": "8"}, ()),
}


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("kind", GONE)
def test_feishu_tells_who_is_gone(kind: str, sealed: bool, tmp_path: Path) -> None:
    """By events of schema 2.0, encrypted or plain; both are signed."""
    said = events.event("cli_1", "token", kind, GONE[kind][0])
    body = events.encrypted(said, KEY) if sealed else json.dumps(said).encode()
    headers = {name.lower(): value for name, value in events.headers(body, KEY, AT).items()}
    settings = {"app_id": "cli_1", "app_secret": "x", "encrypt_key": KEY}
    (event,) = hear(FEISHU, tmp_path, headers, body, **settings).events
    assert (event.id, event.kind) == (said["header"]["event_id"], kind)
    assert event.gone == GONE[kind][1]


TOLD: dict[str, tuple[Any, tuple[tuple[str, Gone], ...]]] = {
    "delete_candidate": (
        {"person": {"id": 5, "deleted_application_ids": [6]}},
        (("candidates", Gone("5", "deleted")), ("applications", Gone("6", "deleted"))),
    ),
    "merge_candidate": (
        {"person": {"id": 5, "new_candidate_id": 7}}, (("candidates", Gone("5", "merged", "7")),),
    ),
    "candidate_anonymized": (
        {"candidate_id": 5, "anonymized_fields": ["full_name"]}, (("candidates", Gone("5", "anonymised")),),
    ),
    "delete_application": ({"application": {"id": 6}}, (("applications", Gone("6", "deleted")),)),
    "interview_deleted": ({"interview": {"id": 8}}, (("interviews", Gone("8", "deleted")),)),
    "hire_candidate": ({"application": {"id": 6}}, ()),
}  # fmt: skip


def greenhouse(folder: Path, action: str, payload: Any) -> Heard:
    """A signed web hook."""
    body = hooks.body(action, payload)
    headers = {name.lower(): value for name, value in hooks.headers(body, "s").items()}
    return hear(GREENHOUSE, folder, headers, body, client_id="x", client_secret="x", webhook_secret="s")  # noqa: S106


@pytest.mark.parametrize("action", TOLD)
def test_greenhouse_tells_who_is_gone(action: str, tmp_path: Path) -> None:
    """In the forms of the vendor's page."""
    (event,) = greenhouse(tmp_path, action, TOLD[action][0]).events
    assert event.gone == TOLD[action][1]


@pytest.mark.parametrize("action", TOLD)
@pytest.mark.parametrize("payload", [{}, {"person": []}, {"person": 7, "application": 7, "interview": 7}])
def test_a_payload_of_another_form_tells_of_nobody(action: str, payload: Any, tmp_path: Path) -> None:
    """The event counts, and the next read says what is true."""
    (event,) = greenhouse(tmp_path, action, payload).events
    assert event.gone == ()


def test_an_address_or_an_e_mail_that_was_wiped_leaves_the_person(tmp_path: Path) -> None:
    """Who still has a name is still somebody."""
    payload = {"candidate_id": 5, "anonymized_fields": ["addresses", "email_addresses"]}
    (event,) = greenhouse(tmp_path, "candidate_anonymized", payload).events
    assert event.gone == ()


@pytest.mark.parametrize("payload", [None, [], "x"])
def test_a_body_without_a_payload_is_refused(payload: Any, tmp_path: Path) -> None:
    """But for the ping, whose form is not documented: refused, the web hook would be disabled."""
    with pytest.raises(Rejected) as caught:
        greenhouse(tmp_path, "update_candidate", payload)
    assert caught.value.vendor_code == "EVENT_MALFORMED"
    assert greenhouse(tmp_path, "ping", payload).events == ()
