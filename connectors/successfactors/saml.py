"""A SAML 2.0 assertion for SuccessFactors' OAuth: who speaks, for whom, how long; signed with the client's private key.

After SAP's guide to the SAML bearer flow: subject is a user, audience www.successfactors.com, recipient the token address,
`api_key` the OAuth client; enveloped RSA-SHA256 signature over exclusive canonical XML.
"""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

from trivet.errors import ConfigError

from .config import SuccessFactorsConfig

LIVES = timedelta(minutes=10)
BEFORE = timedelta(minutes=5)
"""The tenant's clock may be behind ours."""
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


class Signer:
    """Makes assertions for one OAuth client; `ConfigError` where key or packages are not what is needed."""

    def __init__(self, config: SuccessFactorsConfig) -> None:
        try:
            from lxml import etree
            from signxml import methods
            from signxml.signer import XMLSigner
        except ImportError as error:
            raise ConfigError(
                f"assertions cannot be signed here, {error.name} is not installed", code="EXTRA_MISSING",
                cure="pip install 'trivet[sap]', or take the assertion from your identity provider",
            ) from None  # fmt: skip
        self._config, self._key, self._xml = config, _key(config), etree
        self._signer = XMLSigner(
            method=methods.enveloped,
            signature_algorithm="rsa-sha256",
            digest_algorithm="sha256",
            c14n_algorithm=_EXCLUSIVE,
        )

    def assertion(self, token_url: str, now: datetime) -> str:
        """A signed assertion, base64, good for ten minutes."""
        name = f"_{uuid4().hex}"
        unsigned = self._xml.fromstring(_unsigned(self._config, name, token_url, now))
        signed = self._signer.sign(unsigned, key=self._key, reference_uri=name, id_attribute="ID")
        return b64encode(self._xml.tostring(signed)).decode()


def _key(config: SuccessFactorsConfig) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    file = Path(config.private_key_file or "")
    passphrase = config.password.get_secret_value().encode() or None
    try:
        key = load_pem_private_key(file.read_bytes(), passphrase)
    except OSError as error:
        raise _wrong(file, f"the private key cannot be read ({type(error).__name__})") from None
    except (ValueError, TypeError):
        raise _wrong(file, "this is no PEM private key, or its passphrase is another") from None
    if not isinstance(key, RSAPrivateKey):
        raise _wrong(file, "the private key is not RSA")
    return key


def _wrong(file: Path, what: str) -> ConfigError:
    return ConfigError(
        what, code="PRIVATE_KEY", place=str(file),
        cure="give the key whose certificate is registered in Manage OAuth2 Client Applications, and its passphrase",
    )  # fmt: skip


def _unsigned(config: SuccessFactorsConfig, name: str, token_url: str, now: datetime) -> str:
    issued, begins, ends = (_time(at) for at in (now, now - BEFORE, now + LIVES))
    client = escape(config.login)
    return (
        '<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" '
        f'ID="{name}" IssueInstant="{issued}" Version="2.0">'
        f"<saml2:Issuer>{escape(config.issuer or config.login)}</saml2:Issuer>"
        # the signer puts the signature where this stands: the schema wants it behind the issuer
        f'<ds:Signature xmlns:ds="{_DSIG}" Id="placeholder"/>'
        '<saml2:Subject><saml2:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">'
        f"{escape(config.user_id or '')}</saml2:NameID>"
        '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml2:SubjectConfirmationData NotOnOrAfter="{ends}" Recipient={quoteattr(token_url)}/>'
        "</saml2:SubjectConfirmation></saml2:Subject>"
        f'<saml2:Conditions NotBefore="{begins}" NotOnOrAfter="{ends}"><saml2:AudienceRestriction>'
        f"<saml2:Audience>{escape(config.audience)}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>"
        f'<saml2:AuthnStatement AuthnInstant="{issued}"><saml2:AuthnContext><saml2:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
        "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
        '<saml2:AttributeStatement><saml2:Attribute Name="api_key">'
        f"<saml2:AttributeValue>{client}</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement>"
        "</saml2:Assertion>"
    )


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
