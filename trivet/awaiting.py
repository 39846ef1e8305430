"""Recordings that a third system makes: which one belongs to an interview, and whether it may still come.

A reference says when the interview begins and ends (`starts_at`, `ends_at`, ISO 8601 with a zone), as the HR system has it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from pydantic import Field

from trivet.contract import Config
from trivet.errors import NotYet, Rejected
from trivet.model import Document

NOT_YET, MISSING = "RECORDING_NOT_YET", "RECORDING_MISSING"
_OPERATION = "download"


class AwaitingSettings(Config):
    """How long a recording is waited for, and how it is told from another interview's."""

    wait_hours: float = Field(default=72.0, gt=0)
    """A recording that is not there so many hours after the interview's end is reported as missing."""
    start_tolerance_minutes: float = Field(default=20.0, gt=0)
    """A recording belongs to the interview that begins so many minutes before or after it; in a room that is used again
    and again every other one is somebody else's."""
    max_recording_mb: int = Field(default=2048, ge=1)
    """A larger recording is refused."""


def told(connector: str, reference: Document, name: str) -> datetime | None:
    """The time in the reference, None where it says none."""
    said = reference.get(name)
    if said is None:
        return None
    try:
        moment = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Rejected(
            "the reference's time cannot be read", connector=connector, operation=_OPERATION, vendor_code="REFERENCE",
            field=name, cure="the mapping gives it as ISO 8601 with a zone",
        )  # fmt: skip
    return moment


def not_before_its_end(connector: str, reference: Document, now: datetime) -> None:
    """`NotYet` while the interview goes on or has not begun: the system of recordings need not be asked."""
    end = told(connector, reference, "ends_at") or told(connector, reference, "starts_at")
    if end is not None and now < end:
        raise NotYet(
            f"the interview ends at {end.isoformat(timespec='minutes')}", connector=connector, operation=_OPERATION,
            vendor_code=NOT_YET,
        )  # fmt: skip


def absent(
    connector: str, reference: Document, settings: AwaitingSettings, now: datetime, why: str
) -> NoReturn:
    """`NotYet` RECORDING_NOT_YET while the recording may still come, then `Rejected` RECORDING_MISSING."""
    end = told(connector, reference, "ends_at") or told(connector, reference, "starts_at")
    if end is not None and now >= end + timedelta(hours=settings.wait_hours):
        raise Rejected(
            f"{why}, {settings.wait_hours:g} hours after the interview's end", connector=connector, operation=_OPERATION,
            vendor_code=MISSING, cure="was it recorded? If it comes later, the next run takes it",
        )  # fmt: skip
    until = (
        f" (until {(end + timedelta(hours=settings.wait_hours)).isoformat(timespec='minutes')})"
        if end
        else ""
    )
    raise NotYet(
        f"{why}; looked for again in the next run{until}", connector=connector, operation=_OPERATION,
        vendor_code=NOT_YET,
    )  # fmt: skip


def of_the_interview(
    connector: str, reference: Document, starts: Sequence[datetime], settings: AwaitingSettings
) -> int | None:
    """Which of these begins with the interview, the nearest; None where none does. Without a time in the reference the
    only one is taken; among several nothing says whose they are: `Rejected` RECORDING_AMBIGUOUS."""
    begin = told(connector, reference, "starts_at")
    if begin is None:
        if len(starts) > 1:
            raise Rejected(
                f"{len(starts)} recordings, and nothing says when the interview was", connector=connector,
                operation=_OPERATION, vendor_code="RECORDING_AMBIGUOUS", cure="map `starts_at` into the reference",
            )  # fmt: skip
        return 0 if starts else None
    tolerance = timedelta(minutes=settings.start_tolerance_minutes)
    near = [(abs(start - begin), i) for i, start in enumerate(starts) if abs(start - begin) <= tolerance]
    return min(near)[1] if near else None
