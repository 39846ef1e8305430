"""Walks a schema along a path: what lies there, whether it always does, through how many lists the way leads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trivet.documents import Contracts

Schema = Mapping[str, Any]
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Place:
    """What a schema says of one path."""

    schema: Schema
    lists: int
    """How many lists the way leads through, the value itself included."""
    sure: bool = False
    """Whether every document has a value there."""

    @property
    def types(self) -> frozenset[str]:
        """The JSON types that may stand there; empty where the schema does not say."""
        said = self.schema.get("type")
        if said is None and "enum" in self.schema:
            said = ["string"] if all(isinstance(value, str) for value in self.schema["enum"]) else None
        return frozenset([said] if isinstance(said, str) else said or ())


def place(schema: Schema, path: Sequence[str], contracts: Contracts) -> Place | None:
    """What lies at the path; None where the schema does not know it."""
    lists, sure = 0, True
    schema = contracts.resolved(schema)
    for name in path:
        while isinstance(schema.get("items"), dict):
            # a list may be empty
            schema, lists, sure = contracts.resolved(schema["items"]), lists + 1, False
        below = schema.get("properties", {}).get(name)
        if not isinstance(below, dict):
            return None
        sure = sure and name in schema.get("required", ())
        schema = contracts.resolved(below)
    found = Place(schema, lists + (schema.get("type") == "array"), sure)
    return found if "null" not in found.types else Place(schema, found.lists)


def marked(tree: Any, schema: Schema, contracts: Contracts, above: str = "") -> Iterator[str]:
    """The paths of a tree of reads whose values the schema marks as personal."""
    schema = contracts.resolved(schema)
    if schema.get("pii") is True and tree:
        yield above
        return
    while isinstance(schema.get("items"), dict):
        schema = contracts.resolved(schema["items"])
    known = schema.get("properties", {})
    # of what is read as a whole the engine does not tell which part comes out: `$count(xs)` reads so too
    for name, below in tree.items() if isinstance(tree, dict) else ():
        if name in known:
            yield from marked(below, known[name], contracts, f"{above}.{name}" if above else name)


def marked_below(schema: Schema, contracts: Contracts, above: str, depth: int = 0) -> Iterator[str]:
    """The paths of everything personal that a value of this schema may hold."""
    schema = contracts.resolved(schema)
    if schema.get("pii") is True:
        yield above
        return
    if depth == _DEEPEST:
        return
    if isinstance(schema.get("items"), dict):
        yield from marked_below(schema["items"], contracts, above, depth + 1)
    for name, below in schema.get("properties", {}).items():
        if isinstance(below, dict):
            yield from marked_below(below, contracts, f"{above}.{name}", depth + 1)
