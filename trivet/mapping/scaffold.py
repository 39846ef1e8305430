"""Writes the first draft of a mapping and its test, from what the target takes and one sample of what comes in."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from trivet.model import Document

ALIKE = 0.72
"""From here on two names are taken for the same thing; a person reads the draft anyway."""
_PREFIX = re.compile(r"^(?:cust_|F(?=[A-Z]))")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[\u3400-\u9fff]+")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Draft:
    """A new file."""

    name: str
    """Its path below mappings/, without .yaml."""
    source: str
    """Schema of the input."""
    target: Mapping[str, str]
    """`schema`, or `connector` and `entity`."""
    schema: Document
    """JSON Schema of what the target takes."""
    sample: Document


def draft(new: Draft) -> str:
    """The mapping: a field for each property that some path of the sample looks like, a comment for each other."""
    paths = list(_paths(new.sample, ""))
    required = set(new.schema.get("required", ()))
    lines = [
        f"# yaml-language-server: $schema={'../' * (new.name.count('/') + 1)}schemas/mapping.schema.json",
        "apiVersion: trivet/v1",
        "kind: Mapping",
        f"metadata: {{name: {new.name}, version: 1}}",
        f"source: {{schema: {new.source}}}",
        f"target: {{{', '.join(f'{key}: {value}' for key, value in new.target.items())}}}",
        "fields:",
    ]
    for name, prop in new.schema.get("properties", {}).items():
        if prop.get("readOnly"):
            continue
        path = _nearest(name, prop, paths)
        rest = {"from": path or "…"} | _demands(name, prop, required)
        said = ", ".join(f"{key}: {_text(value)}" for key, value in rest.items())
        unmatched = "" if path else "# nothing in the sample looks like it: "
        lines.append(f"  {unmatched}{name}: {{{said}}}")
    return "\n".join(lines) + "\n"


def draft_test(new: Draft, made: Document | None, problems: list[tuple[str, str]]) -> str:
    """The test: the sample as the base, and what the draft makes of it now."""
    lines = [
        f"# yaml-language-server: $schema={'../' * (new.name.count('/') + 1)}schemas/mapping_test.schema.json",
        "apiVersion: trivet/v1",
        "kind: MappingTest",
        f"base: {json.dumps(new.sample, ensure_ascii=False)}",
        "tests:",
        "  - name: the sample becomes this",
    ]
    if made is not None:
        lines.append(f"    expect_exact: {json.dumps(made, ensure_ascii=False)}")
    else:
        said = [{"code": code, "field": field} for code, field in problems]
        lines.append(f"    expect_problems: {json.dumps(said, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _demands(name: str, prop: Mapping[str, Any], required: set[str]) -> dict[str, Any]:
    demands: dict[str, Any] = {}
    if name in required:
        demands["required"] = True
    kind = prop.get("type")
    if isinstance(kind, str) and kind != "string":
        demands["type"] = kind
    if "maxLength" in prop:
        demands["max_length"] = prop["maxLength"]
    if prop.get("pii"):
        demands["pii"] = True
    return demands


def _paths(value: Any, above: str) -> Iterator[tuple[str, Any]]:
    """Every path to a single value, as JSONata."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        step = name if _PLAIN.fullmatch(name) else f"`{name}`"
        path = f"{above}.{step}" if above else step
        if isinstance(inner, dict):
            yield from _paths(inner, path)
        elif not isinstance(inner, list):
            yield path, inner


def _nearest(name: str, prop: Mapping[str, Any], paths: list[tuple[str, Any]]) -> str | None:
    best, found = ALIKE, None
    for path, value in paths:
        likeness = max(_alike(name, path.rpartition(".")[2]), _alike(name, path))
        if likeness > best and _fits(prop, value):
            best, found = likeness, path
    return found


def _alike(one: str, other: str) -> float:
    left, right = _words(one), _words(other)
    if left and left == right:
        return 1.0
    return SequenceMatcher(None, " ".join(left), " ".join(right)).ratio()


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(_PREFIX.sub("", name))]


def _fits(prop: Mapping[str, Any], value: Any) -> bool:
    wanted = prop.get("type")
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,), "number": (int, float), "integer": (int,), "boolean": (bool,),
    }  # fmt: skip
    if value is None or not isinstance(wanted, str) or wanted not in kinds:
        return True
    return isinstance(value, kinds[wanted]) and (wanted == "boolean" or not isinstance(value, bool))


def _text(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[\w.…]+", value):
        return value
    return json.dumps(value, ensure_ascii=False)
