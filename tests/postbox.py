"""A mail server of one's own: aiosmtpd behind a certificate of a test authority, with faults on request."""

import asyncio
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

USER, PASSWORD = "trivet", "correct horse"


@dataclass
class Mailbox:
    """What arrived, and what is to go wrong."""

    folder: Path
    port: int = 0
    letters: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    """Envelope recipients and message, in the order of their arrival."""
    refuse: dict[str, str] = field(default_factory=dict)
    """The answer to RCPT by address."""
    refuse_data: str | None = None
    lose_answer: bool = False
    """The letter is kept and the line cut before the answer."""
    cut_before_data: bool = False
    sign_ins: int = 0
    """Times that somebody tried."""

    @property
    def ca_file(self) -> str:
        """The authority that signed the server's certificate."""
        return str(self.folder / "ca.pem")

    def connection(self, **more: Any) -> dict[str, Any]:
        """The stored connection that leads here."""
        extra = {
            "environment": "sandbox", "sender": "trivet@yunxiu.example", "ca_file": self.ca_file, "timeout": 5, **more,
        }  # fmt: skip
        return {
            "conn_type": "trivet_smtp", "host": "localhost", "port": self.port, "login": USER, "password": PASSWORD,
            "extra": extra,
        }  # fmt: skip

    # what aiosmtpd asks

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        if self.cut_before_data:
            server.transport.abort()
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuse_data:
            return self.refuse_data
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.letters.append((list(envelope.rcpt_tos), message))
        if self.lose_answer:
            server.transport.abort()
        return "250 OK: taken over"


@contextmanager
def mail_server(
    folder: Path, *, tls: bool = False, starttls: bool = True, name: str = "localhost"
) -> Iterator[Mailbox]:
    """The server at a free port of this machine until the context is left; `tls` from the first byte."""
    box = Mailbox(folder)
    context = _certified(folder, name)

    def signs_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        box.sign_ins += 1
        good = data.login == USER.encode() and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=good)

    def protocol() -> SMTP:
        return SMTP(
            box, hostname="localhost", auth_required=not tls, auth_require_tls=not tls, authenticator=signs_in,
            tls_context=context if starttls and not tls else None, require_starttls=starttls and not tls, loop=loop,
        )  # fmt: skip

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = asyncio.run_coroutine_threadsafe(_listen(loop, protocol, context if tls else None), loop).result(
        timeout=10
    )
    box.port = made.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        asyncio.run_coroutine_threadsafe(_stop(made), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _listen(loop: Any, protocol: Any, context: ssl.SSLContext | None) -> Any:
    return await loop.create_server(protocol, "127.0.0.1", 0, ssl=context)


async def _stop(server: Any) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _certified(folder: Path, name: str) -> ssl.SSLContext:
    """A server's side of TLS, its certificate for that name signed by a fresh authority, which `ca.pem` holds."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
    root = _certificate(issuer, issuer, authority, authority, None)
    leaf = _certificate(x509.Name([]), issuer, key, authority, name)
    folder.mkdir(exist_ok=True)
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(secret + leaf.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return context


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: Any, signer: Any, name: str | None
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=name is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if name is not None:
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = made.add_extension(
            x509.SubjectAlternativeName(names[:1] if name != "localhost" else names), critical=True
        )
    return made.sign(signer, hashes.SHA256())
