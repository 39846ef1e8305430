"""Why a TLS handshake failed, in words and with a code."""

import ssl

CURE = "trust the server's CA with `ca_file`, or mend its certificate"
_SAID = (
    ("certificate has expired", "TLS_CERT_EXPIRED: the server's certificate has expired"),
    ("Hostname mismatch", "TLS_HOSTNAME: the certificate is for another host"),
    ("IP address mismatch", "TLS_HOSTNAME: the certificate is for another host"),
    ("self-signed", "TLS_UNTRUSTED_CA: the certificate is self-signed"),
    ("self signed", "TLS_UNTRUSTED_CA: the certificate is self-signed"),
    ("unable to get local issuer", "TLS_UNTRUSTED_CA: the certificate's issuer is not trusted"),
)


def trouble(error: BaseException) -> str:
    """One line about a failed handshake."""
    text = str(error)
    found = (said for needle, said in _SAID if needle in text)
    return next(found, f"TLS handshake failed ({ssl.OPENSSL_VERSION.split()[0]})")
