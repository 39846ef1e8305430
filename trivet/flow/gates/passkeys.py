"""Approvals that a person signs with her own device (WebAuthn): fingerprint, face or the device's PIN.

    register   the device makes a key pair for this console's name, and its public half is kept under the person's name
    another    a further device is vouched for by one that the person has: a login alone, which may be stolen, adds none
    reset      who lost her last one is set free by a second person, and registers anew
    sign       the device signs a challenge that holds the approval and what exactly waits in it; good once, for minutes

The device is made to check who holds it (user verification). Its maker is not asked for: any device of the person's will do.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from trivet.errors import LedgerError
from trivet.flow.actions import Done
from trivet.flow.gates import approvals
from trivet.flow.gates.approval import same_person
from trivet.flow.holding import named
from trivet.flow.hub import Hub
from trivet.ledger import passkeys
from trivet.ledger.passkeys import Passkey

MINUTES = 5
_REGISTER, _ANOTHER = "register", "another device"


@dataclass(frozen=True, slots=True)
class Console:
    """Where the person's browser is: what a device binds its keys to."""

    origin: str
    """`https://airflow.example`"""

    @property
    def name(self) -> str:
        """The host name, which keys belong to."""
        return urlsplit(self.origin).hostname or ""


def vouching(hub: Hub, console: Console, person: str) -> str | None:
    """The options that a device of the person's vouches for a further one with, as JSON; None where the login is enough.

    `LedgerError` PASSKEY_LOST where she had one, has none, and nobody set her free.
    """
    named(person)
    known = owned(hub, person)
    if not known:
        with hub.ledger.read() as tx:
            trusted = passkeys.trusted(tx, person)
        if not trusted:
            raise LedgerError(
                f"{person} had a passkey here, and a login alone is not enough for another", code="PASSKEY_LOST",
                cure="somebody else who may approve resets you: page Approvals, or `trivet approvals reset-passkeys NAME`",
            )  # fmt: skip
        return None
    return _challenge(hub, console, known, secrets.token_bytes(32), person, _ANOTHER)


def registering(hub: Hub, console: Console, person: str, vouched: str = "") -> str:
    """The options that the person's browser makes a passkey with, as JSON; `vouched` is what `vouching` was answered."""
    if vouching(hub, console, person) is not None:
        _proved(hub, console, person, vouched, _taken(hub, vouched, person, _ANOTHER))
    known = owned(hub, person)
    challenge = secrets.token_bytes(32)
    options = webauthn.generate_registration_options(
        rp_id=console.name,
        rp_name="Trivet",
        user_name=person,
        user_id=hashlib.sha256(person.encode()).digest(),
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    with hub.ledger.begin() as tx:
        passkeys.challenged(tx, challenge, person=person, about=_REGISTER, seconds=MINUTES * 60)
    return options_to_json(options)


def register(hub: Hub, console: Console, person: str, credential: str, title: str) -> Done:
    """Keeps the passkey; `LedgerError` PASSKEY_REFUSED where the device's answer does not prove what it has to."""
    sent = _taken(hub, credential, person, _REGISTER)
    try:
        made = webauthn.verify_registration_response(
            credential=credential, expected_challenge=sent, expected_rp_id=console.name,
            expected_origin=console.origin, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError) as error:
        raise _refused(f"its answer proves nothing ({type(error).__name__})") from None
    key_id = bytes_to_base64url(made.credential_id)
    with hub.ledger.begin() as tx:
        passkeys.add(
            tx, key_id, person, made.credential_public_key, made.sign_count, title.strip()[:60] or "passkey"
        )
    return Done(True, f"passkey of {person} is registered")


def owned(hub: Hub, person: str) -> list[Passkey]:
    """The person's passkeys."""
    with hub.ledger.read() as tx:
        return passkeys.of(tx, person)


def forget(hub: Hub, person: str, key_id: str, *, actor: str) -> Done:
    """Removes a passkey, as when a phone is lost; a second time changes nothing."""
    named(actor)
    with hub.ledger.begin() as tx:
        gone = passkeys.remove(tx, key_id, person, actor=actor)
    return Done(gone, f"passkey of {person} is removed" if gone else "there is no such passkey")


def reset(hub: Hub, person: str, *, actor: str) -> Done:
    """Forgets all that the person has, so that she may register anew; `LedgerError` APPROVAL_SAME_PERSON for oneself."""
    named(actor)
    if same_person(person, actor):
        raise LedgerError(
            f"{actor} cannot reset {actor}", code="APPROVAL_SAME_PERSON", place=f"passkeys of {person}",
            cure="somebody else who may approve does it",
        )  # fmt: skip
    with hub.ledger.begin() as tx:
        gone = passkeys.reset(tx, person, actor=actor)
    return Done(True, f"{person} may register a passkey anew; {gone} were forgotten")


def signing(hub: Hub, console: Console, person: str, approval_id: str, seen: str) -> str:
    """The options that the person's browser signs this approval with, as JSON; PASSKEY_MISSING where she has none."""
    named(person)
    known = owned(hub, person)
    if not known:
        raise LedgerError(
            f"{person} has no passkey here", code="PASSKEY_MISSING", place=f"approval {approval_id}",
            cure="register this device first, on the page Approvals",
        )  # fmt: skip
    challenge = secrets.token_bytes(16) + _bound(approval_id, seen, person)
    return _challenge(hub, console, known, challenge, person, _about(approval_id, seen))


def _challenge(
    hub: Hub, console: Console, known: list[Passkey], challenge: bytes, person: str, about: str
) -> str:
    options = webauthn.generate_authentication_options(
        rp_id=console.name, challenge=challenge, allow_credentials=_descriptors(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )  # fmt: skip
    with hub.ledger.begin() as tx:
        passkeys.challenged(tx, challenge, person=person, about=about, seconds=MINUTES * 60)
    return options_to_json(options)


def approve(
    hub: Hub, console: Console, person: str, approval_id: str, seen: str, credential: str, note: str = ""
) -> Done:
    """Approves with the device's signature over exactly what the person saw; errors as of `approvals.approve`."""
    sent = _taken(hub, credential, person, _about(approval_id, seen))
    if sent[16:] != _bound(approval_id, seen, person):
        raise _refused("it signed something else")
    key_id = _proved(hub, console, person, credential, sent)
    said = f"{note} (passkey {key_id[:12]})".strip()
    return approvals.approve(hub, approval_id, actor=person, how=approvals.PASSKEY, note=said, seen=seen)


def _proved(hub: Hub, console: Console, person: str, credential: str, sent: bytes) -> str:
    """The id of the person's passkey that signed it."""
    try:
        key_id = str(json.loads(credential)["id"])
        with hub.ledger.read() as tx:
            known = passkeys.get(tx, key_id, person)
        if known is None:
            raise _refused("it is not one of yours")
        proved = webauthn.verify_authentication_response(
            credential=credential, expected_challenge=sent, expected_rp_id=console.name,
            expected_origin=console.origin, credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError) as error:
        raise _refused(f"its answer proves nothing ({type(error).__name__})") from None
    with hub.ledger.begin() as tx:
        passkeys.used(tx, key_id, proved.new_sign_count)
    return key_id


def _taken(hub: Hub, credential: str, person: str, about: str) -> bytes:
    """The challenge that the device answered, used up: whatever comes of it, it is good for nothing else."""
    try:
        answer = json.loads(credential)
        sent: bytes = parse_client_data_json(
            base64url_to_bytes(answer["response"]["clientDataJSON"])
        ).challenge
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        raise _refused("its answer cannot be read") from None
    with hub.ledger.begin() as tx:
        fresh = passkeys.taken(tx, sent, person=person, about=about)
    if not fresh:
        raise LedgerError(
            "the question to your device is over, or was answered before", code="PASSKEY_EXPIRED",
            cure=f"begin again; an answer is good once, within {MINUTES} minutes",
        )  # fmt: skip
    return sent


def _about(approval_id: str, seen: str) -> str:
    return f"{approval_id} {seen}"


def _bound(approval_id: str, seen: str, person: str) -> bytes:
    return hashlib.sha256(json.dumps([approval_id, seen, person]).encode()).digest()


def _descriptors(known: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.id)) for key in known]


def _refused(why: str) -> LedgerError:
    return LedgerError(
        f"the passkey was not accepted: {why}",
        code="PASSKEY_REFUSED",
        cure="try again on the device that you registered",
    )
