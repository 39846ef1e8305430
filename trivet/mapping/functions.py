"""What expressions may call besides JSONata's own functions: what the language lacks or does differently.

    $half_up(number, digits)        rounds half up on decimals; JSONata rounds half to even
    $local_date(time, zone, format) a date in a named zone; JSONata knows offsets only
    $days_after(date, days)         a plain date some days later

Missing stays missing. No message holds the value.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trivet.errors import DocumentRefused

_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_PLAIN_DATE = len("2026-01-01")


def half_up(value: Any, digits: Any = 0) -> Any:
    """The number rounded half up to `digits` decimals."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DocumentRefused("is not a number", code="SCORE_TYPE")
    try:
        rounded = Decimal(repr(value)).quantize(_quantum(int(digits)), ROUND_HALF_UP)
    except (DecimalException, TypeError, ValueError):
        raise DocumentRefused("cannot be rounded", code="SCORE_RANGE") from None
    # adding zero takes the sign from -0.0
    return float(rounded + 0) if digits else int(rounded)


def local_date(value: Any, zone: Any = "UTC", form: Any = "yyyy-MM-dd") -> Any:
    """The time (RFC 3339 with zone, or milliseconds) as a date of the named zone; a plain date stays what it is."""
    if value is None:
        return None
    return _moment(value, named_zone(str(zone))).strftime(_pattern(str(form)))


def days_after(value: Any, days: Any) -> Any:
    """The plain date (`YYYY-MM-DD`) that many days later; a time has no date before its zone is known."""
    if value is None:
        return None
    try:
        return (_date(str(value)) + timedelta(days=int(days))).isoformat()
    except (OverflowError, TypeError, ValueError):
        raise DocumentRefused("is beyond the calendar", code="DATE_INVALID") from None


@lru_cache(maxsize=256)
def named_zone(name: str) -> ZoneInfo:
    """The IANA zone; `DocumentRefused` where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DocumentRefused(f"no time zone {name!r}", code="DATE_ZONE") from None


@lru_cache(maxsize=256)
def _pattern(form: str) -> str:
    pattern = form.replace("%", "%%")
    for letters, code in _LETTERS.items():
        pattern = pattern.replace(letters, code)
    return pattern


@lru_cache(maxsize=32)
def _quantum(digits: int) -> Decimal:
    return Decimal(1).scaleb(-digits)


def _moment(value: Any, zone: ZoneInfo) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC).astimezone(zone)
        except (OverflowError, ValueError, OSError):
            raise DocumentRefused("is beyond the calendar", code="DATE_INVALID") from None
    text = str(value)
    if len(text) == _PLAIN_DATE:
        return datetime.combine(_date(text), datetime.min.time(), zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DocumentRefused("is not a date", code="DATE_INVALID") from None
    if moment.tzinfo is None:
        raise DocumentRefused("has no time zone", code="DATE_TZ_MISSING")
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise DocumentRefused("is beyond the calendar", code="DATE_INVALID") from None


def _date(text: str) -> date:
    # `fromisoformat` also takes 20260105 and 2026-W01-1
    if len(text) != _PLAIN_DATE or text[4] + text[7] != "--":
        raise DocumentRefused("is not a date (YYYY-MM-DD)", code="DATE_INVALID")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DocumentRefused("is not a date", code="DATE_INVALID") from None


FUNCTIONS: dict[str, tuple[Callable[..., Any], str | None]] = {
    "half_up": (half_up, None),
    "local_date": (local_date, None),
    "days_after": (days_after, None),
}
