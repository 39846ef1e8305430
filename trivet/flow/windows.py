"""Maintenance windows of a system: hours in which it is not called, said in its connection.

    "maintenance": [{"days": ["sat", "sun"], "from": "22:00", "to": "02:00", "timezone": "Asia/Shanghai"}]

`days` are those on which a window begins (every day if left out); one whose end is not after its beginning ends on the next
day. Times are the wall clock of its zone, daylight saving included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trivet.connections import Connection
from trivet.errors import ConfigError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KEYS = {"days", "from", "to", "timezone"}


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of some days of the week, in one zone."""

    days: frozenset[int]
    begins: time
    ends: time
    zone: ZoneInfo

    def until(self, now: datetime) -> datetime | None:
        """When it is over, for a time inside; None outside."""
        today = now.astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today):
            if day.weekday() in self.days:
                over = day + timedelta(days=1) if self.ends <= self.begins else day
                begins = datetime.combine(day, self.begins, self.zone)
                ends = datetime.combine(over, self.ends, self.zone)
                if begins <= now < ends:
                    return ends
        return None


def windows_of(connection: Connection) -> list[Window]:
    """The connection's windows; `ConfigError` says which one cannot be read, and why."""
    return [_window(connection.id, entry) for entry in connection.maintenance]


def closed_until(connection: Connection, now: datetime) -> datetime | None:
    """When the system may be called again; None where it may be called now."""
    ends = [window.until(now) for window in windows_of(connection)]
    return max((end for end in ends if end is not None), default=None)


def _window(conn_id: str, entry: Any) -> Window:
    try:
        return _read(entry)
    except (KeyError, TypeError, ValueError, ZoneInfoNotFoundError) as error:
        raise ConfigError(
            f"maintenance window {entry!r} cannot be read: {error}", code="CONNECTION_MAINTENANCE",
            place=f"connection {conn_id}",
            cure='write e.g. {"days": ["sat"], "from": "22:00", "to": "02:00", "timezone": "Asia/Shanghai"}',
        ) from None  # fmt: skip


def _read(entry: Mapping[str, Any]) -> Window:
    unknown = set(entry) - _KEYS
    if unknown:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}")
    days: Sequence[str] = entry.get("days", DAYS)
    wrong = [day for day in days if day not in DAYS]
    if wrong or isinstance(days, str):
        raise ValueError(f"days are some of {', '.join(DAYS)}")
    begins, ends = time.fromisoformat(entry["from"]), time.fromisoformat(entry["to"])
    if begins == ends:
        raise ValueError("it begins and ends at the same time: pause the system instead")
    return Window(frozenset(DAYS.index(day) for day in days), begins, ends, ZoneInfo(entry["timezone"]))
