"""A letter as the lines that go over the wire; no value of it can become a header of its own."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from trivet.model import Letter

from .config import SmtpConfig

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def written(letter: Letter, config: SmtpConfig) -> bytes:
    """The message, CRLF line ends, every header within RFC 5322's limits."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(config.sender_name, addr_spec=config.sender)
    message["To"] = ", ".join(letter.to)
    if config.reply_to:
        message["Reply-To"] = config.reply_to
    message["Subject"] = _BREAKS.sub(" ", letter.subject)[:200]
    message["Date"] = letter.written_at
    message["Message-ID"] = f"<{_NAME.sub('-', letter.id)}@{config.sender.rpartition('@')[2]}>"
    # vacations and list software leave it alone (RFC 3834)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="base64")
    for enclosure in letter.enclosed:
        kind, _, subtype = enclosure.media_type.partition("/")
        message.add_attachment(
            enclosure.content, maintype=kind, subtype=subtype, filename=_NAME.sub("-", enclosure.name)
        )
    return message.as_bytes()
