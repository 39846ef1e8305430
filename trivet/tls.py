"""Why a TLS handshake failed, in words and with a code."""

import socket
import ssl
from contextlib import suppress

from cryptography import x509

CURE = "trust the server's CA with `ca_file`, or mend its certificate"
_SAID = (
    ("certificate has expired", "TLS_CERT_EXPIRED: the server's certificate has expired"),
    ("Hostname mismatch", "TLS_HOSTNAME: the certificate is for another host"),
    ("IP address mismatch", "TLS_HOSTNAME: the certificate is for another host"),
    ("self-signed", "TLS_UNTRUSTED_CA: the certificate is self-signed"),
    ("self signed", "TLS_UNTRUSTED_CA: the certificate is self-signed"),
    ("unable to get local issuer", "TLS_UNTRUSTED_CA: the certificate's issuer is not trusted"),
    ("md too weak", "TLS_WEAK: a certificate is signed with SHA-1 or MD5"),
    ("digest algorithm too weak", "TLS_WEAK: a certificate is signed with SHA-1 or MD5"),
    ("key too weak", "TLS_WEAK: a key of the server's certificates is too short"),
    ("KEY_TOO_SMALL", "TLS_WEAK: a key of the server's certificates is too short"),
    ("dh key too small", "TLS_WEAK: the server's key exchange is too short"),
    ("UNSUPPORTED_PROTOCOL", "TLS_WEAK: the server speaks no TLS 1.2"),
    ("unsupported protocol", "TLS_WEAK: the server speaks no TLS 1.2"),
    ("alert protocol version", "TLS_WEAK: the server speaks no TLS 1.2"),
    ("PROTOCOL_VERSION", "TLS_WEAK: the server speaks no TLS 1.2"),
)
_SECONDS = 2.0


def trouble(error: BaseException, address: tuple[str, int] | None = None, name: str | None = None) -> str:
    """One line about a failed handshake; the day on which a certificate expired is read at `address`, where it is given."""
    text = str(error)
    found = next((said for needle, said in _SAID if needle in text), None)
    if found is None:
        return f"TLS handshake failed ({ssl.OPENSSL_VERSION.split()[0]})"
    if address is not None and found.startswith("TLS_CERT_EXPIRED"):
        day = _expired(address, name or address[0])
        return f"{found} on {day}" if day else found
    return found


def _expired(address: tuple[str, int], name: str) -> str | None:
    """The last day of the certificate that is shown there, None where it cannot be read.

    A failed handshake does not tell it: the certificate is read once more, unproven, and nothing is said on that line.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with suppress(OSError, ValueError), socket.create_connection(address, timeout=_SECONDS) as line:
        with context.wrap_socket(line, server_hostname=name) as sealed:
            shown = sealed.getpeercert(binary_form=True)
        if shown:
            return x509.load_der_x509_certificate(shown).not_valid_after_utc.date().isoformat()
    return None
