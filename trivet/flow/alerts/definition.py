"""`mappings/alerts.yaml` as a frozen value: channels, routes, quiet hours, the digest, limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from trivet.documents.yaml_file import load_yaml
from trivet.errors import ConfigError
from trivet.ledger.alerts import Happening

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which a channel's messages wait."""

    start: time
    end: time
    zone: ZoneInfo
    loud: frozenset[str] = frozenset()
    """Kinds that wake people."""

    def until(self, now: datetime, kind: str) -> datetime:
        """When a message of that kind may go out: now, or at the end of these hours."""
        local = now.astimezone(self.zone)
        at = local.timetz().replace(tzinfo=None)
        inside = self.start <= at < self.end if self.start <= self.end else at >= self.start or at < self.end
        if kind in self.loud or not inside:
            return now
        day = local.date() + timedelta(days=at >= self.end)
        return datetime.combine(day, self.end, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages go."""

    name: str
    connection: str
    language: Language
    to: tuple[str, ...] = ()
    quiet: Quiet | None = None

    def opens(self, now: datetime, kind: str) -> datetime:
        """When a message of that kind may go out here."""
        return self.quiet.until(now, kind) if self.quiet else now


@dataclass(frozen=True, slots=True)
class Way:
    """Which happenings go to whom; empty means all."""

    channels: tuple[str, ...]
    kinds: frozenset[str] = frozenset()
    flows: frozenset[str] = frozenset()

    def takes(self, happening: Happening) -> bool:
        """Whether it goes this way."""
        return (not self.kinds or happening.kind in self.kinds) and (
            not self.flows or happening.flow in self.flows
        )


@dataclass(frozen=True, slots=True)
class DigestTime:
    """When the day's digest goes out, and to whom."""

    at: time
    zone: ZoneInfo
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alerting:
    """One deployment's alerts file; without one everything is empty and nobody is told."""

    environment: str | None = None
    address: str | None = None
    channels: tuple[Channel, ...] = ()
    ways: tuple[Way, ...] = ()
    digest: DigestTime | None = None
    stale_after: timedelta = timedelta(minutes=180)
    backups: Path | None = None
    backup_age: timedelta = timedelta(hours=26)

    def channel(self, name: str) -> Channel:
        """The channel of that name; `ConfigError` lists those that there are."""
        for entry in self.channels:
            if entry.name == name:
                return entry
        names = ", ".join(entry.name for entry in self.channels)
        raise ConfigError(
            f"no channel {name!r}", code="CHANNEL_UNKNOWN", place="mappings/alerts.yaml",
            cure=f"there are: {names}" if names else "write mappings/alerts.yaml; docs/production.md shows one",
        )  # fmt: skip

    def told(self, happening: Happening) -> list[Channel]:
        """The channels that hear of it, each once; a channel that fails is not told of itself."""
        names = {name for way in self.ways if way.takes(happening) for name in way.channels}
        itself = happening.system if happening.kind == "channel_failing" else None
        return [entry for entry in self.channels if entry.name in names and entry.name != itself]


def alerts_file(home: Path) -> Path:
    """Where the file lies, if there is one."""
    return home / "mappings" / "alerts.yaml"


def load_alerting(home: Path) -> Alerting:
    """The deployment's alerts; empty without a file. `ConfigError` with file, line and cure where it is wrong."""
    file = alerts_file(home)
    if not file.exists():
        return Alerting()
    data = load_yaml(file, "alerts").data
    for pointer, said in problems(data):
        raise ConfigError(
            f"{pointer} {said}",
            code="ALERTS_WRONG",
            place=str(file),
            cure="`trivet check` lists every finding",
        )
    limits = data.get("limits", {})
    backup = limits.get("backup", {})
    digest = data.get("digest")
    return Alerting(
        environment=data["environment"],
        address=data.get("address"),
        channels=tuple(map(_channel, data["channels"])),
        ways=tuple(map(_way, data["routes"])),
        digest=DigestTime(_time(digest["at"]), ZoneInfo(digest["timezone"]), tuple(digest["channels"]))
        if digest
        else None,
        stale_after=timedelta(minutes=limits.get("stale_minutes", 180)),
        backups=home / backup["folder"] if backup else None,
        backup_age=timedelta(hours=backup.get("hours", 26)),
    )


def problems(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the schema cannot see, by pointer: names that nothing has, doubled names, zones that do not exist."""
    names = [entry["name"] for entry in data["channels"]]
    found = [
        (f"/channels/{i}/name", f"the channel {name!r} is named twice")
        for i, name in enumerate(names)
        if name in names[:i]
    ]
    used = [
        (f"/routes/{i}/channels/{k}", n)
        for i, r in enumerate(data["routes"])
        for k, n in enumerate(r["channels"])
    ]
    zones = [
        (f"/channels/{i}/quiet/timezone", entry["quiet"]["timezone"])
        for i, entry in enumerate(data["channels"])
        if "quiet" in entry
    ]
    if "digest" in data:
        used += [(f"/digest/channels/{k}", name) for k, name in enumerate(data["digest"]["channels"])]
        zones.append(("/digest/timezone", data["digest"]["timezone"]))
    found += [(at, f"there is no channel {name!r}") for at, name in used if name not in names]
    return found + [(at, f"there is no time zone {zone!r}") for at, zone in zones if not _is_zone(zone)]


def _channel(entry: Mapping[str, Any]) -> Channel:
    quiet = entry.get("quiet")
    return Channel(
        entry["name"],
        entry["connection"],
        entry["language"],
        tuple(entry.get("to", ())),
        Quiet(
            _time(quiet["from"]),
            _time(quiet["to"]),
            ZoneInfo(quiet["timezone"]),
            frozenset(quiet.get("except", ())),
        )
        if quiet
        else None,
    )


def _way(entry: Mapping[str, Any]) -> Way:
    return Way(
        tuple(entry["channels"]), frozenset(entry.get("happenings", ())), frozenset(entry.get("flows", ()))
    )


def _time(text: str) -> time:
    return time.fromisoformat(text)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    # a name such as `../x` is a ValueError, a folder's name an IsADirectoryError
    except (KeyError, ValueError, OSError):
        return False
    return True
