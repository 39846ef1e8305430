"""Misbehaviour on request: which calls go wrong, how, how often. Control is `/_sandbox/faults` of every server."""

import re
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = (
    "delay",  # seconds, then as usual
    "reset_before",  # the connection dies, nothing was done
    "reset_after",  # it was done, the connection dies
    "http_429",  # nothing was done; retry_after (seconds or any text)
    "http_500",  # nothing was done
    "http_500_after",  # it was done
    "http_503",  # nothing was done; retry_after
    "http_502_after",  # it was done, the gateway lost the answer
    "truncated",  # it was done, half of the answer arrives
    "html_200",  # nothing was done: a login page with status 200
    "empty_200",  # it was done, the answer is empty
    "malformed_json",  # it was done, the answer is not JSON
    "duplicate",  # it is done twice
    "late",  # the answer is lost, it is done `seconds` later
    "answer",  # nothing was done: `body` as it is, with status 200
    "error_in_200",  # nothing was done: the vendor's typical business error with status 200
    "echo_in_200",  # the same, and its words quote what was sent, login included
    "echo_500",  # nothing was done: a debug page that quotes the whole call
    "expired_link",  # nothing: 403, as a signed link after its time
)


@dataclass(slots=True)
class Fault:
    """One rule: after `after` matching calls the next `times` go wrong."""

    kind: str
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    after: int = 0
    seconds: float = 0.0
    retry_after: str = "1"
    body: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(KINDS)}")


@dataclass(slots=True)
class Faults:
    """The rules of one server, shared by its threads."""

    rules: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, spec: dict[str, Any]) -> None:
        """One more rule."""
        with self.lock:
            self.rules.append(Fault(**spec))

    def clear(self) -> None:
        """No rule any more."""
        with self.lock:
            self.rules.clear()

    def left(self) -> list[dict[str, Any]]:
        """The rules as they stand: how many calls each still lets pass (`after`) and spoils (`times`)."""
        with self.lock:
            return [asdict(rule) for rule in self.rules]

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this call, used up by one."""
        with self.lock:
            for rule in self.rules:
                if not (re.fullmatch(rule.method, method) and re.search(rule.path, path)):
                    continue
                if rule.after > 0:
                    rule.after -= 1
                    continue
                if rule.times > 0:
                    rule.times -= 1
                    return rule
        return None
