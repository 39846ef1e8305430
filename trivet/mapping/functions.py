"""What expressions may call besides JSONata's own functions: what the language lacks or does differently.

$half_up(number, digits)        rounds half up on decimals; JSONata rounds half to even
$local_date(time, zone, format) a date in a named zone; JSONata knows offsets only
$days_after(date, days)         a plain date some days later
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trivet.errors import DocumentRefused

_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def half_up(value: Any, digits: Any = 0) -> Any:
    """The number rounded half up to `digits` decimals; missing stays missing."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DocumentRefused("is not a number", code="SCORE_TYPE")
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP)
    return float(rounded) if digits else int(rounded)


def local_date(value: Any, zone: Any = "UTC", form: Any = "yyyy-MM-dd") -> Any:
    """The time (RFC 3339 with zone, or milliseconds) as a date of the named zone; a plain date stays what it is."""
    if value is None:
        return None
    pattern = str(form)
    for letters, code in _LETTERS.items():
        pattern = pattern.replace(letters, code)
    return _moment(value, str(zone)).strftime(pattern)


def days_after(value: Any, days: Any) -> Any:
    """The plain date (`YYYY-MM-DD`) that many days later."""
    if value is None:
        return None
    return (_date(str(value)[:10]) + timedelta(days=int(days))).isoformat()


def _moment(value: Any, zone: str) -> datetime:
    try:
        at = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise DocumentRefused(f"no time zone {zone!r}", code="DATE_ZONE") from None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value / 1000, UTC).astimezone(at)
    text = str(value)
    if len(text) == len("2026-01-01"):
        return datetime.combine(_date(text), datetime.min.time(), at)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DocumentRefused("is not a date", code="DATE_INVALID") from None
    if moment.tzinfo is None:
        raise DocumentRefused("has no time zone", code="DATE_TZ_MISSING")
    return moment.astimezone(at)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DocumentRefused("is not a date", code="DATE_INVALID") from None


FUNCTIONS: dict[str, tuple[Callable[..., Any], str | None]] = {
    "half_up": (half_up, None),
    "local_date": (local_date, None),
    "days_after": (days_after, None),
}
