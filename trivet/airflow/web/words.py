"""What the pages say, in English and Chinese. The English text is the key; a text without Chinese is shown as it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

LANGUAGES = {"zh": "中文", "en": "English"}
_KINDS = frozenset({"approval", "cause", "decision", "wish"})
STATES = {
    "waiting_identity": ("waiting for the employee number", "warn"),
    "planned": ("planned", "calm"),
    "intent": ("being sent", "calm"),
    "accepted": ("accepted, not confirmed yet", "warn"),
    "unknown": ("answer lost, being settled", "warn"),
    "confirmed": ("delivered", "good"),
    "rejected": ("refused", "bad"),
    "stuck": ("stuck: a person decides", "bad"),
    "superseded": ("superseded", "calm"),
    "cancelled": ("cancelled", "calm"),
    "comp_planned": ("to be taken back", "warn"),
    "comp_intent": ("being taken back", "warn"),
    "comp_unknown": ("taking back, answer lost", "warn"),
    "compensated": ("taken back", "calm"),
    "written_off": ("written off", "calm"),
    # of batches
    "open": ("under way", "calm"),
    "pushing": ("sending", "calm"),
    "verifying": ("being verified", "warn"),
    "partly_confirmed": ("partly delivered", "warn"),
    "compensating": ("being taken back", "warn"),
    # of cases, set-asides, consents, recordings
    "closed": ("closed", "calm"),
    "resolved": ("resolved", "good"),
    "known": ("known", "calm"),
    "granted": ("granted", "good"),
    "withdrawn": ("withdrawn", "bad"),
    "not granted": ("not granted", "warn"),
}
"""What a state is called, and how it looks."""


@cache
def chinese() -> Mapping[str, str]:
    """Chinese by English."""
    known: dict[str, str] = json.loads(_read("zh.json")) | json.loads(_read("zh_acts.json"))
    return known


@cache
def codes() -> Mapping[str, tuple[str, str]]:
    """What a code means, in English and Chinese."""
    return {code: (english, zh) for code, (english, zh) in json.loads(_read("codes.json")).items()}


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def language_of(accepted: str) -> str:
    """`zh` or `en`, whichever the browser names first."""
    for choice in accepted.lower().split(","):
        name = choice.split(";")[0].strip()
        if name.startswith(("zh", "en")):
            return name[:2]
    return "en"


def _english(text: str) -> str:
    # the kind before the colon tells two words apart in Chinese that are one in English
    kind, _, word = text.partition(": ")
    return word.replace("_", " ") if kind in _KINDS else text


@dataclass(frozen=True, slots=True)
class Words:
    """One language, one time zone."""

    language: str
    zone: str = "UTC"

    def say(self, text: str, **values: Any) -> str:
        """The text in this language, with its values."""
        told = chinese().get(text, text) if self.language == "zh" else _english(text)
        return told.format(**values) if values else told

    def knows(self, text: str) -> bool:
        """Whether it is one of our texts: what an address brings is not said otherwise."""
        return text in chinese()

    def state(self, state: str) -> str:
        """What a state is called."""
        return self.say(STATES.get(state, (state, ""))[0])

    def code(self, code: str) -> str:
        """What a code means; empty where nobody wrote it down."""
        known = codes().get(code)
        return known[self.language == "zh"] if known else ""

    def when(self, stamp: str | None) -> str:
        """A time of the ledger, to the minute, in the pages' zone."""
        at = instant(stamp)
        return f"{at.astimezone(ZoneInfo(self.zone)):%Y-%m-%d %H:%M}" if at else ""

    def day(self, stamp: str | None) -> str:
        """Its day, without the year."""
        at = instant(stamp)
        return f"{at.astimezone(ZoneInfo(self.zone)):%m-%d}" if at else ""

    def lasted(self, seconds: float | None) -> str:
        """A length of time, in two units at most."""
        if seconds is None:
            return ""
        whole = max(0, round(seconds))
        if whole < 60:
            return self.say("{n} s", n=whole)
        if whole < 3600:
            return self.say("{m} min {s} s", m=whole // 60, s=whole % 60)
        if whole < 172_800:
            return self.say("{h} h {m} min", h=whole // 3600, m=whole % 3600 // 60)
        return self.say("{d} days", d=whole // 86_400)

    def ago(self, stamp: str | None, now: datetime) -> str:
        """How long that is past, in one unit; ahead of us it is `in …`."""
        at = instant(stamp)
        if at is None:
            return ""
        gone = now - at
        ahead, gone = gone < timedelta(), abs(gone)
        minutes = int(gone.total_seconds() // 60)
        text = "in {n} {unit}" if ahead else "{n} {unit} ago"
        for size, unit in ((1440, "days"), (60, "h"), (1, "min")):
            if minutes >= size * (2 if size == 1440 else 1):
                return self.say(text, n=minutes // size, unit=self.say(unit))
        return self.say("just now")


def instant(stamp: str | None) -> datetime | None:
    """A time of the ledger or of a document; None where it is none."""
    try:
        at = datetime.fromisoformat(stamp or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
