"""The letter that a report goes with: says which interview it is about, and nothing of what the report holds."""

import re
from collections.abc import Sequence
from datetime import datetime

from trivet.model import Enclosure, Letter
from trivet.reporting.content import Report
from trivet.reporting.plain import plain

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)
MEDIA_TYPES = {"html": "text/html", "pdf": "application/pdf"}


def letter(
    report: Report, content: bytes, form: str, *, to: Sequence[str], mail_id: str, at: datetime
) -> Letter:
    """The letter to these; neither subject nor text names the person or a score."""
    position = plain(report.position, 80)
    return Letter(
        id=mail_id,
        to=tuple(to),
        subject=report.say("m_subject", position=position, reference=report.reference),
        text=report.say("m_note", position=position, when=report.when, reference=report.reference),
        written_at=at,
        enclosed=(Enclosure(f"report-{report.reference}.{form}", MEDIA_TYPES[form], content),),
    )


def is_address(text: object) -> bool:
    """Whether letters can go there; anything else could be more than an address."""
    return isinstance(text, str) and len(text) <= 254 and _ADDRESS.fullmatch(text) is not None
