"""Where the fields and the expressions of a mapping or rules file stand, by JSON pointer."""

from collections.abc import Iterator, Mapping
from typing import Any

from trivet.mapping.layers import escaped

Spec = Mapping[str, Any]


def fields_of(data: Spec) -> Iterator[tuple[str, Spec]]:
    """Every field with its pointer, those common to all rules once."""
    for part in ("fields", "common"):
        yield from ((f"/{part}/{escaped(name)}", spec) for name, spec in data.get(part, {}).items())
    for i, rule in enumerate(data.get("rules", [])):
        yield from ((f"/rules/{i}/fields/{escaped(n)}", spec) for n, spec in rule.get("fields", {}).items())


def expressions_of(data: Spec) -> Iterator[tuple[str, str]]:
    """Every expression with its pointer."""
    yield from ((f"/let/{escaped(name)}", source) for name, source in data.get("let", {}).items())
    if "each" in data:
        yield "/each", data["each"]
    for i, rule in enumerate(data.get("rules", [])):
        yield from ((f"/rules/{i}/{part}", rule[part]) for part in ("when", "key"))
    for pointer, spec in fields_of(data):
        yield from ((f"{pointer}/{part}", spec[part]) for part in ("from", "expr", "when") if part in spec)
