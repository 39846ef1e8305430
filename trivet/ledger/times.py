"""Times as the ledger writes them: UTC, microseconds, fixed width, so that text order is time order on every database."""

from datetime import UTC, datetime


def stamp(at: datetime) -> str:
    """`2026-11-23T01:00:00.000000Z`; the time must be aware."""
    if at.tzinfo is None:
        raise ValueError("a time without zone cannot be stored")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(text: str) -> datetime:
    """The aware UTC time of a stamp."""
    return datetime.fromisoformat(text)
