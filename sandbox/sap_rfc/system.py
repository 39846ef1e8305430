"""The ABAP side of a session: writes are staged until a commit, and seen by nobody else; locks belong to the session."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..store import Json, Store

IDLE_SECONDS = 300.0
"""A session that nobody uses ends, as a gateway ends the one of a dead caller."""
Handler = Callable[["View", Json], Json]


class Classic(Exception):
    """A classic exception of a function."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(slots=True)
class View:
    """What a session sees: the store, and above it what it has not committed yet."""

    store: Store
    staged: dict[tuple[str, str], Json | None] = field(default_factory=dict)

    def get(self, kind: str, key: str) -> Json | None:
        """One object."""
        return self.staged[kind, key] if (kind, key) in self.staged else self.store.get(kind, key)

    def all(self, kind: str) -> Iterator[tuple[str, Json]]:
        """Every object of the kind, by key."""
        seen = dict(self.store.all(kind)) | {k: b for (other, k), b in self.staged.items() if other == kind}
        return ((key, body) for key, body in sorted(seen.items()) if body is not None)

    def put(self, kind: str, key: str, body: Json) -> None:
        """Stages a write."""
        self.staged[kind, key] = body

    def delete(self, kind: str, key: str) -> None:
        """Stages a deletion."""
        self.staged[kind, key] = None

    def commit(self) -> None:
        """All of it, or nothing."""
        with self.store.together():
            for (kind, key), body in self.staged.items():
                if body is None:
                    self.store.delete(kind, key)
                else:
                    self.store.put(kind, key, body)
        self.staged.clear()


@dataclass(slots=True)
class Session:
    """One logged-on caller."""

    user: str
    view: View
    locks: set[str] = field(default_factory=set)
    used: float = field(default_factory=time.monotonic)


def bapireturn(kind: str = "S", code: str = "", text: str = "", *values: str) -> Json:
    """RETURN of the training functions: type S and otherwise empty where all is well."""
    return {"RETURN": {"TYPE": kind, "CODE": code, "MESSAGE": _message(text, values), **_values(values)}}


def bapireturn1(kind: str = "", number: str = "000", text: str = "", *values: str, area: str = "PQ") -> Json:
    """RETURN with message class and number; empty where nothing is said."""
    area = area if kind else ""
    return {
        "RETURN": {
            "TYPE": kind,
            "ID": area,
            "NUMBER": number,
            "MESSAGE": _message(text, values),
            **_values(values),
        }
    }


def _message(text: str, values: tuple[str, ...]) -> str:
    for value in values:
        text = text.replace("&", value, 1)
    return text


def _values(values: tuple[str, ...]) -> Json:
    return {f"MESSAGE_V{i}": value for i, value in enumerate(values, 1)}


def person(view: View, number: Any) -> str | None:
    """The person's key, however the number is padded; None where there is nobody."""
    key = str(number).strip()
    key = key.zfill(8) if key.isdecimal() else key
    return key if view.get("person", key) else None
