"""What expressions may call besides JSONata's own functions: what the language lacks or does differently.

    $half_up(number, digits)        rounds half up on decimals; JSONata rounds half to even
    $local_date(time, zone, format) a date in a named zone; JSONata knows offsets only
    $days_after(date, days)         a plain date some days later

Missing stays missing. No message holds the value.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from functools import lru_cache
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trivet.errors import DocumentRefused

_LETTERS = {
    "yyyy": ("year", "%04d"), "MM": ("month", "%02d"), "dd": ("day", "%02d"),
    "HH": ("hour", "%02d"), "mm": ("minute", "%02d"), "ss": ("second", "%02d"),
}  # fmt: skip
_LETTER = re.compile("|".join(_LETTERS))
_SMALL, _FEW, _CLEAR = 1e5, 4, 1e-5
"""Numbers of so many decimals whose rounding floats decide alike, this far from the middle between two."""
_PLAIN_DATE = len("2026-01-01")


def half_up(value: Any, digits: Any = 0) -> Any:
    """The number rounded half up to `digits` decimals."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DocumentRefused("is not a number", code="SCORE_TYPE")
    if digits.__class__ is int and 0 < digits <= _FEW and -_SMALL < value < _SMALL:
        # decimals cost four times as much, and only the middle between two needs them
        scale = 10**digits
        scaled = abs(value) * scale
        whole = int(scaled + 0.5)
        if abs(scaled - whole) < 0.5 - _CLEAR:
            return (whole if value > 0 else -whole) / scale + 0.0
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
    pattern, parts = _pattern(str(form))
    return pattern % parts(_moment(value, named_zone(str(zone))))


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
def _pattern(form: str) -> tuple[str, Callable[[datetime], Any]]:
    """The format for `%`, and what it takes of a moment; `strftime` takes five times as long."""
    names = [_LETTERS[found][0] for found in _LETTER.findall(form)]
    pattern = _LETTER.sub(lambda found: _LETTERS[found[0]][1], form.replace("%", "%%"))
    # one name alone would come as itself, which `%` takes as well; none takes nothing
    return pattern, attrgetter(*names) if names else lambda _: ()


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
