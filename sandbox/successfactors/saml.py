"""Whether a SAML assertion is one that the OAuth client's certificate vouches for: signature, audience, recipient, times.

The signature is checked by hand (XML-Signature: digest of the assertion without its signature, then RSA over SignedInfo).
"""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
DSIG = "{http://www.w3.org/2000/09/xmldsig#}"
AUDIENCE = "www.successfactors.com"
SKEW = timedelta(seconds=60)


class Refused(Exception):
    """Why; the vendor itself says less."""


def subject(encoded: str, certificate: str | None, client_id: str, recipient: str) -> str:
    """The user for whom the assertion speaks; `Refused` where it is not to be trusted."""
    from lxml import etree

    if certificate is None:
        raise Refused("no certificate is registered with the client")
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        root = etree.fromstring(base64.b64decode(encoded, validate=True), parser)
    except (ValueError, etree.XMLSyntaxError):
        raise Refused("no XML in base64") from None
    if root.tag != f"{SAML}Assertion":
        raise Refused("not an assertion")
    _check_signature(root, certificate)
    _check_words(root, client_id, recipient)
    name = root.findtext(f"{SAML}Subject/{SAML}NameID") or ""
    if not name:
        raise Refused("no subject")
    return name


def _check_signature(root: Any, certificate: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509 import load_pem_x509_certificate
    from lxml import etree

    signature = root.find(f"{DSIG}Signature")
    info = signature.find(f"{DSIG}SignedInfo") if signature is not None else None
    if info is None:
        raise Refused("not signed")
    if info.find(f"{DSIG}SignatureMethod").get("Algorithm") != (
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    ):
        raise Refused("another signature method")
    key: Any = load_pem_x509_certificate(certificate.encode()).public_key()
    signed = etree.tostring(info, method="c14n", exclusive=True)
    try:
        given = base64.b64decode(signature.findtext(f"{DSIG}SignatureValue"))
        key.verify(given, signed, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError, TypeError):
        raise Refused("signed with another key") from None
    reference = info.find(f"{DSIG}Reference")
    if reference.get("URI") != f"#{root.get('ID')}":
        raise Refused("something else is signed")
    digest = base64.b64decode(reference.findtext(f"{DSIG}DigestValue"))
    root.remove(signature)
    if hashlib.sha256(etree.tostring(root, method="c14n", exclusive=True)).digest() != digest:
        raise Refused("changed after it was signed")


def _check_words(root: Any, client_id: str, recipient: str) -> None:
    now = datetime.now(UTC)
    conditions = root.find(f"{SAML}Conditions")
    if conditions is None:
        raise Refused("no conditions")
    if not _time(conditions.get("NotBefore")) - SKEW <= now < _time(conditions.get("NotOnOrAfter")) + SKEW:
        raise Refused("not valid now")
    if conditions.findtext(f"{SAML}AudienceRestriction/{SAML}Audience") != AUDIENCE:
        raise Refused("for another audience")
    data = root.find(f"{SAML}Subject/{SAML}SubjectConfirmation/{SAML}SubjectConfirmationData")
    if data is None or data.get("Recipient") != recipient:
        raise Refused("for another recipient")
    named = {a.get("Name"): a.findtext(f"{SAML}AttributeValue") for a in root.iter(f"{SAML}Attribute")}
    if named.get("api_key", client_id) != client_id:
        raise Refused("for another client")


def _time(text: str | None) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise Refused("no time") from None
