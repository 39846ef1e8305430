"""What a case expects and what was made, place by place: `/weight expected 20, got 0`.

An expectation is a subset unless it says `expect_exact`: what else was made does not matter, and null wants absence.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from trivet.mapping.layers import escaped
from trivet.mapping.testing.outcome import Outcome

NOTHING = object()
_LONG = 100
_AROUND = 30
_MANY = ("expect_many", "expect_decisions")


def differences(case: Mapping[str, Any], outcome: Outcome) -> list[str]:
    """One line a difference; none where the case holds."""
    found = list(_lists("problems", case.get("expect_problems", []), outcome.problems))
    if "expect_warnings" in case:
        found += _lists("warnings", case["expect_warnings"], outcome.warnings)
    wanted = wanted_of(case)
    if wanted is None:
        return [*found, "no snapshot yet: `trivet test --update` writes it"]
    exact = "expect_exact" in case
    if len(wanted) == 1 and len(outcome.made) == 1 and not any(key in case for key in _MANY):
        return [*found, *_differ("", wanted[0], outcome.made[0], exact)]
    return [*found, *_lists("", wanted, outcome.made, exact)]


def wanted_of(case: Mapping[str, Any]) -> list[Any] | None:
    """The documents that the case expects; None where it waits for its first snapshot."""
    for key in _MANY:
        if key in case:
            wanted: list[Any] = case[key]
            return wanted
    for key in ("expect_exact", "expect"):
        if key in case:
            return [case[key]]
    return None if case.get("snapshot") and not case.get("expect_problems") else []


def _lists(what: str, wanted: list[Any], made: list[Any], exact: bool = False) -> Iterator[str]:
    at = f"/{what}" if what else ""
    for i in range(max(len(wanted), len(made))):
        want = wanted[i] if i < len(wanted) else NOTHING
        have = made[i] if i < len(made) else NOTHING
        yield from _differ(f"{at}/{i}", want, have, exact)


def _differ(at: str, wanted: Any, have: Any, exact: bool) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(have, dict):
        names = [*wanted, *(name for name in have if exact and name not in wanted)]
        for name in names:
            want = wanted.get(name, NOTHING)
            # outside `expect_exact` null wants absence
            got = have.get(name, NOTHING if exact or want is not None else None)
            yield from _differ(f"{at}/{escaped(str(name))}", want, got, exact)
    elif isinstance(wanted, list) and isinstance(have, list):
        yield from _lists(at.removeprefix("/"), wanted, have, exact)
    elif not same_value(wanted, have):
        yield f"{at or '/'} {_both(wanted, have)}"


def same_value(wanted: Any, have: Any) -> bool:
    """Equal as JSON; True is 1 to Python, not to JSON."""
    return isinstance(wanted, bool) == isinstance(have, bool) and bool(wanted == have)


def same_exactly(wanted: Any, have: Any) -> bool:
    """Equal as JSON down to the last leaf."""
    return next(_differ("", wanted, have, True), None) is None


def _both(wanted: Any, have: Any) -> str:
    if isinstance(wanted, str) and isinstance(have, str) and max(len(wanted), len(have)) > _LONG:
        pairs = zip(wanted, have, strict=False)
        at = next((i for i, (w, h) in enumerate(pairs) if w != h), min(len(wanted), len(have)))
        near = slice(max(0, at - _AROUND), at + _AROUND)
        return f"from character {at + 1} on: expected …{_text(wanted[near])}…, got …{_text(have[near])}…"
    return f"expected {_text(wanted)}, got {_text(have)}"


def _text(value: Any) -> str:
    text = "nothing" if value is NOTHING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 2 * _LONG else f"{text[: 2 * _LONG]}… ({len(text)} characters)"
