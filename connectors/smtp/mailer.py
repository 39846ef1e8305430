"""Hands letters in, and knows at every step whether one was taken over.

connect ─ TLS ─ sign in ─ MAIL ─ RCPT each ─ DATA ─► the last dot ─► answer
└──────── until here provably nothing was taken over ────────────┘   lost: unknown
"""

import re
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from trivet import tls
from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.model import Letter

from .config import ADDRESS, SmtpConfig
from .message import written

NAME = "smtp"
PORTS = {"starttls": 587, "tls": 465}
_ADDRESS = re.compile(ADDRESS)
_ENHANCED = re.compile(rb"^(?:\d{3}[ -])?([245]\.\d{1,3}\.\d{1,3})\b")
_OPERATION = "send letter"


class SmtpMailer:
    """See `trivet.contract.Mailer`; one connection a letter."""

    def __init__(self, config: SmtpConfig) -> None:
        self.config = config
        self._tls = _context(config)

    def check(self) -> None:
        """Signs in and leaves."""
        with self._session("check"):
            pass

    def send(self, letter: Letter) -> Mapping[str, ConnectorError]:
        """See `Mailer`."""
        if not letter.to or not all(_ADDRESS.match(address) for address in letter.to):
            raise Rejected("an address is none", connector=NAME, operation=_OPERATION, vendor_code="ADDRESS")
        content = written(letter, self.config)
        with self._session(_OPERATION) as smtp:
            _expect(smtp.mail(self.config.sender), 250, "the sender was refused")
            refused = {}
            for address in letter.to:
                answer = smtp.rcpt(address)
                if answer[0] not in (250, 251):
                    refused[address] = _refusal(answer, "the recipient was refused")
            if len(refused) == len(letter.to):
                return refused
            _expect(smtp.docmd("DATA"), 354, "the letter was refused")
            # what breaks in here never sent the last dot: the server has to throw the rest away (RFC 5321, 4.1.1.4)
            smtp.send(_stuffed(content))
            _taken(smtp)
        return refused

    @contextmanager
    def _session(self, operation: str) -> Iterator[smtplib.SMTP]:
        smtp: smtplib.SMTP | None = None
        try:
            smtp = self._connected()
            smtp.ehlo_or_helo_if_needed()
            if self.config.user is not None and self.config.password is not None:
                smtp.login(self.config.user, self.config.password.get_secret_value())
            yield smtp
            _leave(smtp)
        except ssl.SSLError as error:
            raise _failed(f"{tls.trouble(error)}", operation, "TLS", tls.CURE) from None
        except smtplib.SMTPAuthenticationError as error:
            raise _auth(error, operation) from None
        except smtplib.SMTPNotSupportedError:
            raise AuthFailed(
                "the server offers no STARTTLS, or no way to sign in that we know", connector=NAME, operation=operation,
                vendor_code="NOT_OFFERED", cure="set `security` to what it offers; nothing is sent in the clear",
            ) from None  # fmt: skip
        except smtplib.SMTPResponseException as error:
            raise _refusal((error.smtp_code, _bytes(error.smtp_error)), "refused", operation) from None
        except (smtplib.SMTPException, OSError) as error:
            why = "timed out" if isinstance(error, TimeoutError) else "the line broke"
            raise _failed(f"{why} ({type(error).__name__})", operation, "UNREACHABLE", None) from None
        finally:
            if smtp is not None:
                smtp.close()

    def _connected(self) -> smtplib.SMTP:
        config = self.config
        port = config.port or PORTS[config.security]
        if config.security == "tls":
            return smtplib.SMTP_SSL(config.host, port, timeout=config.timeout, context=self._tls)
        smtp = smtplib.SMTP(config.host, port, timeout=config.timeout)
        try:
            smtp.starttls(context=self._tls)
        except BaseException:
            smtp.close()
            raise
        return smtp


@contextmanager
def open_mailer(config: SmtpConfig, services: Services) -> Iterator[SmtpMailer]:
    """The mailer; nothing is connected yet."""
    del services
    yield SmtpMailer(config)


def _context(config: SmtpConfig) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=config.ca_file)
    except (OSError, ssl.SSLError):
        raise AuthFailed(
            "`ca_file` is no readable PEM file", connector=NAME, operation="connect", vendor_code="CA_FILE",
            cure="name a file with the authorities' certificates",
        ) from None  # fmt: skip


def _stuffed(content: bytes) -> bytes:
    # a dot alone ends a letter: every line that begins with one gets another (RFC 5321, 4.5.2)
    body = re.sub(rb"(?m)^\.", b"..", content)
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")


def _taken(smtp: smtplib.SMTP) -> None:
    try:
        answer = smtp.getreply()
    except (smtplib.SMTPException, OSError):
        raise UnknownOutcome(
            "the letter was sent and the answer was lost", connector=NAME, operation=_OPERATION, vendor_code="LOST",
            cure="ask a recipient; `trivet report mail --again` sends it once more",
        ) from None  # fmt: skip
    _expect(answer, 250, "the letter was refused")


def _leave(smtp: smtplib.SMTP) -> None:
    try:
        smtp.quit()
    except (smtplib.SMTPException, OSError):
        return  # what was said before counts


def _expect(answer: tuple[int, bytes], code: int, message: str) -> None:
    if answer[0] != code:
        raise _refusal(answer, message)


def _refusal(answer: tuple[int, bytes], message: str, operation: str = _OPERATION) -> ConnectorError:
    """4xx: later; anything else: never. The server's words are not repeated: they quote addresses."""
    found = _ENHANCED.match(answer[1])
    code = f"{answer[0]} {found[1].decode()}" if found else str(answer[0])
    kind = Retryable if 400 <= answer[0] < 500 else Rejected
    return kind(message, connector=NAME, operation=operation, vendor_code=code)


def _auth(error: smtplib.SMTPAuthenticationError, operation: str) -> ConnectorError:
    code = str(error.smtp_code)
    if code.startswith("4"):
        return Retryable(
            "signing in is not possible now", connector=NAME, operation=operation, vendor_code=code
        )
    return AuthFailed(
        "user or password are wrong", connector=NAME, operation=operation, vendor_code=code,
        cure="correct them in the connection; an account with a second factor needs an app password",
    )  # fmt: skip


def _failed(message: str, operation: str, code: str, cure: str | None) -> Retryable:
    return Retryable(message, connector=NAME, operation=operation, vendor_code=code, cure=cure)


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode(errors="replace")
