"""What `trivet explain` prints: one line a fact, the reason first."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Told = Mapping[str, Any]
_LONGEST = 120


def explained(told: Told) -> list[str]:
    """The lines of one explanation."""
    made, person, decision = told["delivery"], told["person"], told["decision"]
    return [
        f"{made['target']} {made['entity']} {made['kind']}: {made['state']}",
        _line("reference", f"{made['reference']}, revision {made['revision']}, batch {made['batch_id']}"),
        _line(
            "person", f"{person['name']}  {person['candidate_id'] or ''}  pseudonym {person['subject_ref']}"
        ),
        _line("decision", decision.get("reason") or decision.get("kind", "")),
        *_approval(told["approval"]),
        *_rule(told["rule"]),
        *_mapping(told["mapping"]),
        *_assessment(told["assessment"]),
        *(_step(step) for step in told["steps"]),
        *told["notes"],
    ]


def short(value: Any) -> str:
    """The value in one line, cut where it is long."""
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 3]}..."


def _line(title: str, text: str) -> str:
    return f"{title:<12}{text}".rstrip()


def _approval(gate: Told | None) -> Iterator[str]:
    if gate is None:
        return
    waits = f"waits for a named person ({gate['causes']})"
    by = gate["approved_by"]
    yield _line("approved", f"by {by} at {gate['approved_at'][:19]}Z, {gate['approval_id']}" if by else waits)


def _rule(rule: Told | None) -> Iterator[str]:
    if rule is None:
        return
    yield _line("rule", f"{rule['name']}  ({rule['version']})")
    yield _line("  when", rule["when"])
    for one in rule["compared"]:
        yield _line("  compared", f"{one['said']}: {_values(one)} is {short(one['outcome'])}")
    for one in rule["looked_up"]:
        yield _line("  looked up", f"{one['said']}: {_values(one)}, for {one['field']}")
    if not rule["holds_again"]:
        yield _line("", "decided once more from the kept input it does NOT hold")


def _mapping(mapping: Told) -> Iterator[str]:
    yield _line("mapping", mapping["version"])
    for one in mapping["fields"]:
        yield _line("  field", f"{one['field']} = {short(one['value'])}  from {one['from']}")


def _assessment(seen: Told | None) -> Iterator[str]:
    if seen is None:
        return
    for one in seen["scorers"]:
        yield _line(
            "scorer", " ".join(str(one[name]) for name in ("scorer", "version", "model") if one.get(name))
        )
    for one in (seen["score"] or {}).get("evidence", []):
        yield _line("  heard", f"{one.get('start', 0):.1f} s  {short(one.get('quote', ''))}")


def _step(step: Told) -> str:
    states = f"{step['from_state'] or 'nothing'} to {step['to_state'] or 'nothing'}"
    return f"{step['at'][:19]}Z  {states}  {step['code']} by {step['actor']} {step['note']}".rstrip()


def _values(one: Told) -> str:
    return " and ".join(short(value) for value in one["values"])
