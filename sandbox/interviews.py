"""When the company's interviews were held, for every stand-in that holds something of them."""

from datetime import UTC, datetime

from .company import DAY_MS, today_ms

MINUTES = 30


def begin_ms(i: int) -> int:
    """Begin of the i-th candidate's interview, in milliseconds: four days ago."""
    return today_ms() - 4 * DAY_MS + 1000 + i


def instant(millis: int) -> str:
    """The time in ISO 8601, to the second, as most vendors write it."""
    return datetime.fromtimestamp(millis // 1000, UTC).isoformat().replace("+00:00", "Z")
