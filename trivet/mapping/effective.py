"""Prints a file as it counts: every layer laid over the others, each part with the file and line that says it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from trivet.mapping.files import Library
from trivet.mapping.layers import BY_NAME, Layered, escaped, load_layered

_WIDTH = 100


def effective_lines(library: Library, name: str) -> Iterator[str]:
    """YAML, with the origin behind each part; `ConfigError` where a layer is wrong."""
    made = load_layered(name, None, library.file, library.contracts)
    for part, value in made.data.items():
        if part == "extends":
            continue
        if part == "rules":
            yield "rules:"
            for i, rule in enumerate(value):
                yield from _rule(library, made, i, rule)
        elif part in BY_NAME:
            yield f"{part}:"
            yield from _named(library, made, f"/{part}", value, "  ")
        else:
            yield _line(library, made, f"/{part}", "", part, value)


def _rule(library: Library, made: Layered, i: int, rule: Mapping[str, Any]) -> Iterator[str]:
    lead = "  - "
    for part, value in rule.items():
        if part == "fields":
            yield f"{lead}fields:"
            yield from _named(library, made, f"/rules/{i}/fields", value, "      ")
        else:
            yield _line(library, made, f"/rules/{i}/{part}", lead, part, value)
        lead = "    "


def _named(
    library: Library, made: Layered, pointer: str, values: Mapping[str, Any], lead: str
) -> Iterator[str]:
    for name, value in values.items():
        yield _line(library, made, f"{pointer}/{escaped(name)}", lead, name, value)


def _line(library: Library, made: Layered, pointer: str, lead: str, name: str, value: Any) -> str:
    loaded, there = made.origin(pointer)
    shown = str(loaded.file).removeprefix(f"{library.home}/")
    # flow style: JSON is YAML
    said = f"{lead}{_key(name)}: {json.dumps(value, ensure_ascii=False)}"
    return f"{said.ljust(_WIDTH)}  # {shown}:{loaded.key_position(there).line}"


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and not name[0].isdigit() else json.dumps(name)
