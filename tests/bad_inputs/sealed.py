"""https servers with certificates that are right or wrong in one way."""

import shutil
import ssl
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bad_inputs.web import Web

OPENSSL = shutil.which("openssl")
EXPIRED = datetime(2026, 3, 5, tzinfo=UTC)
"""The last day of the certificate that is over."""


def certificate(folder: Path, host: str, *, expired: bool = False) -> tuple[Path, Path]:
    """A key with its self-signed certificate for that host, and the certificate alone."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    end = EXPIRED if expired else datetime.now(UTC) + timedelta(days=1)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(end - timedelta(days=30)).not_valid_after(end)
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    signed = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    both, public = folder / "both.pem", folder / "ca.pem"
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain) + signed)
    public.write_bytes(signed)
    return both, public


def signed_with_sha1(folder: Path, host: str) -> tuple[Path, Path]:
    """A key with a certificate that an authority signed with SHA-1, and the authority's certificate."""

    def openssl(*words: str) -> None:
        subprocess.run([str(OPENSSL), *words], cwd=folder, check=True, capture_output=True)

    (folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
    key = ("-newkey", "rsa:2048", "-nodes")
    openssl(
        "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority", "-days", "2"
    )
    openssl("req", *key, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=leaf")
    openssl(
        "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-sha1", "-days", "2",
        "-extfile", "names", "-out", "leaf.pem",
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_text((folder / "leaf.key").read_text() + (folder / "leaf.pem").read_text())
    return both, folder / "ca.pem"


@contextmanager
def sealed(pem: Path, *, old: bool = False) -> Iterator[tuple[Web, list[str | None]]]:
    """An https server with that key and certificate, and the names that it was asked for; an `old` one speaks TLS 1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # what clients refuse, a server has to be allowed to offer
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(pem)
    if old:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    named: list[str | None] = []
    context.sni_callback = lambda _, said, __: named.append(said)
    web = Web()
    web.server.socket = context.wrap_socket(web.server.socket, server_side=True)
    web.server.handle_error = lambda *_: None  # type: ignore[method-assign]
    yield web, named
    web.stop()
